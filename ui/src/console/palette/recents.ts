/** Where the palette has gone before. It holds addresses within the console and what they are called, nothing else. */
export type Recent = { to: string; label: string };

const KEPT_MAX = 5;
let kept: Recent[] = [];

/** They are kept for as long as the page is open: names of people do not stay in the browser's storage. */
export function readRecents(): Recent[] {
  return kept;
}

export function rememberRecent(recent: Recent) {
  kept = [recent, ...kept.filter(({ to }) => to !== recent.to)].slice(0, KEPT_MAX);
}
