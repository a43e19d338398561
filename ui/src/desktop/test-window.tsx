// The whole panel around a shell in memory, for tests.
import { createMemoryHistory } from "@tanstack/react-router";
import { render, screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";

import type { Overview } from "@/api/schema";
import { startLanguages } from "@/i18n/start";

import { PRODUCTION, STAGING } from "./fake-desk";
import { answerJson, createFakeShell, type FakeDesk, type FakeShell, type FakeSite } from "./fake-shell";
import type { Shell } from "./shell";
import type { Call, CallAnswer, LinkNews } from "./shell-types";
import { Desktop } from "./start";

const AT = "2026-11-21T04:00:00.000Z";

type Answers = Record<string, (call: Call) => CallAnswer | Promise<CallAnswer>>;

/** What a site says of its last 24 hours. */
export function overviewOf(changes: Partial<Overview["now"]> = {}, failing: string[] = []): Overview {
  const window: Overview["now"] = {
    active_users: 3, cancelled: 0, charged: "10.000000001", errors: 2, first_byte_ms: { p50: 300, p95: 900, sampled: 100 }, from: AT, input_tokens: 1_000, list_cost: "8", output_tokens: 500,
    requests: 100, succeeded: 98, success_ppm: 980_000, until: AT, ...changes,
  };
  return {
    now: window, before: window, audits: [], low_balance: { threshold: "1", users: 4 },
    failing_channels: failing.map((name, at) => ({ channel_id: `chn_${at}`, name, attempts: 4, failures: 3, last_error_code: "upstream_error", last_failed_at: AT, last_status_code: 500 })),
  };
}

/** A site that knows whoever asks, and answers what is named. */
export function siteOf(answers: Answers = {}, permissions: string[] = ["stats.read", "revenue.read"]): FakeSite {
  const all: Answers = {
    "GET /api/me": () => answerJson(200, {
      id: "usr_0", email: "owner@example.com", username: null, display_name: "Owner", role: "owner", status: "active", channel_group: null, locale: null, email_verified_at: AT, created_at: AT,
      balance: { available: "0", pending: "0", currency: "USD" }, permissions,
    }),
    "GET /api/site": () => answerJson(200, { name: "Waystation", base_url: null, version: "0.1.0" }),
    "GET /api/admin/stats/overview": () => answerJson(200, overviewOf()),
    ...answers,
  };
  return (call) => all[`${call.method} ${call.path}`]?.(call) ?? answerJson(404, { error: { code: "not_found", message: "No.", request_id: "req_1" } });
}

export function openWindow(path: string, changes: Partial<FakeDesk> = {}, link: LinkNews | null = null) {
  const shell = createFakeShell({ sites: { [PRODUCTION.id]: siteOf(), [STAGING.id]: siteOf() }, ...changes });
  const history = createMemoryHistory({ initialEntries: [path] });
  render(<Desktop shell={shell} history={history} link={link} />);
  return { shell, address: () => history.location.pathname };
}

/** With what a command was given, each time. */
export function given(shell: FakeShell, name: keyof Shell): unknown[][] {
  return shell.given.flatMap(([command, ...args]) => (command === name ? [args] : []));
}

/** Presses the button of that name, in the open dialog if there is one. */
export async function press(name: string | RegExp): Promise<void> {
  const dialog = document.querySelector<HTMLElement>("dialog[open]");
  await userEvent.click(await (dialog === null ? screen : within(dialog)).findByRole("button", { name }));
}

export async function startEnglish(): Promise<void> {
  localStorage.setItem("waystation.language", "en");
  await startLanguages(async () => (await import("./words.en")).default);
}
