import { expect, it } from "vitest";

import { isolate } from "./isolate";

it("a name keeps its direction to itself, and nothing in it ends that early", () => {
  expect(isolate("Ann & <b>")).toBe("Ann & <b>");
  expect(isolate("שלום")).toBe("\u2068שלום\u2069");
  expect(isolate("a\u202eb\u2069c")).toBe("\u2068a\u202ebc\u2069");
});
