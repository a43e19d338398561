import { RouterProvider } from "@tanstack/react-router";
import { render, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeAll, beforeEach, describe, expect, it } from "vitest";

import { Services } from "@/features/services";
import { error, serve, type Answers } from "@/features/test-site";
import { startLanguages } from "@/i18n/start";

import { byUrgency } from "./channels/channels";
import { router } from "./router";
import words from "./words.en";

const AT = "2026-11-21T04:00:00.000Z";
const ALL = ["users.read", "users.write", "ledger.read", "ledger.write", "channels.read", "channels.write", "models.read", "models.write", "requests.read", "stats.read", "revenue.read"];
const user = (id: string, role: string) => ({
  id, email: `${id}@example.org`, username: null, display_name: `Name of ${id}`, role, status: "active", channel_group: null, locale: null, email_verified_at: AT, created_at: AT,
  balance: { available: "10", pending: "0", currency: "USD" },
});
const channel = {
  id: "chn_1", name: "Main", format: "openai", base_url: "https://api.example.com/v1", active: true, allow_private_network: false, on_disconnect: "drain", priority: 0, weight: 1,
  models: [{ name: "small", upstream: "small" }], credentials: [], last_test: null, created_at: AT, updated_at: AT,
};
const list = (items: unknown[]) => ({ items, next_cursor: null });
const ALWAYS: Answers = {
  "GET /api/me": () => [200, { ...user("usr_0", "admin"), permissions: ALL }],
  "GET /api/admin/channels": () => [200, list([channel])],
  "GET /api/admin/users/usr_1": () => [200, user("usr_1", "user")],
  "GET /api/admin/users/usr_1/sessions": () => [200, list([])],
  "GET /api/admin/users/usr_1/balance": () => [200, { available: "10", pending: "0", currency: "USD", accounts: [] }],
  "GET /api/admin/users/usr_1/ledger": () => [200, list([])],
  "GET /api/admin/stats/users/usr_1": () => [404, error("not_found")],
  "GET /api/site": () => [200, { name: "Waystation", base_url: null }],
};

async function open(path: string, answers: Answers = {}) {
  render(
    <Services fetch={serve({ ...ALWAYS, ...answers })} onSignedOut={() => undefined}>
      <RouterProvider router={router} />
    </Services>,
  );
  router.history.push(path);
  // The first page of all takes its time to be read.
  await waitFor(() => expect(router.state.status).toBe("idle"), { timeout: 20_000 });
}

beforeAll(async () => {
  localStorage.setItem("waystation.language", "en");
  await startLanguages(async () => words);
});
beforeEach(() => router.history.push("/console/invitations"));

describe("a channel", () => {
  it("is added by provider, key and one press: its models are fetched and tried by themselves", async () => {
    const sent: Record<string, unknown> = {};
    const preset = { name: "acme", title: "Acme", title_zh: "Acme", format: "openai", base_url: "https://api.example.com/v1", needs_credential: true, allow_private_network: false, models: [] };
    await open("/console/channels", {
      "GET /api/admin/channel-presets": () => [200, list([preset])],
      "POST /api/admin/channels/fetch-models": (body) => {
        sent.fetch = body;
        return [200, { ok: true, status: 200, code: null, message: null, latency_ms: 1, is_truncated: false, models: [{ upstream: "small", is_known: true }, { upstream: "other", is_known: false }] }];
      },
      "POST /api/admin/channels/test": (body) => {
        sent.test = body;
        return [200, { ok: true, status: 200, code: null, message: null, first_byte_ms: 1, latency_ms: 1 }];
      },
      "POST /api/admin/channels": (body) => {
        sent.save = body;
        return [201, channel];
      },
    });
    await userEvent.click(await screen.findByRole("button", { name: "Add channel" }));
    await userEvent.click(await screen.findByLabelText("Acme"));
    await userEvent.click(await screen.findByLabelText("API key"));
    await userEvent.paste("sk-secret");
    await screen.findByText(/small answered after/);
    await userEvent.click(screen.getByRole("button", { name: "Save & enable" }));
    await waitFor(() => expect(sent.save).toMatchObject({ name: "Acme", models: ["small"], credentials: ["sk-secret"], active: true }));
    expect(sent.fetch).toMatchObject({ credential: "sk-secret", base_url: "https://api.example.com/v1" });
    expect(sent.test).toMatchObject({ model: "small" });
    await waitFor(() => expect(document.documentElement.outerHTML).not.toContain("sk-secret"));
  });

  it("that fails is disabled from the overview, and enabled again by undo", async () => {
    const sent: unknown[] = [];
    const figures = { from: AT, until: AT, requests: 3, succeeded: 2, errors: 1, cancelled: 0, success_ppm: 666_667, input_tokens: 1, output_tokens: 1, active_users: 1, first_byte_ms: { p50: 1, p95: 2, sampled: 2 }, charged: null, list_cost: null };
    await open("/console", {
      "GET /api/admin/stats/overview": () => [
        200,
        {
          now: figures, before: figures, low_balance: { threshold: "1", users: 0 }, audits: [],
          failing_channels: [{ channel_id: "chn_1", name: "Main", attempts: 4, failures: 3, last_error_code: "server_error", last_status_code: 503, last_failed_at: AT }],
        },
      ],
      "PATCH /api/admin/channels/chn_1": (body) => {
        sent.push(body);
        return [200, channel];
      },
    });
    await userEvent.click(await screen.findByRole("button", { name: "Disable Main" }));
    await userEvent.click(await screen.findByRole("button", { name: "Undo" }));
    await waitFor(() => expect(sent).toEqual([{ active: false }, { active: true }]));
  });

  it("that fails stands before those that work, and those before what is off", () => {
    const test = (ok: boolean) => ({ at: AT, ok, model: "small", latency_ms: 1 });
    const of = (name: string, rest: object) => ({ ...channel, name, ...rest }) as Parameters<typeof byUrgency>[0][number];
    const sorted = byUrgency([of("off", { active: false }), of("works", { last_test: test(true) }), of("fails", { last_test: test(false) })]);
    expect(sorted.map(({ name }) => name)).toEqual(["fails", "works", "off"]);
  });
});

