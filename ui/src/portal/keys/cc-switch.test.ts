import { expect, it } from "vitest";

import { ccSwitchLink } from "./cc-switch";

const SITE = { name: "My relay & co", root: "https://ai.example.com", base: "https://ai.example.com/v1" };

it("the link to CC Switch names the site, the format of its calls and the key", () => {
  const link = new URL(ccSwitchLink("claude", SITE, "sk-1", "demo-small"));
  expect(link.protocol).toBe("ccswitch:");
  expect(Object.fromEntries(link.searchParams)).toEqual({
    resource: "provider", app: "claude", name: "My relay & co", homepage: "https://ai.example.com", endpoint: "https://ai.example.com", apiKey: "sk-1",
    apiFormat: "openai_chat", model: "demo-small",
  });
  expect(new URL(ccSwitchLink("opencode", SITE, "sk-1", undefined)).searchParams.get("endpoint")).toBe("https://ai.example.com/v1");
});
