// What eyes miss on a page. Each of these runs inside of it, and gives what is wrong in words; none is what is wanted.

/** How far the page runs over its edge, in words. */
export function findOverflow() {
  const { scrollWidth, clientWidth } = document.documentElement;
  return scrollWidth > clientWidth ? [`runs ${scrollWidth - clientWidth} px over the edge`] : [];
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

/**
 * Controls that a finger or a shaky hand misses: below 24 px, and not in a line of text (WCAG 2.5.8). What is put over
 * a control to be pressed in its place counts for it.
 */
export function findSmallTargets() {
  const isShown = (element) => element.checkVisibility({ opacityProperty: true, visibilityProperty: true }) && element.closest(".sr-only, [inert]") === null;
  const isInText = (element) => getComputedStyle(element).display === "inline" && element.parentElement.textContent.trim() !== element.textContent.trim();
  return [...document.querySelectorAll("a[href], button, input:not([type=hidden]), select, textarea, summary, [role=button], [role=tab], [role=menuitem], [role=option]")]
    .filter((element) => isShown(element) && !isInText(element))
    .map((element) => ({ element, target: element.matches("input[type=checkbox], input[type=radio]") ? (element.closest("label") ?? element) : element }))
    .map(({ element, target }) => ({ element, box: target.getBoundingClientRect() }))
    .filter(({ box }) => box.width > 1 && box.height > 1 && (box.width < 23.5 || box.height < 23.5))
    .map(({ element, box }) => `is ${Math.round(box.width)} × ${Math.round(box.height)} px: ${element.tagName.toLowerCase()} “${(element.getAttribute("aria-label") ?? element.textContent).trim().slice(0, 40)}”`)
    .slice(0, 5);
}
