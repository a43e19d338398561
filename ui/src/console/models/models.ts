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

/** An amount of money as it is sent: digits, and a point where there is one. */
export const isAmount = (text: string) => /^\d{1,12}(\.\d{1,12})?$/.test(text.trim());
