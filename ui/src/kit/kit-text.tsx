import { createContext, useContext, type ReactNode } from "react";

/** The few words that components say by themselves. Whoever uses the kit gives them in the reader's language. */
export type KitText = {
  close: string;
  copy: string;
  copied: string;
  copyFailed: string;
  showPassword: string;
  hidePassword: string;
  previous: string;
  next: string;
  page: (number: number) => string;
  loading: string;
  savedIt: string;
  optional: string;
  dismiss: string;
};

const ENGLISH: KitText = {
  close: "Close",
  copy: "Copy",
  copied: "Copied",
  copyFailed: "Could not copy. Select the text and copy it by hand.",
  showPassword: "Show password",
  hidePassword: "Hide password",
  previous: "Previous",
  next: "Next",
  page: (number) => `Page ${number}`,
  loading: "Loading…",
  savedIt: "I have saved it",
  optional: "optional",
  dismiss: "Dismiss",
};

const Context = createContext<KitText>(ENGLISH);

export function KitTextProvider({ text, children }: { text: KitText; children: ReactNode }) {
  return <Context.Provider value={text}>{children}</Context.Provider>;
}

export function useKitText(): KitText {
  return useContext(Context);
}
