/** A time span as people read it: `840ms`, `12.4s`, `2m 5s`. */
export function writeMilliseconds(ms: number, language: string): string {
  // The narrow form of a language may mix signs and words, as Chinese does with "ms" and "秒".
  const unitDisplay = language.startsWith("zh") ? "short" : "narrow";
  const unit = (value: number, name: string, digits = 0) =>
    new Intl.NumberFormat(language, { style: "unit", unit: name, unitDisplay, maximumFractionDigits: digits }).format(value);
  if (ms < 1_000) return unit(Math.round(ms), "millisecond");
  if (ms < 60_000) return unit(ms / 1_000, "second", 1);
  return `${unit(Math.floor(ms / 60_000), "minute")} ${unit(Math.round((ms % 60_000) / 1_000), "second")}`;
}
