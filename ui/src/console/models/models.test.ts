import { expect, it } from "vitest";

import { convertRate, fieldOf } from "./models";

it("a rate keeps every digit from a million tokens to a thousand and back", () => {
  const pairs = [["1.25", "0.00125"], ["0", "0"], ["1000", "1"], ["2500.5", "2.5005"], ["0.000001", "0.000000001"]] as const;
  for (const [million, thousand] of pairs) {
    expect(convertRate(million, "thousand")).toBe(thousand);
    expect(convertRate(thousand, "million")).toBe(million);
  }
  expect(convertRate("about 3", "thousand")).toBe("about 3");
});

it("a rate for a thousand goes out under its own name, a price for each call under the same", () => {
  expect(fieldOf("input_per_million", "thousand")).toBe("input_per_thousand");
  expect(fieldOf("per_request", "thousand")).toBe("per_request");
});
