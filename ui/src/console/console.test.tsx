import { RouterProvider } from "@tanstack/react-router";
import { render, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeAll, beforeEach, describe, expect, it } from "vitest";

import { Services } from "@/features/services";
import { error, serve, type Answers } from "@/features/test-site";
import console from "@/i18n/messages/console.en";
import shared from "@/i18n/messages/shared.en";
import { startLanguages } from "@/i18n/start";

import { changesOf } from "./audit-log-dialog";
import { router } from "./router";

const user = (id: string, role: string, available = "0") => ({
  id, email: `${id}@example.org`, username: null, display_name: `Name of ${id}`, role, status: "active", channel_group: null, locale: null,
  email_verified_at: "2026-11-21T04:00:00.000Z", created_at: "2026-11-21T04:00:00.000Z", balance: { available, pending: "0", currency: "USD" },
});
const ALWAYS: Answers = {
  "GET /api/me": () => [200, { ...user("usr_0", "admin"), permissions: ["users.read", "users.write"] }],
  "GET /api/admin/users": () => [200, { items: [user("usr_1", "user")], next_cursor: "usr_1" }],
  "GET /api/admin/users/usr_1": () => [200, user("usr_1", "user", "2.5")],
  "GET /api/admin/users/usr_1/sessions": () => [200, { items: [], next_cursor: null }],
};

async function open(path: string, answers: Answers = {}) {
  render(
    <Services fetch={serve({ ...ALWAYS, ...answers })} onSignedOut={() => undefined}>
      <RouterProvider router={router} />
    </Services>,
  );
  router.history.push(path);
  await waitFor(() => expect(router.state.status).toBe("idle"));
}

beforeAll(async () => {
  localStorage.setItem("waystation.language", "en");
  await startLanguages(async () => ({ shared, console }));
});
beforeEach(() => router.history.push("/console/invitations"));

describe("the list of people", () => {
  it("keeps its filters and pages in the address and asks the server for them", async () => {
    const asked: string[] = [];
    await open("/console/people", {
      "GET /api/admin/users": (_, request) => {
        asked.push(new URL(request.url).search);
        return [200, { items: [user("usr_1", "user")], next_cursor: "usr_1" }];
      },
    });
    await userEvent.selectOptions(await screen.findByLabelText("Role"), "finance");
    await waitFor(() => expect(location.search).toBe("?role=finance"));
    await userEvent.click(await screen.findByRole("button", { name: "Next" }));
    await waitFor(() => expect(location.search).toBe("?role=finance&after=usr_1"));
    await waitFor(() => expect(asked.at(-1)).toBe("?role=finance&cursor=usr_1"));
    await userEvent.type(screen.getByRole("searchbox"), "ann");
    await waitFor(() => expect(location.search).toBe("?role=finance&q=ann"));
  });

  it("says what to do when the server forbids it, fails, or finds nobody", async () => {
    await open("/console/people", { "GET /api/admin/users": () => [403, error("forbidden")] });
    await screen.findByText("You don’t have access to this");
  });
});

describe("a person", () => {
  it("of an equal role cannot be changed, and the page says why", async () => {
    await open("/console/people/usr_1", { "GET /api/admin/users/usr_1": () => [200, user("usr_1", "admin")] });
    await screen.findByText("You can only change people whose role is below yours.");
    expect(screen.getByRole("button", { name: "Delete person" }).getAttribute("aria-disabled")).toBe("true");
  });

  it("is deleted only after the address is typed and the money is decided about", async () => {
    const deleted: string[] = [];
    await open("/console/people/usr_1", {
      "DELETE /api/admin/users/usr_1": (_, request) => {
        deleted.push(new URL(request.url).search);
        return [204, null];
      },
    });
    await userEvent.click(await screen.findByRole("button", { name: "Delete person" }));
    const dialog = screen.getByRole("alertdialog");
    const act = within(dialog).getByRole("button", { name: "Delete person" });
    await userEvent.click(act);
    await userEvent.type(within(dialog).getByRole("textbox"), "usr_1@example.org");
    await userEvent.click(act);
    expect(deleted).toEqual([]);
    await userEvent.click(within(dialog).getByRole("checkbox"));
    await userEvent.click(act);
    await waitFor(() => expect(deleted).toEqual(["?forfeit=true"]));
    await waitFor(() => expect(location.pathname).toBe("/console/people"));
  });

  it("keeps the role until its change was confirmed", async () => {
    const sent: unknown[] = [];
    await open("/console/people/usr_1", {
      "PATCH /api/admin/users/usr_1": (body) => {
        sent.push(body);
        return [200, user("usr_1", "finance")];
      },
    });
    await userEvent.selectOptions(await screen.findByLabelText("Role"), "finance");
    await userEvent.click(screen.getByRole("button", { name: "Save changes" }));
    const dialog = await screen.findByRole("alertdialog");
    expect(dialog.textContent).toContain("from User to Finance");
    expect(sent).toEqual([]);
    await userEvent.click(within(dialog).getByRole("button", { name: "Save changes" }));
    await waitFor(() => expect(sent).toEqual([{ role: "finance" }]));
  });
});

it("an entry of the audit log shows the fields that differ", () => {
  expect(changesOf({ role: "user", status: "active" }, { role: "admin", status: "active" })).toEqual([{ field: "role", before: "user", after: "admin" }]);
  expect(changesOf(null, { limits: { day: "1" } })).toEqual([{ field: "limits", before: "–", after: '{"day":"1"}' }]);
});

