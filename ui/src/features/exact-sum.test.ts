import { expect, it } from "vitest";

import { compareAmounts, sumAmounts } from "./exact-sum";

it("amounts are added to their last digit", () => {
  expect(sumAmounts(["0.1", "0.2", "0.000000001"])).toBe("0.300000001");
  expect(sumAmounts(["9007199254740993.000000001", "-0.5"])).toBe("9007199254740992.500000001");
  expect(sumAmounts([])).toBe("0.000000000");
});

it("amounts are compared by what they are worth", () => {
  expect(compareAmounts("9.99", "10")).toBe(-1);
  expect(compareAmounts("1.50", "1.5")).toBe(0);
  expect(compareAmounts("0", "-0.000000001")).toBe(1);
});
