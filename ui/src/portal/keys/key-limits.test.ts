import { expect, it } from "vitest";

import { budgetsOf, expiryOf, isAddress, readKey } from "./key-limits";

const KEY = {
  id: "key_1", name: "Laptop", preview: "sk-Ab12…wxyz", status: "active" as const, created_at: "2026-11-01T00:00:00.000Z", budgets: { day: "2.5" }, show_cost: false,
};

it("a key works through the whole of its last day", () => {
  const ends = expiryOf({ expiry: "day", expiryDay: "2026-12-31" }, 0);
  expect(ends).toBe(new Date(2027, 0, 1).toISOString());
  expect(readKey({ ...KEY, expires_at: ends })).toMatchObject({ expiry: "day", expiryDay: "2026-12-31" });
  expect(expiryOf({ expiry: "never", expiryDay: "" }, 0)).toBeNull();
  expect(expiryOf({ expiry: "30", expiryDay: "" }, 0)).toBe("1970-01-31T00:00:00.000Z");
});

it("an empty budget is none, and amounts stay the text that was written", () => {
  expect(budgetsOf({ total: " ", day: "0.100000001", month: "" })).toEqual({ total: null, day: "0.100000001", month: null });
});

it("addresses and networks of both kinds are taken, words are not", () => {
  for (const good of ["203.0.113.5", "203.0.113.0/24", "2001:db8::/32", "::1"]) expect(isAddress(good), good).toBe(true);
  for (const bad of ["home", "300.1.1.1", "1.2.3.4/a", "1.2.3.4/8/8", ""]) expect(isAddress(bad), bad).toBe(false);
});
