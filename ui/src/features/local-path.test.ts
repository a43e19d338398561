import { describe, expect, it } from "vitest";

import { localPath } from "./local-path";

describe("the path to return to", () => {
  it("is any path of this site", () => {
    for (const path of ["/", "/app", "/console/people?q=ann&role=user", "/app#keys", "/app?next=https://evil.example//x"]) {
      expect(localPath(path)).toBe(path);
    }
  });

  it("never leads elsewhere", () => {
    for (const path of [
      null, undefined, "", "app", "//evil.example", "/\\evil.example", "/%5cevil.example", "/%2f/evil.example", "/a//b", "https://evil.example",
      "javascript:alert(1)", "/\t/evil.example", "/app/../../x", "/%2e%2e/x", "/%252f%252fevil.example", "\\\\evil.example", " /app", "/app\n", `/${"a".repeat(600)}`,
    ]) {
      expect(localPath(path)).toBeNull();
    }
  });
});
