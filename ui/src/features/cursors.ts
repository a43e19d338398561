import { useState } from "react";

/** Which page of a list is shown, where the address does not say so. Only the way forward is known to the server. */
export function useCursors() {
  const [cursors, setCursors] = useState<string[]>([]);
  return {
    cursor: cursors.at(-1),
    page: cursors.length + 1,
    previous: cursors.length === 0 ? undefined : () => setCursors(cursors.slice(0, -1)),
    next: (cursor: string | null | undefined) => (cursor ? () => setCursors([...cursors, cursor]) : undefined),
  };
}
