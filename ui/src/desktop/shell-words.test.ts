import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { expect, it } from "vitest";

import desk from "@/i18n/messages/desk.en";

const rust = (folder: string) =>
  readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".rs"))
    .map((name) => readFileSync(join(folder, name), "utf8"));

it("every failure that the shell names has words, and no other", () => {
  const made = rust("../desktop/app/src").flatMap((text) => [...text.matchAll(/Refusal::new\(\s*"(\w+)"/g)]);
  const calls = readFileSync("../desktop/core/src/calls/error.rs", "utf8");
  const mapped = [...calls.matchAll(/(?:CallError|SecretError)::[^\n]*=> "(\w+)"/g)];
  const books = [...readFileSync("../desktop/app/src/failure.rs", "utf8").matchAll(/=> "(\w+)",/g)];
  const codes = [...made, ...mapped, ...books].map(([, code]) => code);
  expect(codes.length).toBeGreaterThan(50);
  expect(Object.keys(desk.failures).sort()).toEqual([...new Set([...codes, "shell_failed"])].sort());
});
