import { expect, it } from "vitest";

import { initialsOf } from "./initials";

it("a name is told by the first letters of its words or humps", () => {
  expect(["GitHub", "Google", "LINUX DO", "Company SSO for everybody", "公司账号", " "].map(initialsOf)).toEqual(["GH", "G", "LD", "CS", "公", "?"]);
});
