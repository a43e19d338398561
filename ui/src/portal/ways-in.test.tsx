import { RouterProvider } from "@tanstack/react-router";
import { cleanup, render, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeAll, beforeEach, describe, expect, it } from "vitest";

import { Services } from "@/features/services";
import { error, OPTIONS, serve, type Answers } from "@/features/test-site";
import portal from "@/i18n/messages/portal.en";
import shared from "@/i18n/messages/shared.en";
import { startLanguages } from "@/i18n/start";

import { takeFirstForm } from "./first-form";
import { router } from "./router";

const USER = {
  id: "usr_1", email: "ann@example.org", username: null, display_name: "Ann", role: "admin", status: "active", channel_group: null, locale: null,
  email_verified_at: null, created_at: "2026-11-21T04:00:00.000Z", balance: { available: "1.5", pending: "0", currency: "USD" },
  permissions: ["users.read"],
};
const GITHUB = { name: "github", title: "GitHub", preset: "github" };
const KEY = { key: { id: "key_1", name: "Default", preview: "sk-Ab…yz" }, secret: "sk-only-once" };
const ALWAYS: Answers = {
  "GET /api/auth/options": () => [200, OPTIONS],
  "GET /api/me": () => [200, USER],
  "GET /api/me/totp": () => [200, { enabled: false, enabled_at: null }],
  "GET /api/me/passkeys": () => [200, { items: [] }],
  "GET /api/me/recovery-codes": () => [200, { left: 0, total: 0 }],
  "GET /api/me/identities": () => [200, { items: [] }],
};

async function open(path: string, answers: Answers) {
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
  await startLanguages(async () => ({ shared, portal }));
});
beforeEach(() => {
  history.replaceState(null, "", "/forgot-password");
  router.history.push("/forgot-password");
});

describe("a site that takes nobody new", () => {
  const answers: Answers = { "GET /api/auth/options": () => [200, { ...OPTIONS, registration: "closed", providers: [GITHUB] }] };

  it("says so where others offer an account", async () => {
    await open("/sign-in", answers);
    await screen.findByText("This site isn’t taking new accounts.");
    expect(screen.queryByRole("link", { name: "Create an account" })).toBeNull();
    expect(screen.getByRole("button", { name: "Continue with GitHub" })).toBeTruthy();
  });

  it("shows nobody a form to register", async () => {
    await open("/register", answers);
    await screen.findByRole("heading", { name: "New accounts are closed" });
    expect(screen.queryByRole("textbox")).toBeNull();
  });
});

describe("a site for whoever is invited", () => {
  const options = { ...OPTIONS, registration: "invite", providers: [GITHUB] };

  it("asks for the invitation, as its link or its code, and sends the code", async () => {
    const sent: Record<string, string>[] = [];
    await open("/register", {
      "GET /api/auth/options": () => [200, options],
      "POST /api/auth/register": (body) => {
        sent.push(body);
        return [202, { next: "open_mail" }];
      },
    });
    const field = await screen.findByLabelText("Invitation");
    expect(screen.getByRole("button", { name: "Continue with GitHub" }).getAttribute("aria-disabled")).toBe("true");
    await userEvent.type(screen.getByLabelText("E-mail"), "ann@example.org");
    await userEvent.type(screen.getByLabelText("Password"), "correct horse battery");
    await userEvent.click(screen.getByRole("button", { name: "Create account" }));
    expect(sent).toEqual([]);
    await userEvent.type(field, "https://ai.example.com/register#invite=Xq7Z-t3");
    expect(screen.getByRole("button", { name: "Continue with GitHub" }).getAttribute("aria-disabled")).toBeNull();
    await userEvent.click(screen.getByRole("button", { name: "Create account" }));
    await screen.findByRole("heading", { name: "Check your inbox" });
    expect(sent.map(({ invite }) => invite)).toEqual(["Xq7Z-t3"]);
  });

  it("does not ask whoever comes by the link", async () => {
    history.replaceState(null, "", "/register#invite=Xq7Z-t3");
    await open("/register#invite=Xq7Z-t3", { "GET /api/auth/options": () => [200, options] });
    await screen.findByText("You’ve been invited. Fill in your details to join.");
    expect(screen.queryByLabelText("Invitation")).toBeNull();
  });
});

it("a site without mail says how else a password is reset", async () => {
  await open("/forgot-password", { "GET /api/auth/options": () => [200, { ...OPTIONS, is_mail_sent: false }] });
  await screen.findByText(/This site doesn’t send e-mail/);
  expect(screen.queryByRole("textbox")).toBeNull();
});

it("a way back that leads to another site is not taken after a second factor either", async () => {
  const hash = "#challenge=chl_1&methods=totp&return=%2F%2Fevil.example";
  history.replaceState(null, "", `/sign-in${hash}`);
  await open(`/sign-in${hash}`, {
    "POST /api/auth/second-factor/methods": () => [200, { challenge: "chl_1", methods: ["totp"] }],
    "POST /api/auth/second-factor": () => [200, { status: "signed_in", user: USER, session: "ses_1", expires_at: "2026-12-21T04:00:00.000Z" }],
  });
  await userEvent.type(await screen.findByLabelText("6-digit code"), "123456");
  await userEvent.click(screen.getByRole("button", { name: "Verify" }));
  await waitFor(() => expect(router.state.location.pathname).toBe("/app"));
});

