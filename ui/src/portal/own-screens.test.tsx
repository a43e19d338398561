import { RouterProvider } from "@tanstack/react-router";
import { cleanup, render, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeAll, beforeEach, describe, expect, it, vi } from "vitest";

import type { RelayFetch } from "@/api/relay";
import { Services } from "@/features/services";
import { error, serve, type Answers } from "@/features/test-site";
import { startLanguages } from "@/i18n/start";

import { holdKey } from "./playground/held-key";
import { router } from "./router";
import words from "./words.en";

const SECRET = "sk-Nw48Tq2LmXv7KdPw9RsY3nBc6JhUe1Fa";
const ME = {
  id: "usr_1", email: "ann@example.org", username: null, display_name: "Ann", role: "user", status: "active", channel_group: null, locale: null,
  email_verified_at: "2026-11-21T04:00:00.000Z", created_at: "2026-11-21T04:00:00.000Z", balance: { available: "1.5", pending: "0", currency: "USD" }, permissions: [],
};
const KEY = {
  id: "key_1", name: "Laptop", preview: "sk-Ab12…wxyz", status: "active", created_at: "2026-11-01T00:00:00.000Z", expires_at: null, allowed_models: null, allowed_ips: null,
  budgets: {}, output_cap: null, show_cost: false,
};
const SUMS = { requests: 3, errors: 1, input_tokens: 10, cache_read_tokens: 0, cache_write_tokens: 0, output_tokens: 5, reasoning_tokens: 0, cost: "0.25", charged: "0.25" };
const SUMMARY = { from: "", until: "", time_zone: "UTC", total_cost: "0.25", total_charged: "0.25", total_tokens: 15, total_requests: 3, total_errors: 1, total: SUMS, models: [], keys: [] };
const CALL = {
  id: "req_1", user_id: "usr_1", key_id: "key_1", model: "demo", model_served: "demo", route: "/v1/chat/completions", stream: false, status: "failed", status_code: 502,
  error_code: "upstream_error", cause: "provider_slow", usage: { input_tokens: 7, output_tokens: 0, tokens: { input: 7 }, source: "reported" }, cost: "0.000000007", charged: "0.000000007",
  price_version_id: "prv_1", multiplier_ppm: 1_000_000, output_cap: 64, attempt_count: 1, first_byte_ms: null, duration_ms: 120_000, client_ip: "203.0.113.5", user_agent: "curl/8",
  started_at: "2026-11-21T03:00:00.000Z", ended_at: "2026-11-21T03:02:00.000Z", sources: [], price_lines: [{ kind: "input", tokens: 7, per_million: "0.001", amount: "0.000000007" }],
  is_priced_by_lines: true, timeline: { queue_ms: 2, retries_ms: 0, first_byte_ms: null, stream_ms: null, total_ms: 120_000 },
};
const ALWAYS: Answers = {
  "GET /api/me": () => [200, ME],
  "GET /api/site": () => [200, { name: "Station", base_url: "https://ai.example.com", version: "1", languages: [], locale: "en", currency: "USD", time_zone: "UTC", demo: false, has_public_models: true, low_balance: "1" }],
  "GET /api/models": () => [200, { items: [] }],
  "GET /api/me/notices": () => [200, { items: [] }],
  "GET /api/me/keys": () => [200, { items: [KEY] }],
  "GET /api/me/usage/summary": () => [200, SUMMARY],
  "GET /api/me/totp": () => [200, { enabled: true, enabled_at: null }],
  "GET /api/me/passkeys": () => [200, { items: [] }],
  "GET /api/me/recovery-codes": () => [200, { left: 9, total: 10 }],
  "GET /api/me/requests/req_1": () => [200, CALL],
};
const relay: RelayFetch = async (request) => {
  if (request.headers.get("authorization") !== `Bearer ${SECRET}`) return Response.json({ error: { code: "invalid_api_key", message: "No." } }, { status: 401 });
  if (request.url.endsWith("/models")) return Response.json({ data: [{ id: "demo" }] });
  return Response.json({ model: "demo", choices: [{ message: { content: "Good day." }, finish_reason: "stop" }] }, { headers: { "x-request-id": "req_1" } });
};

