import { useSearch } from "@tanstack/react-router";
import { useMemo, useState } from "react";

import type { DateRangeValue } from "@/kit/date-range";

import { useFilter } from "./keyset";
import { oneOf, text } from "./plain-search";

export const PRESETS = ["1h", "24h", "7d", "30d", "month"] as const;
export type Preset = (typeof PRESETS)[number];

/** The part of an address that says which span of time a page shows. */
export type RangeSearch = { range?: Preset; from?: string; until?: string };

const DAY = /^\d{4}-\d{2}-\d{2}$/;
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** Reads the span out of an address; what is no span is left out. */
export function readRangeSearch(search: Record<string, unknown>): RangeSearch {
  const day = (value: unknown) => (typeof value === "string" && DAY.test(value) && !Number.isNaN(Date.parse(value)) ? value : undefined);
  return { range: oneOf(PRESETS, text(search.range)), from: day(search.from), until: day(search.until) };
}

/** A span of time as the server takes it. The end is left open where it is now. */
export type RangeBounds = { start_date: string; end_date?: string };

/** The days and bounds of a span, in the reader's zone. Bounds go out as times, so that no other zone can move them. */
export function resolveRange(search: RangeSearch, usual: Preset, now: number): { value: DateRangeValue<Preset>; from: string; until: string; bounds: RangeBounds; hours: number } {
  const today = midnight(now);
  if (search.from !== undefined && search.until !== undefined) {
    const start = startOf(search.from);
    const end = addDays(startOf(search.until), 1);
    return {
      value: { from: search.from, until: search.until },
      from: search.from,
      until: search.until,
      bounds: { start_date: start.toISOString(), end_date: end.toISOString() },
      hours: (end.getTime() - start.getTime()) / HOUR_MS,
    };
  }
  const preset = search.range ?? usual;
  const start = startOfPreset(preset, now, today);
  return {
    value: { preset },
    from: dayOf(start),
    until: dayOf(new Date(now)),
    bounds: { start_date: start.toISOString() },
    hours: (now - start.getTime()) / HOUR_MS,
  };
}

function startOfPreset(preset: Preset, now: number, today: Date): Date {
  switch (preset) {
    case "1h":
      return new Date(Math.floor((now - HOUR_MS) / MINUTE_MS) * MINUTE_MS);
    case "24h":
      return new Date(Math.floor((now - 24 * HOUR_MS) / HOUR_MS) * HOUR_MS);
    case "7d":
      return addDays(today, -6);
    case "30d":
      return addDays(today, -29);
    case "month":
      return new Date(today.getFullYear(), today.getMonth(), 1);
  }
}

/** The span that the address names, or the usual one, and how to change it. */
export function useRange(usual: Preset) {
  const search = useSearch({ strict: false }) as RangeSearch;
  const filter = useFilter();
  const [now] = useState(() => Date.now());
  const { range, from, until } = search;
  const resolved = useMemo(() => resolveRange({ range, from, until }, usual, now), [range, from, until, usual, now]);
  return {
    ...resolved,
    today: dayOf(new Date(now)),
    isUsual: range === undefined && from === undefined,
    change: (value: DateRangeValue<Preset>) =>
      filter("preset" in value ? { range: value.preset === usual ? undefined : value.preset, from: undefined, until: undefined } : { range: undefined, ...value }),
  };
}

/** The reader's zone, by its name and by how far it is from UTC now. */
export function localZone(language: string): { name: string; shown: string } {
  const name = Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";
  const offset = new Intl.DateTimeFormat(language, { timeZoneName: "shortOffset" }).formatToParts(new Date()).find(({ type }) => type === "timeZoneName")?.value;
  return { name, shown: offset === undefined || offset === name ? name : `${name} (${offset})` };
}

function midnight(time: number): Date {
  const date = new Date(time);
  return new Date(date.getFullYear(), date.getMonth(), date.getDate());
}

function startOf(day: string): Date {
  const [year = 0, month = 1, date = 1] = day.split("-").map(Number);
  return new Date(year, month - 1, date);
}

function addDays(date: Date, days: number): Date {
  return new Date(date.getFullYear(), date.getMonth(), date.getDate() + days);
}

function dayOf(date: Date): string {
  const two = (number: number) => String(number).padStart(2, "0");
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}
