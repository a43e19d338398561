import { createMemoryHistory } from "@tanstack/react-router";
import { cleanup, fireEvent, render, renderHook, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeAll, describe, expect, it } from "vitest";

import { ApiProblem, type ShellCode } from "@/api/problem";
import { useProblemWords } from "@/features/problem-alert";
import desk from "@/i18n/messages/desk.en";
import { changeLanguage, startLanguages } from "@/i18n/start";

import { INVITATION, PRODUCTION, STAGING, UNPAIRED } from "./fake-desk";
import { answerJson, createFakeShell, type FakeDesk, type FakeSite } from "./fake-shell";
import type { Call, CallAnswer } from "./shell-types";
import { Desktop } from "./start";

const AT = "2026-11-21T04:00:00.000Z";
const ALL = ["users.read", "users.write", "ledger.read", "ledger.write", "channels.read", "channels.write", "models.read", "models.write", "requests.read", "stats.read", "revenue.read", "settings.read", "audit.read"];
const user = (id: string, name: string, role = "user") => ({
  id, email: `${id}@example.org`, username: null, display_name: name, role, status: "active", channel_group: null, locale: null, email_verified_at: AT, created_at: AT,
  balance: { available: "10", pending: "0", currency: "USD" },
});
const refused = (status: number, code: string) => answerJson(status, { error: { code, message: "No.", request_id: "req_1" } });

type Answers = Record<string, (call: Call) => CallAnswer | Promise<CallAnswer>>;

/** A site whose people say where they are. */
const site = (name: string, answers: Answers = {}): FakeSite => {
  const all: Answers = {
    "GET /api/me": () => answerJson(200, { ...user("usr_0", `Admin of ${name}`, "admin"), permissions: ALL }),
    "GET /api/site": () => answerJson(200, { name, base_url: null, version: "0.1.0" }),
    "GET /api/admin/users": () => answerJson(200, { items: [user("usr_1", `Person of ${name}`)], next_cursor: null }),
    "GET /api/admin/users/usr_1": () => answerJson(200, user("usr_1", `Person of ${name}`)),
    "GET /api/admin/users/usr_1/sessions": () => answerJson(200, { items: [], next_cursor: null }),
    "GET /api/admin/invites": () => answerJson(200, { items: [], next_cursor: null }),
    ...answers,
  };
  return (call) => all[`${call.method} ${call.path}`]?.(call) ?? refused(404, "not_found");
};

function open(path: string, changes: Partial<FakeDesk> = {}) {
  const shell = createFakeShell({ sites: { [PRODUCTION.id]: site("Production"), [STAGING.id]: site("Staging") }, ...changes });
  const history = createMemoryHistory({ initialEntries: [path] });
  render(<Desktop shell={shell} history={history} />);
  return { shell, history, address: () => history.location.href };
}

const press = (digit: number) => fireEvent.keyDown(document.activeElement ?? document.body, { code: `Digit${digit}`, key: String(digit), ctrlKey: true });
const given = (shell: ReturnType<typeof createFakeShell>, name: string) => shell.given.filter(([command]) => command === name).map(([, ...args]) => args);
const calls = (shell: ReturnType<typeof createFakeShell>) => given(shell, "api").map(([call]) => call as Call);

/** A site that nothing stands before. */
const UNGUARDED: Partial<FakeDesk> = { connections: [{ ...PRODUCTION, write_guard: "open" }] };
const INVITING: Answers = {
  "POST /api/admin/invites": () => answerJson(201, { id: "inv_1", link: "https://ai.example.com/register#invite=once", is_mailed: false }),
};
const invite = async () => {
  await userEvent.click((await screen.findAllByRole("button", { name: "New invitation" }))[0] as HTMLElement);
  await userEvent.click(within(await screen.findByRole("dialog")).getByRole("button", { name: "New invitation" }));
};

beforeAll(async () => {
  localStorage.setItem("waystation.language", "en");
  await startLanguages(async (language) => (language === "en" ? (await import("./words.en")).default : (await import("./words.zh-CN")).default));
});
afterEach(async () => {
  // What one window typed is not another's.
  cleanup();
  await changeLanguage("en");
});