async function open(path: string, answers: Answers = {}) {
  const site = serve({ ...ALWAYS, ...answers });
  const { unmount } = render(
    <Services fetch={(request) => (new URL(request.url).pathname.startsWith("/api/v1/") ? relay(request) : site(request))} onSignedOut={() => undefined}>
      <RouterProvider router={router} />
    </Services>,
  );
  router.history.push(path);
  await waitFor(() => expect(router.state.status).toBe("idle"));
  return unmount;
}

beforeAll(async () => {
  localStorage.setItem("waystation.language", "en");
  await startLanguages(async () => words);
});
beforeEach(() => {
  cleanup();
  holdKey(null);
  router.history.push("/forgot-password");
});

/** Presses and counts: what a way costs. */
function presses() {
  let count = 0;
  return {
    on: async (element: HTMLElement) => {
      count += 1;
      await userEvent.click(element);
    },
    get count() {
      return count;
    },
  };
}
const remains = (text: string) =>
  [document.documentElement.outerHTML, ...[...document.querySelectorAll("input, textarea")].map((field) => (field as HTMLInputElement).value), JSON.stringify({ ...localStorage }), JSON.stringify({ ...sessionStorage }), location.href, router.state.location.href].some((place) => place.includes(text));

describe("the first call", () => {
  it("takes three presses from the overview and leaves no trace of the key", async () => {
    vi.spyOn(navigator.clipboard, "writeText").mockResolvedValue();
    const press = presses();
    const booked = (request: Request) => (new URL(request.url).searchParams.get("id") === "req_1" ? [CALL] : []);
    await open("/app", { "POST /api/me/keys": () => [201, { key: KEY, secret: SECRET }], "GET /api/me/requests": (_, request) => [200, { items: booked(request) }] });
    await press.on(await screen.findByRole("button", { name: "Create key & test" }));
    const dialog = await screen.findByRole("dialog", { name: "Your new key" });
    await press.on(within(dialog).getByRole("button", { name: "Copy" }));
    expect(navigator.clipboard.writeText).toHaveBeenCalledWith(SECRET);
    await press.on(await within(dialog).findByRole("button", { name: "Run test call" }));
    expect(await within(dialog).findByText("Good day.")).toBeTruthy();
    expect(await within(dialog).findByText("0000007")).toBeTruthy();
    expect(within(dialog).getByTitle("req_1")).toBeTruthy();
    // Signing up was the first of the four.
    expect(press.count).toBe(3);
    // Escape does not take the key away, and no link leads out of the dialog.
    await userEvent.keyboard("{Escape}");
    expect(within(dialog).queryAllByRole("link")).toEqual([]);
    expect(remains(SECRET)).toBe(true);
    await userEvent.click(within(dialog).getByRole("button", { name: "I have saved it" }));
    expect(remains(SECRET)).toBe(false);
  });
});

describe("the overview", () => {
  it("is there when neither the notices nor the site can be had, and does not ask without end", async () => {
    let asked = 0;
    await open("/app", {
      "GET /api/me/notices": () => [503, error("unavailable")],
      "GET /api/site": () => {
        asked += 1;
        return [503, error("unavailable")];
      },
    });
    expect(await screen.findByRole("heading", { name: "Quick start" })).toBeTruthy();
    expect((await screen.findAllByText("Done")).length).toBe(3);
    expect(screen.getByRole("heading", { name: "Quick start" })).toBeTruthy();
    expect(asked).toBeLessThan(5);
  });
});

