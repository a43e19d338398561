import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeAll, describe, expect, it } from "vitest";

import { sumFigures } from "../overview/site-figures";
import { BLOCKED, LOCAL, PRODUCTION, STAGING, UNPAIRED } from "../fake-desk";
import { answerJson } from "../fake-shell";
import { given, openWindow, overviewOf, siteOf, startEnglish } from "../test-window";

beforeAll(startEnglish);

const card = async (name: string) => {
  const sites = await screen.findByRole("list", { name: "Connections" });
  const title = await within(sites).findByRole("button", { name });
  return within(title.closest("li") as HTMLElement);
};
const refusing = (status: number, code: string) => siteOf({ "GET /api/admin/stats/overview": () => answerJson(status, { error: { code, message: "No.", request_id: "req_1" } }) });

describe("all sites at once", () => {
  it("has a card for each connection, which says what its site says or why not", async () => {
    openWindow("/", { sites: { [PRODUCTION.id]: siteOf({ "GET /api/admin/stats/overview": () => answerJson(200, overviewOf({}, ["East"])) }), [STAGING.id]: refusing(403, "forbidden") } });
    await (await card("Example AI")).findByText("98%");
    expect((await card("Example AI")).getByText("Failing: East")).toBeDefined();
    await (await card("Rehearsal")).findByText("Your role at this site doesn’t include its figures.");
    await (await card("Singapore")).findByText("Pair this device to see its figures.");
    await (await card("Archive")).findByText("Its key has changed. Open it to see both.");
    await (await card("This computer")).findByText("Not running. Open it to start it.");
  });

  it("waits for none of them to show the others", async () => {
    openWindow("/", { connections: [PRODUCTION, STAGING], sites: { [PRODUCTION.id]: () => new Promise(() => undefined), [STAGING.id]: siteOf() } });
    await (await card("Rehearsal")).findByText("98%");
    expect((await card("Example AI")).queryByText("Requests")).toBeNull();
  });

  it("adds up counts and money of those that answered, exactly, and nothing else", async () => {
    openWindow("/");
    const sums = within((await screen.findByRole("heading", { name: "Together" })).closest("section") as HTMLElement);
    expect(sums.getByText("200")).toBeDefined();
    expect(sums.getByText(/\$20\.00/).textContent).toBe("$20.000000002");
    expect(sums.queryByText("Success")).toBeNull();
    expect(sums.getByText("Of the 2 sites that answered. Success rates and times can’t be added up.")).toBeDefined();
  });

  it("tells of books that do not balance, and bears with a site of an earlier version", async () => {
    const { audits: _, ...earlier } = overviewOf();
    const failing = { ...overviewOf(), audits: [{ kind: "ledger", status: "failing", findings: 1 }, { kind: "audit_log", status: "ok", findings: 0 }] };
    const saying = (overview: unknown) => siteOf({ "GET /api/admin/stats/overview": () => answerJson(200, overview) });
    openWindow("/", { sites: { [PRODUCTION.id]: saying(failing), [STAGING.id]: saying(earlier) } });
    await (await card("Example AI")).findByText("The books do not balance");
    expect((await card("Example AI")).queryByText("The audit log is not as it was written")).toBeNull();
    await (await card("Rehearsal")).findByText("98%");
  });

  it("opens a site by one press", async () => {
    const { shell, address } = openWindow("/");
    await userEvent.click((await card("Rehearsal")).getByRole("button", { name: "Rehearsal" }));
    await waitFor(() => expect(address()).toBe("/console"));
    expect(given(shell, "selectConnection")).toEqual([[STAGING.id]]);
  });

  it("asks again where a site was not reached, and only there", async () => {
    const { shell } = openWindow("/", { connections: [{ ...STAGING, condition: "offline" }, UNPAIRED, BLOCKED, LOCAL] });
    await (await card("Rehearsal")).findByText("It can’t be reached.");
    expect(screen.getAllByRole("button", { name: /^Try again/ })).toHaveLength(1);
    shell.desk.connections = [STAGING, UNPAIRED, BLOCKED, LOCAL];
    await userEvent.click(screen.getByRole("button", { name: "Try again: Rehearsal" }));
    await (await card("Rehearsal")).findByText("98%");
  });

  it("tells that the list of connections began anew", async () => {
    openWindow("/", { connections: [], selected: null, app: { version: "0.1.0", language: "en", bundle: null, notice: "connections_damaged", can_update: false, autostart: false, link: null } });
    await screen.findByText(/a new one was begun.*connections\.damaged\.json/);
    expect(screen.getByText("No connections yet")).toBeDefined();
  });
});

describe("the sums", () => {
  it("leave out money that a site does not tell", () => {
    const sums = sumFigures([overviewOf({ charged: "0.1" }), overviewOf({ charged: null }), overviewOf({ charged: "0.2" })]);
    expect(sums).toMatchObject({ sites: 3, requests: 300, errors: 6, tokens: 4_500, charged: "0.300000000", chargedSites: 2 });
  });
});
