import { expect, it } from "vitest";

import { mayActOn, rolesBelow, ROLES } from "./roles";

it("nobody acts on an equal or higher role, and only owners give every role", () => {
  expect(mayActOn("admin", "operator")).toBe(true);
  for (const role of ROLES) expect(mayActOn(role, role)).toBe(false);
  expect(rolesBelow("admin")).not.toContain("admin");
  expect(rolesBelow("owner")).toEqual(ROLES);
  expect(rolesBelow("user")).toEqual([]);
});
