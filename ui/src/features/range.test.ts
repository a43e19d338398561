import { describe, expect, it } from "vitest";

import { readRangeSearch, resolveRange } from "./range";

const NOW = new Date(2026, 10, 21, 15, 42, 30).getTime();
const at = (...parts: [number, number, number, number?, number?]) => new Date(...parts).toISOString();

describe("a span of time", () => {
  it("begins at the reader's midnight and has no end where it reaches to now", () => {
    expect(resolveRange({}, "30d", NOW)).toMatchObject({ from: "2026-10-23", until: "2026-11-21", bounds: { start_date: at(2026, 9, 23) } });
    expect(resolveRange({ range: "7d" }, "30d", NOW).bounds).toEqual({ start_date: at(2026, 10, 15) });
    expect(resolveRange({ range: "month" }, "30d", NOW).bounds).toEqual({ start_date: at(2026, 10, 1) });
  });

  it("of hours begins at a whole hour or minute, so that the same question is asked again", () => {
    expect(resolveRange({ range: "24h" }, "30d", NOW).bounds).toEqual({ start_date: at(2026, 10, 20, 15) });
    expect(resolveRange({ range: "1h" }, "30d", NOW).bounds).toEqual({ start_date: at(2026, 10, 21, 14, 42) });
  });

  it("from a day to a day includes the last one whole", () => {
    expect(resolveRange({ from: "2026-02-27", until: "2026-02-28" }, "7d", NOW)).toMatchObject({
      value: { from: "2026-02-27", until: "2026-02-28" },
      bounds: { start_date: at(2026, 1, 27), end_date: at(2026, 2, 1) },
    });
  });

  it("is not read from what is no day", () => {
    expect(readRangeSearch({ from: "2026-13-41", until: "now", range: "90d" })).toEqual({ range: undefined, from: undefined, until: undefined });
  });
});
