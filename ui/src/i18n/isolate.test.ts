import { expect, it } from "vitest";

import { isolate } from "./start";

it("sets apart what could turn the words beside it, and leaves all else as it is", () => {
  expect(isolate("invoice\u202Egnp.exe")).toBe("\u2068invoice\u202Egnp.exe\u2069");
  expect(isolate("\u05DE\u05E4\u05EA\u05D7")).toBe("\u2068\u05DE\u05E4\u05EA\u05D7\u2069");
  for (const plain of ["Laptop", "笔记本 <b>", "émile@example.com", ""]) expect(isolate(plain)).toBe(plain);
});
