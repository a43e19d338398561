import { useCallback, useEffect } from "react";

import { useToast } from "@/kit/toast";

import { toShellFailure, useShell } from "./shell";
import { useShellWords } from "./shell-alert";

/** Gives the function that opens a page in the browser, and says so where the shell refuses. */
export function useOpenWebLink(): (url: string) => void {
  const shell = useShell();
  const toast = useToast();
  const say = useShellWords();
  return useCallback((url) => void shell.openWebLink(url).catch((thrown: unknown) => toast({ tone: "danger", text: say(toShellFailure(thrown)) })), [shell, toast, say]);
}

/** Links out of the panel are opened by the shell: the window itself goes nowhere. */
export function useWebLinks() {
  const open = useOpenWebLink();
  useEffect(() => {
    const follow = (event: MouseEvent) => {
      const link = event.target instanceof Element ? event.target.closest<HTMLAnchorElement>("a[href]") : null;
      if (link === null || (link.origin === location.origin && link.target !== "_blank")) return;
      event.preventDefault();
      open(link.href);
    };
    document.addEventListener("click", follow);
    document.addEventListener("auxclick", follow);
    return () => {
      document.removeEventListener("click", follow);
      document.removeEventListener("auxclick", follow);
    };
  }, [open]);
}