it("a person gets another address only after its consequence was named", async () => {
  const sent: unknown[] = [];
  await open("/console/people/usr_1", {
    "PATCH /api/admin/users/usr_1": (body) => {
      sent.push(body);
      return sent.length === 1 ? [409, error("already_exists", [{ field: "email", code: "taken", message: "is taken already" }])] : [200, user("usr_1", "user")];
    },
  });
  const change = async (address: string) => {
    const field = await screen.findByLabelText("E-mail");
    await userEvent.clear(field);
    await userEvent.type(field, address);
    await userEvent.click(screen.getByRole("button", { name: "Save changes" }));
    const dialog = await screen.findByRole("alertdialog");
    expect(dialog.textContent).toContain("usr_1@example.org is told");
    await userEvent.click(within(dialog).getByRole("button", { name: "Save changes" }));
  };
  await change("taken@example.org");
  await screen.findByText("Somebody with this e-mail is here already.");
  await change("free@example.org");
  await waitFor(() => expect(sent).toEqual([{ email: "taken@example.org" }, { email: "free@example.org" }]));
});

describe("the keys of a person", () => {
  const key = { id: "key_1", name: "Default", preview: "sk-Ab…yz", status: "active", budgets: {}, show_cost: false, created_at: "2026-11-21T04:00:00.000Z" };
  const answers: Answers = {
    "GET /api/me": () => [200, { ...user("usr_0", "admin"), permissions: ["users.read", "users.write", "keys.read", "keys.write"] }],
    "GET /api/admin/users/usr_1/keys": () => [200, { items: [key, { ...key, id: "key_0", name: "Old", status: "revoked" }], next_cursor: null }],
  };
  const choose = async (deed: string) => {
    await userEvent.click(await screen.findByRole("button", { name: "Actions for key Default" }));
    await userEvent.click(await screen.findByRole("menuitem", { name: deed }));
    return screen.findByRole("alertdialog");
  };

  it("get a new secret that is shown once", async () => {
    const sent: unknown[] = [];
    await open("/console/people/usr_1", {
      ...answers,
      "POST /api/admin/users/usr_1/keys/key_1/rotate": (body) => {
        sent.push(body);
        return [201, { key: { ...key, id: "key_2" }, secret: "sk-only-once" }];
      },
    });
    const dialog = await choose("Rotate");
    await userEvent.selectOptions(within(dialog).getByLabelText("The old secret works"), "for 1 more day");
    expect(sent).toEqual([]);
    await userEvent.click(within(dialog).getByRole("button", { name: "Rotate" }));
    expect((await screen.findByRole("dialog", { name: "New secret" })).textContent).toContain("sk-only-once");
    expect(sent).toEqual([{ grace_seconds: 86_400 }]);
    await userEvent.click(screen.getByRole("button", { name: "I have saved it" }));
    await waitFor(() => expect(document.documentElement.outerHTML).not.toContain("sk-only-once"));
  });

  it("are revoked only after the consequence was named, and a revoked one offers nothing", async () => {
    const revoked: string[] = [];
    await open("/console/people/usr_1", {
      ...answers,
      "DELETE /api/admin/users/usr_1/keys/key_1": (_, request) => {
        revoked.push(new URL(request.url).pathname);
        return [200, { ...key, status: "revoked" }];
      },
    });
    const dialog = await choose("Revoke");
    expect(dialog.textContent).toContain("This can’t be undone.");
    expect(screen.queryByRole("button", { name: "Actions for key Old", hidden: true })).toBeNull();
    await userEvent.click(within(dialog).getByRole("button", { name: "Revoke" }));
    await waitFor(() => expect(revoked).toHaveLength(1));
  });

  it("are not shown to whoever may not see them", async () => {
    await open("/console/people/usr_1", { ...answers, "GET /api/me": ALWAYS["GET /api/me"] as Answers[string] });
    await screen.findByRole("heading", { name: "Sessions" });
    expect(screen.queryByRole("heading", { name: "API keys" })).toBeNull();
  });
});

it("the audit log is searched by a person, who is found by name and kept in the address", async () => {
  const asked: string[] = [];
  const row = {
    sequence: 7, at: "2026-11-21T04:00:00.000Z", actor: { kind: "cookie", id: "usr_1", role: "user" }, client_ip: null, action: "user.update",
    target: { kind: "user", id: "usr_9" }, before: null, after: null, request_id: null, hash: "00",
  };
  await open("/console/audit-log", {
    "GET /api/me": () => [200, { ...user("usr_0", "auditor"), permissions: ["users.read", "audit.read"] }],
    "GET /api/admin/audit-logs": (_, request) => {
      asked.push(new URL(request.url).search);
      return [200, { items: [row], next_cursor: null }];
    },
  });
  await userEvent.type(await screen.findByRole("combobox", { name: "By" }), "usr_1@");
  await screen.findByRole("option", { name: /Name of usr_1/ });
  await userEvent.keyboard("{Enter}");
  await waitFor(() => expect(location.search).toBe("?actor=usr_1"));
  await waitFor(() => expect(asked.at(-1)).toBe("?actor=usr_1"));
  // Whoever did it is called by name; whoever is gone, by the id.
  await waitFor(() => expect(screen.getByRole("table").textContent).toContain("Name of usr_1"));
  expect(screen.getByRole("table").textContent).toContain("usr_9");
  await userEvent.click(screen.getByRole("button", { name: "Show everyone’s entries" }));
  await waitFor(() => expect(location.search).toBe(""));
});

it("whoever needs a second factor finds out in the console where to set one up", async () => {
  await open("/console/people", { "GET /api/me": () => [200, { ...user("usr_0", "admin"), permissions: ["users.read"], must_set_up_second_factor: true }] });
  expect((await screen.findByRole("link", { name: "Set it up" })).getAttribute("href")).toBe("/app/security");
});
