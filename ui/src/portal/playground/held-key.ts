import { useSyncExternalStore } from "react";

/** A key that the playground may call with. `madeId` is there where it was made for the playground alone. */
export type HeldKey = { userId: string; secret: string; madeId?: string };

// In memory and nowhere else: a reload forgets it.
let held: HeldKey | null = null;
const listeners = new Set<() => void>();

export function holdKey(key: HeldKey | null) {
  held = key;
  for (const tell of listeners) tell();
}

/** The key that is held for a person. Somebody else who signs in on the same page does not get it. */
export function useHeldKey(userId: string | undefined): HeldKey | null {
  const key = useSyncExternalStore(listen, () => held);
  return key !== null && key.userId === userId ? key : null;
}

/** Enough of a secret to know it by, as the list of keys has it. */
export function previewOf(secret: string): string {
  const dash = secret.lastIndexOf("-");
  return `${secret.slice(0, dash + 5)}…${secret.slice(-4)}`;
}

function listen(tell: () => void) {
  listeners.add(tell);
  return () => {
    listeners.delete(tell);
  };
}
