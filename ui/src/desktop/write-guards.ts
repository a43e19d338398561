import type { Fetch } from "@/api/client";
import { ApiProblem } from "@/api/problem";

import type { Shell } from "./shell";

type Guards = {
  /** Until when changes are open, in unix milliseconds, by connection's id. The shell is who decides; this is for showing it. */
  openUntil: Readonly<Record<string, number>>;
  /** The connection whose changes the reader is asked to unlock. */
  asking: string | null;
};

/** What stands before changes at sites, and how the reader opens it. */
export type WriteGuards = ReturnType<typeof createWriteGuards>;

export function createWriteGuards(shell: Shell) {
  let guards: Guards = { openUntil: {}, asking: null };
  const hearers = new Set<() => void>();
  let waiting: ((isOpen: boolean) => void)[] = [];
  const change = (part: Partial<Guards>) => {
    guards = { ...guards, ...part };
    hearers.forEach((hear) => hear());
  };
  const settle = (isOpen: boolean) => {
    const settled = waiting;
    waiting = [];
    change({ asking: null });
    settled.forEach((resolve) => resolve(isOpen));
  };
  return {
    current: () => guards,
    subscribe: (hear: () => void) => {
      hearers.add(hear);
      return () => void hearers.delete(hear);
    },
    /** Asks the reader to unlock changes. Gives whether they did. */
    ask: (connection: string) =>
      new Promise<boolean>((resolve) => {
        // Two sites are not asked about at once: whoever asked before is told that they turned away.
        if (guards.asking !== null && guards.asking !== connection) settle(false);
        waiting.push(resolve);
        change({ asking: connection });
      }),
    turnAway: () => settle(false),
    /** Unlocks changes with the name that was typed. */
    unlock: async (connection: string, typed: string) => {
      const seconds = await shell.openWrites(connection, typed);
      change({ openUntil: { ...guards.openUntil, [connection]: Date.now() + seconds * 1_000 } });
      settle(true);
    },
    lock: async (connection: string) => {
      await shell.lockWrites(connection);
      const { [connection]: _, ...openUntil } = guards.openUntil;
      change({ openUntil });
    },
  };
}

/** Calls that are refused because changes are locked wait for the reader to unlock them, and go out once more. */
export function behindGuard(fetch: Fetch, askToUnlock: () => Promise<boolean>): Fetch {
  return async (request) => {
    const again = request.clone();
    try {
      return await fetch(request);
    } catch (thrown) {
      if (!(thrown instanceof ApiProblem) || thrown.code !== "writes_locked") throw thrown;
      if (!(await askToUnlock())) throw new ApiProblem("withheld", "Changes stay locked.");
      return fetch(again);
    }
  };
}
