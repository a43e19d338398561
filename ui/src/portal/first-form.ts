import { useLayoutEffect, useRef } from "react";

export type FirstForm = { login: string; password: string; focused: "login" | "password" | null };

const EMPTY: FirstForm = { login: "", password: "", focused: null };
let taken = EMPTY;

/**
 * Takes what was typed into the form that the page shows before its script is there. To be called before the first
 * render, which puts the real form in its place.
 */
export function takeFirstForm() {
  const read = (id: string) => document.querySelector<HTMLInputElement>(`#${id}`)?.value ?? "";
  const focused = document.activeElement?.id;
  taken = {
    login: read("first-login"),
    password: read("first-password"),
    focused: focused === "first-login" ? "login" : focused === "first-password" ? "password" : null,
  };
}

/** What was typed. */
export function firstForm(): FirstForm {
  return taken;
}

/** Puts the focus and the caret where they were, and forgets what was typed: nobody keeps a password. */
export function useFirstFormFocus({ focused }: FirstForm) {
  const form = useRef<HTMLFormElement>(null);
  useLayoutEffect(() => {
    taken = EMPTY;
    if (focused === null) return;
    const input = form.current?.querySelector<HTMLInputElement>(`input[name=${focused}]`);
    input?.focus();
    input?.setSelectionRange(input.value.length, input.value.length);
  }, [focused]);
  return form;
}
