import { useEffect, useState } from "react";

import { useShell } from "../shell";
import type { LogLine } from "../shell-types";

const INTERVAL_MS = 1_000;
/** As many as the shell keeps. */
const LINES_MAX = 2_000;

/** The server's log, which goes on while it is followed. Only what is new is asked for. */
export function useLog(isFollowed: boolean): readonly LogLine[] {
  const shell = useShell();
  const [lines, setLines] = useState<readonly LogLine[]>([]);
  const next = (lines.at(-1)?.number ?? -1) + 1;
  useEffect(() => {
    if (!isFollowed) return undefined;
    let isOver = false;
    const ask = async () => {
      // A log that cannot be had is asked for again a moment later; the page says elsewhere how the server is.
      const more = await shell.listLocalLog(next).catch(() => []);
      if (isOver) return;
      if (more.length > 0) setLines((before) => [...before, ...more].slice(-LINES_MAX));
      else timer = setTimeout(ask, INTERVAL_MS);
    };
    let timer = setTimeout(ask, next === 0 ? 0 : INTERVAL_MS);
    return () => {
      isOver = true;
      clearTimeout(timer);
    };
  }, [shell, isFollowed, next]);
  return lines;
}
