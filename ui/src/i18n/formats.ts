import { useMemo } from "react";
import { useTranslation } from "react-i18next";

/** Writes times, numbers and money as the reader's language does. */
export function createFormats(language: string) {
  const dateTime = new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "short" });
  const dateTimeExact = new Intl.DateTimeFormat(language, { dateStyle: "full", timeStyle: "long" });
  const dateTimeSeconds = new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "medium" });
  const ofThisYear = new Intl.DateTimeFormat(language, { month: "short", day: "numeric", hour: "numeric", minute: "2-digit", second: "2-digit" });
  const date = new Intl.DateTimeFormat(language, { dateStyle: "medium" });
  const number = new Intl.NumberFormat(language);
  const compactMoney = (currency: string) =>
    new Intl.NumberFormat(language, { style: "currency", currency, currencyDisplay: "narrowSymbol", notation: "compact", maximumSignificantDigits: 3 });
  const relative = new Intl.RelativeTimeFormat(language, { numeric: "auto" });
  return {
    dateTime: (time: string) => dateTime.format(new Date(time)),
    dateTimeExact: (time: string) => dateTimeExact.format(new Date(time)),
    dateTimeSeconds: (time: string) => dateTimeSeconds.format(new Date(time)),
    /** To the second, for a column of times: the year is said where it is another than that of `now`. */
    moment: (time: string, now = Date.now()) =>
      (new Date(time).getFullYear() === new Date(now).getFullYear() ? ofThisYear : dateTimeSeconds).format(new Date(time)),
    date: (time: string) => date.format(new Date(time)),
    /** A count. As a text it is exact however large it is. */
    number: (value: number | string) => number.format(value as number),
    /** How long ago or until, in the largest unit that fits. */
    relative: (time: string, now: number) => {
      const seconds = Math.round((Date.parse(time) - now) / 1_000);
      for (const [unit, size] of UNITS) {
        if (Math.abs(seconds) >= size) return relative.format(Math.trunc(seconds / size), unit);
      }
      return relative.format(0, "second");
    },
    /** An amount, to the cent and, where there is more, to its last digit. It is never a float. */
    money: (amount: string, currency: string) => formatMoney(language, amount, currency),
    /** About how much, for the side of a chart: three digits, however small or large it is. */
    aboutMoney: (amount: number, currency: string) => compactMoney(currency).format(amount),
  };
}

const UNITS: [Intl.RelativeTimeFormatUnit, number][] = [
  ["year", 31_536_000],
  ["month", 2_592_000],
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
];

function formatMoney(language: string, amount: string, currency: string): string {
  const decimals = amount.split(".")[1]?.replace(/0+$/, "").length ?? 0;
  const digits = Math.min(Math.max(decimals, 2), 9);
  const format = new Intl.NumberFormat(language, {
    style: "currency",
    currency,
    currencyDisplay: "narrowSymbol",
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
  // Strings are formatted exactly by engines of our floor; the type does not know it yet.
  return format.format(amount as unknown as number);
}

/** The formats of the language that is being read. */
export function useFormats() {
  const { i18n } = useTranslation();
  return useMemo(() => createFormats(i18n.language), [i18n.language]);
}