describe("another site", () => {
  it("is shown by its keys, and nothing of the one before, whenever that answers", async () => {
    let answer = () => {};
    const late = new Promise<void>((resolve) => (answer = resolve));
    let asked = 0;
    const slow = site("Production", {
      "GET /api/admin/users": async () => {
        asked += 1;
        if (asked === 1) await late;
        return answerJson(200, { items: [user("usr_1", "Person of Production")], next_cursor: null });
      },
    });
    const { address } = open("/console/people", { sites: { [PRODUCTION.id]: slow, [STAGING.id]: site("Staging") } });
    await waitFor(() => expect(asked).toBe(1));
    press(2);
    await screen.findByText("Person of Staging");
    answer();
    // Whatever comes of the late answer has come when a later one has.
    press(1);
    await screen.findByText("Person of Production");
    expect(asked).toBe(2);
    expect(screen.queryByText("Person of Staging")).toBeNull();
    press(2);
    await screen.findByText("Person of Staging");
    expect(screen.queryByText("Person of Production")).toBeNull();
    expect(address()).toBe("/console/people");
  });

  it("never gets what the address names of the one before", async () => {
    const { shell, address } = open("/console/people/usr_1");
    await screen.findByRole("heading", { name: "Person of Production" });
    press(2);
    await screen.findByText("Person of Staging");
    expect(address()).toBe("/console/people");
    expect(calls(shell).filter(({ connection, path }) => connection === STAGING.id && path.includes("usr_1"))).toEqual([]);
  });

  it("is not led away from by what the one before comes to", async () => {
    let answer = () => {};
    const late = new Promise<void>((resolve) => (answer = resolve));
    const slow = site("Production", {
      "GET /api/me": async () => {
        await late;
        return refused(401, "invalid_token");
      },
    });
    const { shell } = open("/console/people", { sites: { [PRODUCTION.id]: slow, [STAGING.id]: site("Staging") } });
    await waitFor(() => expect(calls(shell).length).toBeGreaterThan(0));
    press(2);
    await screen.findByText("Person of Staging");
    answer();
    await waitFor(() => expect(screen.getByText("Admin of Staging")).toBeDefined());
    expect(screen.queryByText(/Pair this device/)).toBeNull();
  });

  it("is shown when the tray chose it, with the focus on its page", async () => {
    const { shell, address } = open("/");
    await screen.findByText("Admin of Production");
    shell.desk.selected = STAGING.id;
    shell.tell("connections", null);
    await screen.findByText("Admin of Staging");
    expect(address()).toBe("/console");
    await waitFor(() => expect(document.activeElement?.id).toBe("content"));
    await screen.findByText("Now at Rehearsal");
  });

  it("is asked about first when something typed would be lost", async () => {
    const { shell } = open("/console/invitations");
    await screen.findByText("Admin of Production");
    const field = document.createElement("textarea");
    document.body.append(field);
    await userEvent.type(field, "half a sentence");
    press(2);
    const dialog = await screen.findByRole("alertdialog", { name: /Switch to .*Rehearsal/ });
    expect(screen.getByText("Admin of Production")).toBeDefined();
    await userEvent.click(within(dialog).getByRole("button", { name: "Stay here" }));
    await waitFor(() => expect(screen.queryByRole("alertdialog")).toBeNull());
    expect(shell.desk.selected).toBe(PRODUCTION.id);
    press(2);
    await userEvent.click(await screen.findByRole("button", { name: "Switch" }));
    await screen.findByText("Admin of Staging");
    field.remove();
  });

  it("has no keys beyond the list, nor while a dialog waits", async () => {
    const { shell } = open("/console/people");
    await screen.findByText("Person of Production");
    press(9);
    await userEvent.keyboard("{Control>}k{/Control}");
    await screen.findByRole("dialog");
    press(2);
    await userEvent.click(screen.getByRole("button", { name: "Close" }));
    await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
    expect(given(shell, "selectConnection")).toEqual([]);
    press(2);
    await screen.findByText("Person of Staging");
    expect(given(shell, "selectConnection")).toEqual([[STAGING.id]]);
  });

  it("is found by the palette, as are the panel's own pages", async () => {
    const { address } = open("/console/people");
    await screen.findByText("Person of Production");
    await userEvent.keyboard("{Control>}k{/Control}");
    await userEvent.type(within(await screen.findByRole("dialog")).getByRole("combobox"), "rehears");
    await userEvent.click(await screen.findByRole("option", { name: /Rehearsal/ }));
    await screen.findByText("Person of Staging");
    await userEvent.keyboard("{Control>}k{/Control}");
    await userEvent.type(within(await screen.findByRole("dialog")).getByRole("combobox"), "local");
    await userEvent.click(await screen.findByRole("option", { name: /Local server/ }));
    await waitFor(() => expect(address()).toBe("/local-server"));
  });
});

