import { readFileSync } from "node:fs";

import { expect, it } from "vitest";

import { describeSetting } from "./descriptions.zh-CN";

it("every setting is described in Chinese", () => {
  const documented = readFileSync("../docs/configuration.md", "utf8");
  const names = [...documented.matchAll(/^\| `([a-z_.]+|oauth\.NAME\.\w+)` \|/gm)].map(([, name = ""]) => name);
  expect(names.length).toBeGreaterThan(50);
  expect(names.filter((name) => describeSetting(name) === undefined)).toEqual([]);
});
