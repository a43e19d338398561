import type { PriceCreate } from "@/api/schema";

/** Under which everything is kept that was fetched about models. */
export const MODELS = ["models"] as const;

/** What a price may name, in the order in which people look for it. */
export const RATES = [
  "input_per_million", "output_per_million", "reasoning_per_million", "cache_read_per_million", "cache_write_5m_per_million", "cache_write_30m_per_million",
  "cache_write_1h_per_million", "cache_write_12h_per_million", "audio_input_per_million", "audio_output_per_million", "image_input_per_million",
  "image_output_per_million", "per_request",
] as const satisfies (keyof PriceCreate)[];

export type RateName = (typeof RATES)[number];

export const MAIN_RATES: readonly RateName[] = ["input_per_million", "output_per_million", "cache_read_per_million", "per_request"];

export type RateUnit = "million" | "thousand";

const SHIFT = 3;

/** A rate for a million tokens as one for a thousand, or back, to its last digit. What is no amount stays as it is. */
export function convertRate(text: string, to: RateUnit): string {
  if (!isAmount(text)) return text;
  const [whole = "0", part = ""] = text.trim().split(".");
  const [digits, places] = to === "thousand" ? [`${"0".repeat(SHIFT)}${whole}${part}`, part.length + SHIFT] : [`${whole}${part.padEnd(SHIFT, "0")}`, Math.max(part.length, SHIFT) - SHIFT];
  const end = digits.length - places;
  const left = digits.slice(0, end).replace(/^0+(?=\d)/, "");
  const right = digits.slice(end).replace(/0+$/, "");
  return right === "" ? left : `${left}.${right}`;
}

/** The field that carries a rate; a price for each call knows no unit. */
export function fieldOf(rate: RateName, unit: RateUnit): string {
  return unit === "thousand" ? rate.replace("_per_million", "_per_thousand") : rate;
}

/** An amount of money as it is sent: digits, and a point where there is one. */
export const isAmount = (text: string) => /^\d{1,12}(\.\d{1,12})?$/.test(text.trim());
