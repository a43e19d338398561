/** The shell takes nothing shorter. */
export const PASSPHRASE_LENGTH_MIN = 12;

export const STRENGTHS = ["weak", "fair", "strong"] as const;

const DISTINCT_MIN = 8;
const LENGTH_STRONG = 20;

/**
 * A hint at how hard a passphrase is to guess, by its length and how many different letters it has. It knows no lists
 * of common ones, so it praises late and refuses nothing: the shell does that.
 */
export function strengthOf(passphrase: string): (typeof STRENGTHS)[number] {
  const letters = [...passphrase];
  const distinct = new Set(letters).size;
  if (letters.length < PASSPHRASE_LENGTH_MIN || distinct < DISTINCT_MIN) return "weak";
  return letters.length < LENGTH_STRONG ? "fair" : "strong";
}