describe("changes that are locked", () => {
  const sent = (shell: ReturnType<typeof createFakeShell>) => calls(shell).filter(({ method, path }) => method === "POST" && path === "/api/admin/invites").length;
  it("go out again when the site's name was typed, and only then", async () => {
    const { shell } = open("/console/invitations", { sites: { [PRODUCTION.id]: site("Production", INVITING) } });
    await invite();
    const unlock = await screen.findByRole("dialog", { name: /Unlock changes at .*Example AI/ });
    await userEvent.type(within(unlock).getByRole("textbox"), "Example");
    await userEvent.click(within(unlock).getByRole("button", { name: "Unlock changes" }));
    await within(unlock).findByText("That isn’t the name.");
    expect(sent(shell)).toBe(1);
    await userEvent.type(within(unlock).getByRole("textbox"), " AI");
    await userEvent.click(within(unlock).getByRole("button", { name: "Unlock changes" }));
    await waitFor(() => expect(sent(shell)).toBe(2));
    await screen.findByText(/Changes are open for [45]:\d\d/);
    await userEvent.click(screen.getByRole("button", { name: "Lock now", hidden: true }));
    await screen.findByText("Changes are locked");
    expect(given(shell, "lockWrites")).toEqual([[PRODUCTION.id]]);
  });

  it("stay where they are without a complaint when the reader turns away", async () => {
    const { shell } = open("/console/invitations", { sites: { [PRODUCTION.id]: site("Production", INVITING) } });
    await invite();
    const unlock = await screen.findByRole("dialog", { name: /Unlock changes/ });
    await userEvent.click(within(unlock).getByRole("button", { name: "Cancel" }));
    await waitFor(() => expect(screen.queryByRole("dialog", { name: /Unlock changes/ })).toBeNull());
    expect(sent(shell)).toBe(1);
    expect(screen.queryByRole("alert")).toBeNull();
  });
});

describe("a site that cannot be shown", () => {
  it("says why, and is shown when that is over", async () => {
    const { shell } = open("/console/people", { selected: UNPAIRED.id, sites: { [UNPAIRED.id]: site("Singapore") } });
    await screen.findByRole("heading", { name: /Singapore/ });
    shell.desk.connections = shell.desk.connections.map((kept) => (kept.id === UNPAIRED.id ? { ...kept, condition: "online" } : kept));
    shell.tell("connections", null);
    await screen.findByText("Person of Singapore");
  });

  it("has ended the session while something is shown", async () => {
    const { shell } = open("/console/people");
    await screen.findByText("Person of Production");
    shell.failNext("api", "signed_out");
    await userEvent.type(screen.getByRole("searchbox"), "a");
    await screen.findByRole("heading", { name: /Example AI/ });
    expect(screen.queryByText("Person of Production")).toBeNull();
  });
});

describe("a file", () => {
  const openRevenue = (changes: Partial<FakeDesk> = {}) => open("/console/revenue?by=month", changes);

  it("is written by the shell, and the page says where", async () => {
    const { shell } = openRevenue();
    await userEvent.click(await screen.findByRole("button", { name: "Export CSV" }));
    await screen.findByText(/revenue\.csv/);
    const [file, name] = given(shell, "exportFile")[0] as [{ connection: string; operation: string; query: [string, string][] }, string];
    expect(file).toMatchObject({ connection: PRODUCTION.id, operation: "export_revenue" });
    expect(Object.fromEntries(file.query)).toMatchObject({ by: "month" });
    expect(name).toBe("waystation-revenue.csv");
    expect(calls(shell).filter(({ path }) => path.includes("export"))).toEqual([]);
  });

  it("that the reader gave up is not spoken of, and one that was refused is", async () => {
    const { shell } = openRevenue({ exported: null });
    await userEvent.click(await screen.findByRole("button", { name: "Export CSV" }));
    await waitFor(() => expect(given(shell, "exportFile")).toHaveLength(1));
    shell.desk.exported = { refusal: refused(400, "export_too_large") };
    await userEvent.click(screen.getByRole("button", { name: "Export CSV" }));
    await screen.findByText(/too much to export/);
    expect(screen.queryByText(/Saved as/)).toBeNull();
  });
});