describe("an adjustment", () => {
  it("sends its amount as it was written, under one name, and shows what the books say", async () => {
    const keys: (string | null)[] = [];
    const sent: unknown[] = [];
    let isDown = true;
    await open("/console/people/usr_1", {
      "POST /api/admin/users/usr_1/adjustments": (body, request) => {
        keys.push(request.headers.get("idempotency-key"));
        sent.push(body);
        if (isDown) {
          isDown = false;
          return [503, error("unavailable")];
        }
        return [201, { id: "adj_1", user_id: "usr_1", ...body, currency: "USD", before: "10", after: "60.10", transfer_id: "xfr_1", created_at: AT }];
      },
    });
    await userEvent.click(await screen.findByRole("button", { name: "Adjust" }));
    const dialog = screen.getByRole("dialog");
    await userEvent.type(within(dialog).getByLabelText("Amount in USD"), "50.10");
    await userEvent.type(within(dialog).getByLabelText("Note"), "For the outage");
    const act = within(dialog).getByRole("button", { name: "Credit $50.10" });
    await userEvent.click(act);
    await within(dialog).findByRole("alert");
    await userEvent.click(act);
    expect((await screen.findByRole("dialog", { name: "Booked" })).textContent).toContain("$10.00 → $60.10");
    expect(sent.at(-1)).toEqual({ direction: "credit", account: "cash", amount: "50.10", reason_code: "goodwill", note: "For the outage" });
    expect(new Set(keys).size).toBe(1);
    expect(keys).toHaveLength(2);
  });
});

describe("the palette", () => {
  it("opens by Ctrl K and goes to a call by its id with one Enter", async () => {
    const id = `req_${"0".repeat(26)}`;
    await open("/console/channels", { "GET /api/admin/requests": () => [200, list([])], "GET /api/admin/models": () => [200, list([])] });
    await screen.findByText("Main");
    await userEvent.keyboard("{Control>}k{/Control}");
    await userEvent.type(await screen.findByRole("combobox", { name: /Page, e-mail/ }), `  ${id}{Enter}`);
    await waitFor(() => expect(location.pathname).toBe(`/console/requests/${id}`));
  });
});

describe("letters", () => {
  it("lead to a page after g, but not while somebody writes or has switched them off", async () => {
    await open("/console/channels", { "GET /api/admin/models": () => [200, list([])] });
    await screen.findByText("Main");
    await userEvent.type(screen.getByRole("searchbox"), "gm");
    expect(location.pathname).toBe("/console/channels");
    screen.getByRole("searchbox").blur();
    await userEvent.keyboard("gm");
    await waitFor(() => expect(location.pathname).toBe("/console/models"));
    await userEvent.keyboard("?");
    await userEvent.click(await screen.findByRole("switch", { name: "Letter shortcuts" }));
    await userEvent.keyboard("{Escape}gc");
    expect(location.pathname).toBe("/console/models");
    localStorage.removeItem("waystation.shortcuts");
  });
});

