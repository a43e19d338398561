import { useEffect, useLayoutEffect, useRef } from "react";

export type FirstForm = { login: string; password: string; focused: "login" | "password" | null; isPressed: boolean };

const EMPTY: FirstForm = { login: "", password: "", focused: null, isPressed: false };
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
    isPressed: document.documentElement.hasAttribute("data-first-pressed"),
  };
  document.documentElement.removeAttribute("data-first-pressed");
}

/** What was typed. */
export function firstForm(): FirstForm {
  return taken;
}

/**
 * Goes on with what was begun in the first form: the focus and the caret where they were, and the form sent if it was.
 * What was typed is forgotten: nobody keeps a password.
 */
export function useFirstForm({ focused, isPressed }: FirstForm) {
  const form = useRef<HTMLFormElement>(null);
  const isSent = useRef(false);
  useLayoutEffect(() => {
    taken = EMPTY;
    if (focused === null) return;
    const input = form.current?.querySelector<HTMLInputElement>(`input[name=${focused}]`);
    input?.focus();
    input?.setSelectionRange(input.value.length, input.value.length);
  }, [focused]);
  useEffect(() => {
    if (!isPressed || isSent.current) return;
    isSent.current = true;
    form.current?.requestSubmit();
  }, [isPressed]);
  return form;
}