describe("the shell", () => {
  it("opens links out of the panel, or says why not", async () => {
    const { shell } = open("/console/people");
    await screen.findByText("Person of Production");
    await userEvent.click(screen.getByRole("button", { name: /Admin of Production/ }));
    await userEvent.click(await screen.findByRole("menuitem", { name: "Open in browser" }));
    await waitFor(() => expect(shell.desk.opened).toEqual(["https://ai.example.com/"]));
    const link = document.createElement("a");
    Object.assign(link, { href: "https://elsewhere.example.com/", target: "_blank", textContent: "elsewhere" });
    document.body.append(link);
    await userEvent.click(link);
    await screen.findByText(/opens pages of your sites/);
    expect(shell.desk.opened).toHaveLength(1);
    link.remove();
  });

  it("copies, and knows what is a secret", async () => {
    const { shell } = open("/console/people/usr_1");
    await userEvent.click(await screen.findByRole("button", { name: "Copy user ID" }));
    await waitFor(() => expect(shell.desk.copied).toEqual([{ text: "usr_1", isSecret: false }]));
    cleanup();
    const invited = open("/console/invitations", { ...UNGUARDED, sites: { [PRODUCTION.id]: site("Production", INVITING) } });
    await invite();
    await userEvent.click(await screen.findByRole("button", { name: "Copy" }));
    await waitFor(() => expect(invited.shell.desk.copied).toEqual([{ text: "https://ai.example.com/register#invite=once", isSecret: true }]));
  });

  it("is told the language, and keeps the other choices", async () => {
    const { shell } = open("/console/people", { preferences: { language: null, has_notifications: false, stays_in_tray: true } });
    await screen.findByText("Person of Production");
    await changeLanguage("zh-CN");
    await waitFor(() => expect(shell.desk.preferences).toEqual({ language: "zh-CN", has_notifications: false, stays_in_tray: true }));
  });

  it("asks again for what happened before it could hear of it", async () => {
    const shell = createFakeShell({ connections: [] });
    const begun: (() => void)[] = [];
    // An ear that is on its way: what is told meanwhile is heard by nobody.
    const deaf = { ...shell, listen: (_name: string, _hear: unknown, begins?: () => void) => (begins && begun.push(begins), () => {}) };
    render(<Desktop shell={deaf} history={createMemoryHistory({ initialEntries: ["/"] })} />);
    await screen.findByText("No connections yet");
    shell.desk.proposal = shell.desk.proposals[INVITATION] ?? null;
    begun.forEach((begins) => begins());
    await screen.findByRole("dialog");
    await screen.findAllByText(/new\.example\.com/);
  });

  it("leads to what a link names, and asks about a pairing that came by one", async () => {
    const { shell, address } = open("/console/people");
    await screen.findByText("Person of Production");
    shell.tell("open", { page: "request", id: "req_1" });
    await waitFor(() => expect(address()).toBe("/console/requests/req_1"));
    shell.tell("open", { page: "connections" });
    await waitFor(() => expect(address()).toBe("/connections"));
    shell.desk.proposal = shell.desk.proposals[INVITATION] ?? null;
    shell.tell("proposal", null);
    await screen.findByRole("dialog");
    await screen.findAllByText(/new\.example\.com/);
  });
});

it("each failure of the shell is told in words of both languages, where screens speak of it", async () => {
  const codes = Object.keys(desk.failures);
  for (const language of ["en", "zh-CN"] as const) {
    await changeLanguage(language);
    const { result } = renderHook(useProblemWords);
    const said = codes.map((code) => result.current(new ApiProblem(code as ShellCode, "as the shell says it")));
    for (const [at, words] of said.entries()) {
      const { code, isChinese } = { code: codes[at], isChinese: /[\u4e00-\u9fff]/.test(words) };
      expect(isChinese, code).toBe(language === "zh-CN");
      expect(words.replace("as the shell says it", "").length, code).toBeGreaterThan(2);
    }
  }
});

describe("a proof", () => {
  const changeRole = async (methods: string[]) => {
    const asking = site("Production", {
      "PATCH /api/admin/users/usr_1": ({ headers }) => (headers["x-proof"] === undefined ? refused(403, "proof_required") : answerJson(200, user("usr_1", "Person of Production", "finance"))),
      "POST /api/auth/proof/start": () => answerJson(200, { methods, passkey: null }),
      "POST /api/auth/proof": () => answerJson(200, { proof: "kept-by-the-app", expires_at: AT }),
    });
    const { shell } = open("/console/people/usr_1", { ...UNGUARDED, sites: { [PRODUCTION.id]: asking } });
    await userEvent.selectOptions(await screen.findByLabelText("Role"), "finance");
    await userEvent.click(screen.getByRole("button", { name: "Save changes" }));
    await userEvent.click(within(await screen.findByRole("alertdialog")).getByRole("button", { name: "Save changes" }));
    return { shell, dialog: await screen.findByRole("dialog", { name: "Confirm it’s you" }) };
  };

  it("is given by a password, and no passkey is offered", async () => {
    const { shell, dialog } = await changeRole(["passkey", "password"]);
    await userEvent.type(await within(dialog).findByLabelText("Password"), "correct horse");
    expect(within(dialog).queryByText(/passkey/i)).toBeNull();
    await userEvent.click(within(dialog).getByRole("button", { name: "Confirm" }));
    await waitFor(() => expect(calls(shell).filter(({ headers }) => headers["x-proof"] === "kept-by-the-app")).toHaveLength(1));
  });

  it("that only a passkey could give leads to the browser", async () => {
    const { shell, dialog } = await changeRole(["passkey"]);
    await within(dialog).findByText(/A passkey can’t be used here/);
    await userEvent.click(within(dialog).getByRole("link", { name: "Open security settings" }));
    await waitFor(() => expect(shell.desk.opened).toEqual(["https://ai.example.com/app/security"]));
  });
});
