import { useNavigate, useSearch } from "@tanstack/react-router";

const BETWEEN = "~";

/**
 * Which page of a list the address names. Only the way forward is known to the server, so the address keeps the cursors
 * of the pages before.
 */
export function useKeyset() {
  const { after } = useSearch({ strict: false }) as { after?: string };
  const navigate = useNavigate();
  const cursors = after === undefined ? [] : after.split(BETWEEN);
  const go = (to: string[]) => {
    const next = to.length === 0 ? undefined : to.join(BETWEEN);
    void navigate({ to: ".", search: (before: object) => ({ ...before, after: next }) });
  };
  return {
    cursor: cursors.at(-1),
    page: cursors.length + 1,
    previous: cursors.length === 0 ? undefined : () => go(cursors.slice(0, -1)),
    next: (cursor: string | null | undefined) => (cursor === null || cursor === undefined ? undefined : () => go([...cursors, cursor])),
  };
}

/** Changes the filters of a list; it begins at its first page again. */
export function useFilter() {
  const navigate = useNavigate();
  return (change: Record<string, string | undefined>) => {
    void navigate({ to: ".", replace: true, search: (before: object) => ({ ...before, ...change, after: undefined }) });
  };
}
