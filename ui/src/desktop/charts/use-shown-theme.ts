import { useSyncExternalStore } from "react";

import type { ChartTheme } from "../shell-types";

/** The theme that is shown now, whoever chose it. */
export function useShownTheme(): ChartTheme {
  return useSyncExternalStore(watch, read);
}

function watch(hear: () => void): () => void {
  const observer = new MutationObserver(hear);
  observer.observe(document.documentElement, { attributeFilter: ["class"] });
  return () => observer.disconnect();
}

function read(): ChartTheme {
  return document.documentElement.classList.contains("dark") ? "dark" : "light";
}