describe("the first key of somebody who came by a provider", () => {
  it("is asked for once, and stays until it is saved", async () => {
    let asked = 0;
    let seen = 0;
    await open("/app", {
      "GET /api/me": () => {
        seen += 1;
        return [200, { ...USER, is_first_key_due: asked === 0 }];
      },
      "PATCH /api/me": () => [200, USER],
      "POST /api/me/first-key": () => {
        asked += 1;
        return [201, KEY];
      },
    });
    const dialog = await screen.findByRole("dialog", { name: "Your first API key" });
    expect(dialog.textContent).toContain("sk-only-once");
    // The server is asked again about the person, and no key is due any more.
    router.history.push("/app/profile");
    await userEvent.click(await screen.findByRole("button", { name: "Save changes" }));
    await screen.findByText("Profile saved");
    expect(seen).toBeGreaterThan(1);
    expect(screen.getByRole("dialog", { name: "Your first API key" })).toBeTruthy();
    await userEvent.click(screen.getByRole("button", { name: "I have saved it" }));
    await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
    expect(document.documentElement.outerHTML).not.toContain("sk-only-once");
    expect(asked).toBe(1);
  });

  it("is not mentioned where another page asked before", async () => {
    let isDue = true;
    await open("/app", {
      "GET /api/me": () => [200, { ...USER, is_first_key_due: isDue }],
      "POST /api/me/first-key": () => {
        isDue = false;
        return [409, error("already_exists")];
      },
    });
    await waitFor(() => expect(isDue).toBe(false));
    await screen.findByRole("heading", { name: "Hello, Ann" });
    expect(screen.queryByRole("dialog")).toBeNull();
  });
});

it("whoever needs a second factor is led to set one up, and let go on once it is there", async () => {
  let isHeld = true;
  await open("/app", {
    "GET /api/me": () => [200, { ...USER, must_set_up_second_factor: isHeld }],
    "GET /api/me/totp": () => [200, { enabled: !isHeld, enabled_at: null }],
    "POST /api/me/totp": () => [201, { secret: "JBSWY3DPEHPK3PXP", uri: "otpauth://totp/x?secret=JBSWY3DPEHPK3PXP" }],
    "POST /api/me/totp/confirm": ({ code }) => {
      if (code !== "123456") return [400, error("invalid_request", [{ field: "code", code: "invalid", message: "is not what the app shows" }])];
      isHeld = false;
      return [200, { codes: ["aaaa-bbbb"] }];
    },
  });
  await screen.findByText("Two-step verification required");
  expect(router.state.location.pathname).toBe("/app/security");
  expect(screen.queryByRole("link", { name: "Profile" })).toBeNull();
  await userEvent.click(screen.getByRole("button", { name: "Set up" }));
  const dialog = await screen.findByRole("dialog");
  await userEvent.type(within(dialog).getByLabelText("6-digit code"), "000000");
  await userEvent.click(within(dialog).getByRole("button", { name: "Turn on" }));
  await within(dialog).findByText("That code isn’t right. Wait for the next one and try again.");
  await userEvent.clear(within(dialog).getByLabelText("6-digit code"));
  await userEvent.type(within(dialog).getByLabelText("6-digit code"), "123456");
  await userEvent.click(within(dialog).getByRole("button", { name: "Turn on" }));
  await userEvent.click(await screen.findByRole("button", { name: "I have saved it" }));
  await waitFor(() => expect(screen.queryByText("Two-step verification required")).toBeNull());
  expect(screen.getAllByRole("link", { name: "Profile" }).length).toBeGreaterThan(0);
});

function typeBeforeTheScript() {
  document.body.insertAdjacentHTML("afterbegin", '<div id="first"><input id="first-login" value="ann"><input id="first-password" type="password" value="correct"></div>');
  document.querySelector<HTMLInputElement>("#first-password")?.focus();
  takeFirstForm();
  document.querySelector("#first")?.remove();
}

it("what was typed before the script was there stays, and so does the focus", async () => {
  typeBeforeTheScript();
  await open("/sign-in", {});
  const password = (await screen.findByLabelText("Password")) as HTMLInputElement;
  expect((screen.getByLabelText("E-mail or username") as HTMLInputElement).value).toBe("ann");
  expect(password.value).toBe("correct");
  expect(document.activeElement).toBe(password);
});

it("whoever has pressed before the script was there is signed in by it, once", async () => {
  const sent: Record<string, string>[] = [];
  document.documentElement.setAttribute("data-first-pressed", "");
  typeBeforeTheScript();
  await open("/sign-in", {
    "POST /api/auth/login": (body) => {
      sent.push(body);
      return [200, { status: "signed_in", user: USER, session: "ses_1", expires_at: "2026-12-21T04:00:00.000Z" }];
    },
  });
  await waitFor(() => expect(router.state.location.pathname).toBe("/app"));
  expect(sent).toEqual([{ login: "ann", password: "correct" }]);
  router.history.push("/sign-in");
  expect(((await screen.findByLabelText("Password")) as HTMLInputElement).value).toBe("");
});

it("a site without an owner leads from anywhere to its setup", async () => {
  const answers: Answers = Object.fromEntries(["GET /api/me", "GET /api/auth/options"].map((route) => [route, () => [503, error("setup_required")]]));
  for (const path of ["/", "/sign-in"]) {
    router.history.push("/forgot-password");
    await open(path, { ...answers, "GET /api/setup": () => [200, { required: true }] });
    await screen.findByRole("heading", { name: "Set up your Waystation" });
    expect(router.state.location.pathname).toBe("/setup");
    cleanup();
  }
});
