const typedInto = new Set<HTMLInputElement | HTMLTextAreaElement>();

/** Notes from now on which fields somebody types into. Gives the function that ends it. */
export function watchTyping(): () => void {
  const note = ({ target }: Event) => {
    if (isWritten(target)) typedInto.add(target);
  };
  document.addEventListener("input", note, true);
  return () => document.removeEventListener("input", note, true);
}

/**
 * Whether the page holds what would be lost with it: something typed, or a secret that is shown this once. What is on its
 * way already, as within `data-sending`, is not lost with the page.
 */
export function holdsUnsaved(): boolean {
  for (const field of typedInto) if (!field.isConnected) typedInto.delete(field);
  return [...typedInto].some((field) => field.value.trim() !== "" && field.closest("[data-sending]") === null) || document.querySelector("dialog[open][data-kept]") !== null;
}

/** What is searched for is no loss, nor what is chosen. */
function isWritten(target: EventTarget | null): target is HTMLInputElement | HTMLTextAreaElement {
  if (target instanceof HTMLTextAreaElement) return true;
  return target instanceof HTMLInputElement && !["checkbox", "radio", "search", "range"].includes(target.type);
}
