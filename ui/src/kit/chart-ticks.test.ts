import { expect, test } from "vitest";

import { chooseTicks } from "./chart-ticks";

test("a chart counts in steps of one, two, two and a half or five", () => {
  expect(chooseTicks(0.38)).toEqual([0, 0.1, 0.2, 0.3, 0.4]);
  expect(chooseTicks(0.77)).toEqual([0, 0.2, 0.4, 0.6, 0.8]);
  expect(chooseTicks(7)).toEqual([0, 2, 4, 6, 8]);
  expect(chooseTicks(652_000)).toEqual([0, 200_000, 400_000, 600_000, 800_000]);
  expect(chooseTicks(100)).toEqual([0, 25, 50, 75, 100]);
  expect(chooseTicks(0.000_000_9)).toEqual([0, 0.000_000_25, 0.000_000_5, 0.000_000_75, 0.000_001]);
});

test("a chart of nothing has a side all the same", () => {
  expect(chooseTicks(0)).toEqual([0, 1]);
  expect(chooseTicks(Number.NaN)).toEqual([0, 1]);
});
