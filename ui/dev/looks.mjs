// What eyes miss on a page. Each of these runs inside of it, and gives what is wrong in words; none is what is wanted.

/** How far the page runs over its edge, in words. */
export function findOverflow() {
  const { scrollWidth, clientWidth } = document.documentElement;
  return scrollWidth > clientWidth ? [`runs ${scrollWidth - clientWidth} px over the edge`] : [];
}

/** Tables that have more columns than they have room for; on a wide screen none should. */
export function findHiddenColumns() {
  return [...document.querySelectorAll(".table-room")]
    .filter(({ scrollWidth, clientWidth }) => scrollWidth > clientWidth)
    .map((table) => `hides ${table.scrollWidth - table.clientWidth} px of “${table.querySelector("caption").textContent}”`);
}

/** Words that do not fit where they stand, though nothing says that they may be cut. */
export function findCutTexts() {
  return [...document.querySelectorAll("button, a, label, h1, h2, p, th, dt, dd, li, span")]
    .filter((element) => element.checkVisibility() && element.closest(".truncate, .sr-only, pre, [role=listbox], [aria-hidden=true]") === null && element.clientWidth > 1)
    .filter((element) => element.scrollWidth > element.clientWidth + 1 && !/auto|scroll/.test(getComputedStyle(element).overflowX))
    .map((element) => `cuts off: ${element.tagName.toLowerCase()} “${element.textContent.trim().slice(0, 40)}”`)
    .slice(0, 3);
}

/** Names of texts where the texts should stand. */
export function findRawKeys() {
  const found = /\b(?:[a-z]+[A-Za-z]*\.){1,3}[a-z]+[A-Z]\w*\b|\{\{\w+\}\}/.exec(document.body.innerText)?.[0];
  return found === undefined ? [] : [`shows a raw key: ${found}`];
}

/** Controls that a finger or a shaky hand misses: below 24 px each way, with the label that is pressed in their place. */
export function findSmallTargets() {
  const isShown = (element) => element.checkVisibility({ opacityProperty: true, visibilityProperty: true }) && element.closest(".sr-only, [inert]") === null;
  const isSmall = ({ width, height }) => width > 1 && height > 1 && (width < 23.5 || height < 23.5);
  return [...document.querySelectorAll("a[href], button, input:not([type=hidden]), select, textarea, summary, [role=button], [role=tab], [role=menuitem], [role=option]")]
    .filter((element) => isShown(element) && [element, ...(element.labels ?? [])].every((pressed) => isSmall(pressed.getBoundingClientRect())))
    .map((element) => {
      const { width, height } = element.getBoundingClientRect();
      return `is ${Math.round(width)} × ${Math.round(height)} px: ${element.tagName.toLowerCase()} “${(element.getAttribute("aria-label") ?? element.textContent).trim().slice(0, 40)}”`;
    });
}
