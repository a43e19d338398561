import type { QueryClient } from "@tanstack/react-query";

/** Where the palette has gone before. It holds addresses within the console and what they are called, nothing else. */
export type Recent = { to: string; label: string };

const KEPT_MAX = 5;

/**
 * They are kept for as long as the page is open, names of people not being for the browser's storage, and go with what
 * was fetched: the people of one site are not offered at another.
 */
const kept = new WeakMap<QueryClient, readonly Recent[]>();

export function readRecents(queries: QueryClient): readonly Recent[] {
  return kept.get(queries) ?? [];
}

export function rememberRecent(queries: QueryClient, recent: Recent) {
  kept.set(queries, [recent, ...readRecents(queries).filter(({ to }) => to !== recent.to)].slice(0, KEPT_MAX));
}
