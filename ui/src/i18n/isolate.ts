const RIGHT_TO_LEFT = /[\u0590-\u08ff\u200e\u200f\u202a-\u202e\u2066-\u2069\ufb1d-\ufdff\ufe70-\ufefe]/;
const ISOLATES = /[\u2066-\u2069]/g;
const FIRST_STRONG = "\u2068";
const POP = "\u2069";

/** Keeps what people have named from turning the words around it: a name has its own direction, and keeps it to itself. */
export function isolate(text: string): string {
  return RIGHT_TO_LEFT.test(text) ? `${FIRST_STRONG}${text.replace(ISOLATES, "")}${POP}` : text;
}
