const NANO_DIGITS = 9;

/** Adds amounts that are decimal strings, without a float in between. */
export function sumAmounts(amounts: readonly string[]): string {
  return writeNanos(amounts.reduce((sum, amount) => sum + readNanos(amount), 0n));
}

/** Which of two amounts is less. */
export function compareAmounts(one: string, other: string): number {
  const difference = readNanos(one) - readNanos(other);
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}

function readNanos(amount: string): bigint {
  const [whole = "0", part = ""] = amount.replace("-", "").split(".");
  const nanos = BigInt(whole + part.slice(0, NANO_DIGITS).padEnd(NANO_DIGITS, "0"));
  return amount.startsWith("-") ? -nanos : nanos;
}

function writeNanos(nanos: bigint): string {
  const digits = (nanos < 0n ? -nanos : nanos).toString().padStart(NANO_DIGITS + 1, "0");
  return `${nanos < 0n ? "-" : ""}${digits.slice(0, -NANO_DIGITS)}.${digits.slice(-NANO_DIGITS)}`;
}
