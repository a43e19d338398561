import { RouterProvider } from "@tanstack/react-router";
import { render, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeAll, beforeEach, describe, expect, it } from "vitest";

import type { AuditState, RevenueSums } from "@/api/schema";
import { Services } from "@/features/services";
import { serve, type Answers } from "@/features/test-site";
import { startLanguages } from "@/i18n/start";

import { router } from "./router";
import words from "./words.en";

const AT = "2026-11-21T04:00:00.000Z";
const ALWAYS: Answers = {
  "GET /api/me": () => [
    200,
    {
      id: "usr_0", email: "usr_0@example.org", username: null, display_name: "Owner", role: "owner", status: "active", channel_group: null, locale: null, email_verified_at: AT, created_at: AT,
      balance: { available: "10", pending: "0", currency: "USD" }, permissions: ["stats.read", "revenue.read", "channels.read"],
    },
  ],
  "GET /api/site": () => [200, { name: "Waystation", base_url: null }],
};

async function open(path: string, answers: Answers) {
  render(
    <Services fetch={serve({ ...ALWAYS, ...answers })} onSignedOut={() => undefined}>
      <RouterProvider router={router} />
    </Services>,
  );
  router.history.push(path);
  await waitFor(() => expect(router.state.status).toBe("idle"), { timeout: 20_000 });
}

beforeAll(async () => {
  localStorage.setItem("waystation.language", "en");
  await startLanguages(async () => words);
});
beforeEach(() => router.history.push("/console/invitations"));

describe("the overview", () => {
  const figures = { from: AT, until: AT, requests: 3, succeeded: 3, errors: 0, cancelled: 0, success_ppm: 1_000_000, input_tokens: 1, output_tokens: 1, active_users: 1, first_byte_ms: { p50: 1, p95: 2, sampled: 2 }, charged: null, list_cost: null };
  const overview = (audits: AuditState[]): Answers => ({
    "GET /api/admin/stats/overview": () => [200, { now: figures, before: figures, failing_channels: [], low_balance: { threshold: "1", users: 0 }, audits }],
  });
  const checked = (kind: AuditState["kind"]): AuditState => ({ kind, status: "ok", checked_at: AT, whole_checked_at: AT, findings: 0, first_finding: null });

  it("says that the books do not balance, what was found first and what to run", async () => {
    const first_finding = { code: "account_sum", subject: "acc_1", message: "In the server's words." };
    await open("/console", overview([{ ...checked("ledger"), status: "failing", findings: 3, first_finding }, checked("audit_log")]));
    const alert = await screen.findByRole("alert");
    expect(alert.textContent).toContain("The books do not balance");
    expect(alert.textContent).toMatch(/The sum of account \S*acc_1\S* is not that of its transfers\. And 2 more findings\./);
    expect(within(alert).getByText("waystation ledger audit")).toBeDefined();
    expect(screen.queryByText("The audit log is not as it was written")).toBeNull();
  });

  it("shows a finding of a kind that it does not know in the server's words", async () => {
    await open("/console", overview([{ ...checked("audit_log"), status: "failing", findings: 1, first_finding: { code: "other", subject: "7", message: "Row 7 is odd." } }]));
    expect((await screen.findByRole("alert")).textContent).toContain("Row 7 is odd.");
  });

  it("says nothing of checks that found nothing or were not made yet", async () => {
    await open("/console", overview([checked("ledger"), { ...checked("audit_log"), status: "never", checked_at: null, whole_checked_at: null }]));
    await screen.findByText("No channel is failing");
    expect(screen.queryByRole("alert")).toBeNull();
  });
});

describe("revenue", () => {
  const sums = (requests: number, list_cost: string): RevenueSums => ({
    requests, errors: 0, input_tokens: 1_200, output_tokens: 34, charged: list_cost, gift_paid: "0", list_cost, granted: "0", operator_loss: "0", upstream_cost: null, margin: null,
  });

  it("is told apart by model and channel, for exactly the time that the page is of", async () => {
    const asked: Record<string, string>[] = [];
    await open("/console/revenue", {
      "GET /api/admin/revenue": () => [
        200,
        { from: "2026-11-20T00:00:00.000Z", until: AT, time_zone: "UTC", by: "day", currency: "USD", items: [{ at: AT, period: "2026-11-21", ...sums(9, "8") }], total: sums(9, "8"), next_cursor: null },
      ],
      "GET /api/admin/usage": (_, request) => {
        const query = Object.fromEntries(new URL(request.url).searchParams);
        asked.push(query);
        const named = query.group_by === "model" ? [{ model: "large", ...sums(5, "6") }] : [{ channel_id: "chn_1", channel_name: "Main", ...sums(5, "6") }, sums(1, "0")];
        return [200, { ...query, from: query.start_date, until: query.end_date, currency: "USD", items: named, rest: { parts: 3, ...sums(4, "2") }, total: sums(9, "8"), next_cursor: null }];
      },
    });
    const models = within(await screen.findByRole("table", { name: "By model" }));
    expect(models.getByRole("row", { name: /^large 5 1,200 34 \$6\.00 \$6\.00 75%$/ })).toBeDefined();
    expect(models.getByRole("row", { name: /^3 others 4 .* 25%$/ })).toBeDefined();
    await userEvent.click(screen.getByRole("radio", { name: "Channel" }));
    const channels = within(await screen.findByRole("table", { name: "By channel" }));
    expect(channels.getByRole("link", { name: "Main" }).getAttribute("href")).toBe("/console/channels/chn_1");
    expect(channels.getByRole("row", { name: /^Came to no channel/ })).toBeDefined();
    for (const query of asked) expect(query).toMatchObject({ start_date: "2026-11-20T00:00:00.000Z", end_date: AT, time_zone: "UTC" });
  });
});
