/** How the lines of charts look: each has a colour and a pattern, so that neither is needed to tell them apart. */
const LOOKS = [
  { colour: "var(--ws-chart-1)", dash: "" },
  { colour: "var(--ws-chart-2)", dash: "7 3" },
  { colour: "var(--ws-chart-3)", dash: "2 3" },
  { colour: "var(--ws-chart-4)", dash: "9 3 2 3" },
  { colour: "var(--ws-chart-5)", dash: "4 4" },
] as const;
const REST = { colour: "var(--ws-chart-6)", dash: "1 4" } as const;

export type ChartLook = { readonly colour: string; readonly dash: string };

/** How many series a chart shows beside the sum of all others. */
export const CHART_SERIES_MAX = LOOKS.length;

/** What is left when the chart's lines are given out. */
export const restLook: ChartLook = REST;

/** The look at a place of a chart whose series have no names of their own. */
export function lookAt(place: number): ChartLook {
  return LOOKS[place] ?? REST;
}

/**
 * A look for each name. A name has the same one wherever it is drawn, as long as no other name of the same chart took
 * it first.
 */
export function looksOf(names: readonly string[]): Map<string, ChartLook> {
  const looks = new Map<string, ChartLook>();
  const taken = new Set<number>();
  for (const name of names) {
    const wished = hash(name) % LOOKS.length;
    const place = [...LOOKS.keys()].map((step) => (wished + step) % LOOKS.length).find((candidate) => !taken.has(candidate));
    if (place === undefined) looks.set(name, REST);
    else {
      taken.add(place);
      looks.set(name, lookAt(place));
    }
  }
  return looks;
}

function hash(text: string): number {
  let sum = 0;
  for (const character of text) sum = (Math.imul(sum, 31) + (character.codePointAt(0) ?? 0)) >>> 0;
  return sum;
}
