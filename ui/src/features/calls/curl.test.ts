import { expect, it } from "vitest";

import { quote, writeCurl } from "./curl";

it("a call is copied as a command that holds no secret", () => {
  const command = writeCurl({ route: "/v1/chat/completions", model: "demo-small", stream: true }, "https://ai.example.com");
  expect(command).toContain("curl -N 'https://ai.example.com/v1/chat/completions'");
  expect(command).toContain('"Authorization: Bearer $WAYSTATION_API_KEY"');
  expect(command).not.toMatch(/sk-/);
});

it("what a model is called cannot break out of the command", () => {
  expect(quote("it's'; rm -rf /")).toBe(`'it'\\''s'\\''; rm -rf /'`);
});
