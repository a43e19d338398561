import { useLayoutEffect, useRef, type MouseEvent, type SyntheticEvent } from "react";

type ModalProps = { onClose: () => void; dismissable: boolean };

/**
 * What every modal dialog does on the platform's own element: it opens over the page, hears Escape and presses on the
 * backdrop, and gives the focus back where it came from.
 */
export function useModal({ onClose, dismissable }: ModalProps) {
  const ref = useRef<HTMLDialogElement>(null);
  const pressedOnBackdrop = useRef(false);

  useLayoutEffect(() => {
    const dialog = ref.current;
    const before = openerOf(document.activeElement);
    dialog?.showModal();
    if (dialog !== null) focusFirst(dialog);
    return () => {
      dialog?.close();
      if (before instanceof HTMLElement && before.isConnected) before.focus();
      // What opened it is gone, as a row that was deleted: whoever uses the keyboard goes on within the page.
      else document.querySelector<HTMLElement>("main[tabindex]")?.focus({ preventScroll: true });
    };
  }, []);

  return {
    ref,
    onCancel: (event: SyntheticEvent) => {
      event.preventDefault();
      if (dismissable) onClose();
    },
    // A press that begins inside and ends outside is a slip while selecting text, not a wish to leave.
    onMouseDown: (event: MouseEvent) => {
      pressedOnBackdrop.current = event.target === event.currentTarget;
    },
    onClick: (event: MouseEvent) => {
      if (dismissable && pressedOnBackdrop.current && event.target === event.currentTarget) onClose();
    },
  };
}

/** What the focus goes back to. A menu is gone when the dialog closes that was opened out of it; its button is there. */
function openerOf(focused: Element | null): Element | null {
  const menu = focused?.closest("[role=menu]");
  return menu ? document.getElementById(menu.getAttribute("aria-labelledby") ?? "") : focused;
}

/**
 * Puts the focus where the reader will act: on the first control to fill in, else on the first button below. Where it
 * would bring up a keyboard on the screen it stays on the dialog itself, so that nothing is covered.
 */
function focusFirst(dialog: HTMLDialogElement) {
  const control = dialog.querySelector<HTMLElement>("[data-dialog-body] :is(input:not([hidden]), select, textarea)");
  const button = dialog.querySelector<HTMLElement>("[data-dialog-footer] button");
  const isTouched = matchMedia("(pointer: coarse)").matches;
  (isTouched ? dialog : (control ?? button ?? dialog)).focus();
}
