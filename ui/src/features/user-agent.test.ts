import { expect, it } from "vitest";

import { readUserAgent } from "./user-agent";

it("names a browser and its system", () => {
  expect(readUserAgent("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36 Edg/142.0")).toBe("Edge · Windows");
  expect(readUserAgent("Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 Version/19.0 Mobile/15E148 Safari/604.1")).toBe("Safari · iOS");
});

it("keeps what a program calls itself", () => {
  expect(readUserAgent("Waystation/0.1 (desktop)")).toBe("Waystation/0.1");
});
