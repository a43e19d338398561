import { expect, it } from "vitest";

import en from "@/i18n/messages/docs.en";

import { CLIENTS } from "./clients";

const PLACE = { root: "https://ai.example.com", base: "https://ai.example.com/v1", model: "demo-small", site: "Example" };
const words = en.steps as Record<string, Record<string, string>>;

it("every client of the docs has its words, and no words are left over", () => {
  expect(Object.fromEntries(CLIENTS.map(({ id, steps }) => [id, [...steps]]))).toEqual(Object.fromEntries(Object.entries(words).map(([id, steps]) => [id, Object.keys(steps)])));
});

it("the examples name the site's own address and only routes that there are", () => {
  const texts = CLIENTS.flatMap(({ snippets, facts = [] }) => [...snippets, ...facts].map(({ text }) => text(PLACE)));
  for (const text of texts) {
    for (const [, path] of text.matchAll(/ai\.example\.com(\/[\w/]*)?/g)) {
      expect(["", "/v1", "/v1/chat/completions", "/v1/models", "/v1/usage"], text).toContain(path ?? "");
    }
  }
  expect(texts.join("\n")).not.toMatch(/sk-[A-Za-z0-9]/);
});

it("a name cannot break out of an example", () => {
  const texts = CLIENTS.flatMap(({ snippets }) => snippets.map(({ text }) => text({ ...PLACE, model: `it's"; boom`, site: `"; boom` })));
  for (const text of texts) expect(text).not.toMatch(/(^|[^\\])"; boom/);
});
