import { createContext, useContext } from "react";

/** Puts a text onto the clipboard. A secret may be taken from it again after a while. */
export type WriteClipboard = (text: string, isSecret: boolean) => Promise<void>;

const Context = createContext<WriteClipboard>((text) => navigator.clipboard.writeText(text));

/** How texts are copied: the browser's own way, unless another is given. */
export const ClipboardProvider = Context.Provider;

export function useClipboard(): WriteClipboard {
  return useContext(Context);
}