describe("a model of a channel", () => {
  it("is renamed alone, and taken out until that is undone", async () => {
    const sent: unknown[] = [];
    const two = { ...channel, models: [{ name: "small", upstream: "small" }, { name: "large", upstream: "large" }] };
    await open("/console/channels/chn_1", {
      "GET /api/admin/channels/chn_1": () => [200, two],
      "PATCH /api/admin/channels/chn_1": (body) => {
        sent.push(body);
        return [200, two];
      },
    });
    await userEvent.click(await screen.findByRole("button", { name: "Actions for large" }));
    await userEvent.click(await screen.findByRole("menuitem", { name: "Change names" }));
    await userEvent.type(await screen.findByLabelText(/^Name at the provider/), "vendor/large-3");
    await userEvent.click(screen.getByRole("dialog").querySelector("button[type=submit]") as HTMLElement);
    await waitFor(() => expect(sent).toEqual([{ models: [{ name: "small", upstream: "small" }, { name: "large", upstream: "vendor/large-3" }] }]));
    await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
    await userEvent.click(screen.getByRole("button", { name: "Actions for small" }));
    await userEvent.click(await screen.findByRole("menuitem", { name: "Take out" }));
    await userEvent.click(await screen.findByRole("button", { name: "Undo" }));
    await waitFor(() => expect(sent.slice(1)).toEqual([{ models: [two.models[1]] }, { models: two.models }]));
  });
});

describe("roles", () => {
  it("are shown as the server has them, with how many people have each", async () => {
    await open("/console/roles", {
      "GET /api/admin/roles": () => [200, { items: [{ role: "owner", permissions: ["users.read", "users.write"], people: 1 }, { role: "auditor", permissions: ["users.read"], people: 2 }], permissions: ["users.read", "users.write"] }],
    });
    const row = await screen.findByRole("row", { name: /users\.write/ });
    expect(within(row).getAllByRole("img").map((mark) => mark.getAttribute("aria-label"))).toEqual(["Yes", "No"]);
    expect(screen.getByRole("link", { name: "2 people" }).getAttribute("href")).toBe("/console/people?role=auditor");
  });
});

it("what somebody may not see is not offered", async () => {
  await open("/console/channels", { "GET /api/me": () => [200, { ...user("usr_0", "operator"), permissions: ["channels.read"] }] });
  await screen.findByText("Main");
  expect(screen.queryByRole("link", { name: "Revenue", hidden: true })).toBeNull();
  expect(screen.getByRole("button", { name: "Add channel" }).getAttribute("aria-disabled")).toBe("true");
});

describe("models that a channel serves and nobody can call", () => {
  it("get their prices together; what was refused stays with its reason, and a model is made once", async () => {
    const calls: string[] = [];
    const sent: Record<string, unknown> = {};
    const unpriced = (name: string, model_id: string | null) => ({ name, model_id, channels: [{ id: "chn_1", name: "Main" }] });
    let priceFails = true;
    let left = [unpriced("small", "mdl_1"), unpriced("large", null), unpriced("other", null)];
    await open("/console/models", {
      "GET /api/admin/models": () => [200, list([])],
      "GET /api/models": () => [200, list([])],
      "GET /api/admin/models/unpriced": () => [200, list(left)],
      "POST /api/admin/models": (body) => {
        calls.push(`model ${(body as { name: string }).name}`);
        return [201, { id: "mdl_2" }];
      },
      "POST /api/admin/models/mdl_1/prices": (body) => {
        sent.small = body;
        left = left.filter(({ name }) => name !== "small");
        return [201, {}];
      },
      "POST /api/admin/models/mdl_2/prices": (body) => {
        calls.push("price large");
        sent.large = body;
        return priceFails ? [503, error("unavailable")] : [201, {}];
      },
    });
    await screen.findByText("3 models have a channel and no price");
    await userEvent.click(screen.getByRole("button", { name: "Set prices" }));
    const dialog = within(await screen.findByRole("dialog", { name: "Set prices" }));
    const type = (label: string, text: string) => userEvent.type(dialog.getByRole("textbox", { name: label }), text);
    await type("Input of small", "0.25");
    await userEvent.click(dialog.getByRole("button", { name: "Set 1 price" }));
    await dialog.findByText("Enter input and output, as amounts such as 0.15");
    expect(sent).toEqual({});
    await type("Output of small", "2");
    await type("Input of large", "1");
    await type("Output of large", "8");
    await type("Cached input of large", "0.1");
    await userEvent.click(dialog.getByRole("button", { name: "Set 2 prices" }));
    await screen.findByText("1 model can be called now");
    expect(sent.small).toEqual({ input_per_million: "0.25", output_per_million: "2" });
    expect(sent.large).toEqual({ input_per_million: "1", output_per_million: "8", cache_read_per_million: "0.1" });
    await waitFor(() => expect(dialog.queryByText("small")).toBeNull());
    priceFails = false;
    await userEvent.click(dialog.getByRole("button", { name: "Set 1 price" }));
    await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
    expect(calls).toEqual(["model large", "price large", "price large"]);
  });
});
