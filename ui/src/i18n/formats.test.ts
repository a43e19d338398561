import { describe, expect, it } from "vitest";

import { createFormats } from "./formats";

describe("money", () => {
  it("shows cents, and every digit where there is less than a cent", () => {
    const { money } = createFormats("en");
    expect(money("1250.5", "USD")).toBe("$1,250.50");
    expect(money("0.000000021", "USD")).toBe("$0.000000021");
    expect(money("-3", "USD")).toBe("-$3.00");
  });

  it("keeps digits that a float would lose", () => {
    expect(createFormats("zh-CN").money("9007199254.740993123", "USD")).toBe("$9,007,199,254.740993123");
  });
});

it("says the year of a moment where it is another one", () => {
  const now = Date.parse("2026-11-21T12:00:00Z");
  expect(createFormats("en").moment("2026-11-20T12:00:00Z", now)).not.toContain("2026");
  expect(createFormats("zh-CN").moment("2025-11-20T12:00:00Z", now)).toContain("2025");
});

it("is told in about three digits at the side of a chart, however small or large it is", () => {
  const { aboutMoney } = createFormats("en");
  expect([0, 0.00004, 0.0125, 2.5, 1_250, 3_000_000].map((amount) => aboutMoney(amount, "USD"))).toEqual(["$0", "$0.00004", "$0.0125", "$2.5", "$1.25K", "$3M"]);
});

it("times are told in the largest unit that fits", () => {
  const now = Date.parse("2026-11-21T04:00:00Z");
  expect(createFormats("en").relative("2026-11-21T01:00:00Z", now)).toBe("3 hours ago");
  expect(createFormats("zh-CN").relative("2026-11-20T04:00:00Z", now)).toBe("昨天");
  expect(createFormats("en").relative("2026-11-28T04:00:00Z", now)).toBe("in 7 days");
});
