import { useEffect } from "react";

let shown = 0;

/** Notes for as long as it is shown that somebody is being asked about a pairing. */
export function useShownPairing() {
  useEffect(() => {
    shown += 1;
    return () => {
      shown -= 1;
    };
  }, []);
}

/** Whether somebody is being asked already: a proposal that comes now is shown there. */
export function isPairingShown(): boolean {
  return shown > 0;
}