describe("keys", () => {
  it("are rotated in four presses, and the old one ends when its owner says", async () => {
    const bodies: unknown[] = [];
    const press = presses();
    await open("/app/ledger", {
      "POST /api/me/keys/key_1/rotate": (body) => {
        bodies.push(body);
        return [201, { key: KEY, secret: SECRET }];
      },
    });
    await press.on((await screen.findAllByRole("link", { name: "API keys" }))[0] as HTMLElement);
    await press.on(await screen.findByRole("button", { name: "Actions for Laptop" }));
    await press.on(await screen.findByRole("menuitem", { name: "Rotate" }));
    await userEvent.selectOptions(screen.getByLabelText("The old key stops"), "0");
    await press.on(screen.getByRole("button", { name: "Rotate key" }));
    expect(await screen.findByText(SECRET)).toBeTruthy();
    expect(screen.getByText("The old key has stopped working.")).toBeTruthy();
    expect(press.count).toBe(4);
    expect(bodies).toEqual([{ grace_seconds: 0 }]);
  });

  it("are made with what was asked for, and a fault is shown at its field", async () => {
    const bodies: unknown[] = [];
    await open("/app/keys", {
      "POST /api/me/keys": (body) => {
        bodies.push(body);
        return bodies.length === 1 ? [400, error("invalid_request", [{ field: "name", code: "invalid", message: "must be another" }])] : [201, { key: KEY, secret: SECRET }];
      },
    });
    await userEvent.click(await screen.findByRole("button", { name: "Create key" }));
    const dialog = screen.getByRole("dialog");
    await userEvent.type(within(dialog).getByLabelText("Name"), "Build");
    await userEvent.click(within(dialog).getByText("Limits"));
    await userEvent.type(within(dialog).getByLabelText("A day"), "2.50");
    await userEvent.type(within(dialog).getByLabelText("Addresses"), "203.0.113.0/24");
    await userEvent.click(within(dialog).getByRole("button", { name: "Create key" }));
    expect(await within(dialog).findByText("This isn’t valid")).toBeTruthy();
    await userEvent.click(within(dialog).getByRole("button", { name: "Create key" }));
    expect(await screen.findByText(SECRET)).toBeTruthy();
    expect(bodies.at(-1)).toEqual({
      name: "Build", expires_at: null, budgets: { day: "2.50", month: null, total: null }, allowed_models: null, allowed_ips: ["203.0.113.0/24"], output_cap: null, show_cost: false,
    });
  });

  it("are shown as revoked only once the server has revoked them", async () => {
    let isRevoked = false;
    await open("/app/keys", {
      "GET /api/me/keys": () => [200, { items: [{ ...KEY, status: isRevoked ? "revoked" : "active" }] }],
      "DELETE /api/me/keys/key_1": () => (isRevoked ? [200, { ...KEY, status: "revoked" }] : [503, error("unavailable")]),
    });
    await userEvent.click(await screen.findByRole("button", { name: "Actions for Laptop" }));
    await userEvent.click(await screen.findByRole("menuitem", { name: "Revoke" }));
    await userEvent.click(screen.getByRole("button", { name: "Revoke key" }));
    expect(await screen.findByText("The server is temporarily unavailable.")).toBeTruthy();
    expect(screen.getByText("Active")).toBeTruthy();
    isRevoked = true;
    await userEvent.click(screen.getByRole("button", { name: "Revoke key" }));
    expect(await screen.findByText("Revoked")).toBeTruthy();
  });
});

describe("a call that failed", () => {
  it("is explained under its own address: what happened, what helps, what it cost", async () => {
    await open("/app/requests/req_1?outcome=error", { "GET /api/me/requests": () => [200, { items: [CALL] }] });
    const sheet = await screen.findByRole("dialog", { name: "Request" });
    expect(await within(sheet).findByText("The model’s provider took too long.")).toBeTruthy();
    expect(within(sheet).getByRole("table", { name: "How the cost came about" })).toBeTruthy();
    expect(within(sheet).getByLabelText("Copy as curl").textContent).toContain("https://ai.example.com/v1/chat/completions");
    await userEvent.click(within(sheet).getByRole("button", { name: "Close" }));
    await waitFor(() => expect(router.state.location.href).toBe("/app/requests?outcome=error"));
  });

  it("that is not one's own is told apart from one that failed to load", async () => {
    await open("/app/requests/req_2", { "GET /api/me/requests": () => [200, { items: [] }], "GET /api/me/requests/req_2": () => [404, error("not_found")] });
    expect(await screen.findByText("There’s no such request")).toBeTruthy();
  });
});

