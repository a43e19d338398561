import { describe, expect, it } from "vitest";

import type { SeriesGroup, UsagePoint, UsageSeries, UsageSums } from "@/api/schema";

import { chartSteps, costSeries, tokenSeries } from "./chart-data";

const SUMS: UsageSums = { requests: 1, errors: 0, input_tokens: 10, cache_read_tokens: 0, cache_write_tokens: 0, output_tokens: 2, reasoning_tokens: 0, cost: "0.1", charged: "0.1" };
const STEPS = [
  { at: "2026-11-19T16:00:00.000Z", date: "2026-11-20" },
  { at: "2026-11-20T16:00:00.000Z", date: "2026-11-21" },
];
const WRITE = {
  language: "en", number: String, money: (amount: string) => `$${amount}`, nameOf: (group: string) => group, rest: "Others", input: "In", output: "Out", cost: "Cost",
};
const series = (group_by: SeriesGroup, points: UsagePoint[]): UsageSeries => ({
  from: "2026-11-19T16:00:00.000Z", until: "2026-11-21T16:00:00.000Z", time_zone: "Asia/Shanghai", by: "day", group_by, steps: STEPS, points, total: { ...SUMS, input_tokens: 20, output_tokens: 4, cost: "0.2" },
});
const point = (place: number, more: Partial<UsagePoint>): UsagePoint => ({ ...(STEPS[place] ?? { at: "", date: "" }), ...SUMS, ...more });

describe("a chart of usage", () => {
  it("names a day as it is called where it was counted", () => {
    expect(chartSteps(series("none", []), "en").map(({ full }) => full)).toEqual(["Nov 20, 2026", "Nov 21, 2026"]);
  });

  it("has a value for each step, also where nothing was used", () => {
    const [input, output] = tokenSeries(series("none", [point(1, {})]), WRITE);
    expect(input?.values.map(({ text }) => text)).toEqual(["0", "10"]);
    expect(output).toMatchObject({ name: "Out", total: "4" });
  });

  it("adds money exactly and draws the dearest groups, all others as one", () => {
    const points = ["a", "b", "c", "d", "e", "f", "g"].map((model, place) => point(1, { model, cost: `0.00000000${place + 1}` }));
    const lines = costSeries(series("model", points), WRITE);
    expect(lines.map(({ name }) => name)).toEqual(["g", "f", "e", "d", "c", "Others"]);
    expect(lines.at(-1)?.total).toBe("$0.000000003");
    expect(lines[0]?.values[1]?.text).toBe("$0.000000007");
  });
});
