import { useEffect, useEffectEvent } from "react";

/** How many connections have keys of their own: Ctrl 1 to Ctrl 9, on a Mac Command. */
export const SWITCHED_BY_DIGIT = 9;

const isApple = /Mac/.test(navigator.userAgent);

/** What the keys of a place in the list are called. */
export function digitKeys(at: number): string {
  return isApple ? `⌘ ${at + 1}` : `Ctrl ${at + 1}`;
}

/** Calls with the place in the list whose keys were pressed. A dialog has to be answered first. */
export function useDigitKeys(act: (at: number) => void) {
  const hear = useEffectEvent((event: KeyboardEvent) => {
    const isMeant = (isApple ? event.metaKey && !event.ctrlKey : event.ctrlKey && !event.metaKey) && !event.altKey && !event.shiftKey;
    // The key's place counts: with some layouts the digits of the upper row come with Shift.
    const digit = /^(?:Digit|Numpad)([1-9])$/.exec(event.code)?.[1];
    if (!isMeant || digit === undefined || document.querySelector("dialog[open]") !== null) return;
    event.preventDefault();
    act(Number(digit) - 1);
  });
  useEffect(() => {
    const listener = (event: KeyboardEvent) => hear(event);
    document.addEventListener("keydown", listener);
    return () => document.removeEventListener("keydown", listener);
  }, []);
}