describe("lists", () => {
  it("say whether there is none yet, none that matches, or none for this reader", async () => {
    const none: Answers = { "GET /api/me/requests": () => [200, { items: [] }] };
    let unmount = await open("/app/requests", none);
    expect(await screen.findByText("No calls in the last 7 days")).toBeTruthy();
    unmount();
    unmount = await open("/app/requests?model=demo", none);
    expect(await screen.findByText("No calls match")).toBeTruthy();
    unmount();
    await open("/app/requests", { "GET /api/me/requests": () => [403, error("forbidden")] });
    expect(await screen.findByText("You don’t have access to this")).toBeTruthy();
  });

  it("ask the server for what the address says, in times that no zone can move", async () => {
    const asked: URL[] = [];
    await open("/app/requests?model=demo&outcome=error&from=2026-11-01&until=2026-11-02", {
      "GET /api/me/requests": (_, request) => {
        asked.push(new URL(request.url));
        return [200, { items: [] }];
      },
    });
    await waitFor(() => expect(asked).not.toEqual([]));
    expect(Object.fromEntries(asked[0]?.searchParams ?? [])).toEqual({
      start_date: new Date(2026, 10, 1).toISOString(), end_date: new Date(2026, 10, 3).toISOString(), model: "demo", status: "error", limit: "20",
    });
  });
});

describe("the playground", () => {
  it("calls with a key that was typed, and forgets it", async () => {
    await open("/app/playground");
    await userEvent.type(await screen.findByLabelText("API key"), SECRET);
    await userEvent.click(screen.getByRole("button", { name: "Use this key" }));
    expect(remains(SECRET)).toBe(false);
    await screen.findByLabelText("Model");
    await userEvent.click(screen.getByRole("switch", { name: "Stream the answer" }));
    await userEvent.type(screen.getByLabelText("Message"), "Hello{Enter}");
    expect(await screen.findByText("Good day.")).toBeTruthy();
    expect(await screen.findByRole("link", { name: "req_1" })).toBeTruthy();
    await userEvent.click(screen.getByRole("button", { name: "Forget it" }));
    expect(await screen.findByLabelText("API key")).toBeTruthy();
  });

  it("does not give one person's key to the next", async () => {
    holdKey({ userId: "usr_2", secret: SECRET });
    await open("/app/playground");
    expect(await screen.findByRole("button", { name: "Make a key for this" })).toBeTruthy();
  });
});

describe("strangers", () => {
  it("see what the site is, its address and its models without being asked to sign in", async () => {
    const model = { name: "demo", display_name: "Demo", context_length: null, max_output_tokens: null, capabilities: [], is_served: true, price: { input_per_million: "1", output_per_million: "2", per_request: "0", effective_at: "2026-11-01T00:00:00.000Z" } };
    // The page before was one of somebody who was signed in, which the browser remembers.
    (await open("/forgot-password"))();
    localStorage.clear();
    await open("/", { "GET /api/models": () => [200, { items: [model] }] });
    expect(await screen.findByText("https://ai.example.com/v1")).toBeTruthy();
    expect(await screen.findByRole("link", { name: "Prices of Demo" })).toBeTruthy();
    expect(screen.getByRole("link", { name: "Create an account" })).toBeTruthy();
  });

  it("are not shown models that are for users only, nor is the server asked for them", async () => {
    let asked = 0;
    const site = ALWAYS["GET /api/site"]?.({}, new Request("http://localhost"))[1] as object;
    await open("/models", {
      "GET /api/site": () => [200, { ...site, has_public_models: false }],
      "GET /api/models": () => {
        asked += 1;
        return [401, error("invalid_token")];
      },
    });
    expect(await screen.findByText("Sign in to see the models")).toBeTruthy();
    expect(asked).toBe(0);
  });

  it("are led to the setup of a site that has no owner yet", async () => {
    await open("/", { "GET /api/site": () => [503, error("setup_required")], "GET /api/setup": () => [200, { required: true }] });
    await waitFor(() => expect(router.state.location.pathname).toBe("/setup"));
  });
});

describe("what others wrote", () => {
  it("is text and nothing else, wherever it is shown", async () => {
    const nasty = `<img src=x onerror="alert(1)">\u202Egnp.exe`;
    await open("/app/keys", { "GET /api/me/keys": () => [200, { items: [{ ...KEY, name: nasty }] }] });
    expect((await screen.findAllByText(nasty)).length).toBeGreaterThan(0);
    expect(document.querySelector("img[src=x]")).toBeNull();
  });
});
