import { RouterProvider } from "@tanstack/react-router";
import { render, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeAll, beforeEach, describe, expect, it } from "vitest";

import { Services } from "@/features/services";
import { error, OPTIONS, serve, type Answers } from "@/features/test-site";
import portal from "@/i18n/messages/portal.en";
import shared from "@/i18n/messages/shared.en";
import { startLanguages } from "@/i18n/start";

import { router } from "./router";

const USER = {
  id: "usr_1", email: "ann@example.org", username: null, display_name: "Ann", role: "user", status: "active", channel_group: null, locale: null,
  email_verified_at: null, created_at: "2026-11-21T04:00:00.000Z", balance: { available: "1.5", pending: "0", currency: "USD" },
};
const SIGNED_IN = { status: "signed_in", user: USER, session: "ses_1", expires_at: "2026-12-21T04:00:00.000Z" };
const ALWAYS: Answers = {
  "GET /api/auth/options": () => [200, OPTIONS],
  "GET /api/me": () => [200, { ...USER, permissions: [] }],
  "GET /api/me/totp": () => [200, { enabled: true, enabled_at: null }],
  "GET /api/me/passkeys": () => [200, { items: [] }],
  "GET /api/me/recovery-codes": () => [200, { left: 9, total: 10 }],
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
beforeEach(() => router.history.push("/forgot-password"));

const signIn = async () => {
  await userEvent.type(await screen.findByLabelText("E-mail or username"), "ann@example.org");
  await userEvent.type(screen.getByLabelText("Password"), "correct horse battery");
  await userEvent.click(screen.getByRole("button", { name: "Sign in" }));
};

describe("signing in", () => {
  it("leads back to the page that was asked for", async () => {
    await open("/sign-in?return=%2Fapp%2Fsecurity", { "POST /api/auth/login": () => [200, SIGNED_IN] });
    await signIn();
    await waitFor(() => expect(router.state.location.pathname).toBe("/app/security"));
  });

  it("never leads to another site", async () => {
    await open("/sign-in?return=%2F%2Fevil.example", { "POST /api/auth/login": () => [200, SIGNED_IN] });
    await signIn();
    await waitFor(() => expect(router.state.location.pathname).toBe("/app"));
  });

  it("asks for the second factor with the challenge that it was given", async () => {
    const seen: Record<string, string>[] = [];
    await open("/sign-in", {
      "POST /api/auth/login": () => [200, { status: "second_factor_required", challenge: "chl_1", methods: ["totp", "recovery_code"] }],
      "POST /api/auth/second-factor": (body) => {
        seen.push(body);
        return [200, SIGNED_IN];
      },
    });
    await signIn();
    await userEvent.type(await screen.findByLabelText("6-digit code"), "123 456");
    await userEvent.click(screen.getByRole("button", { name: "Verify" }));
    await waitFor(() => expect(router.state.location.pathname).toBe("/app"));
    expect(seen).toEqual([{ challenge: "chl_1", totp: "123456" }]);
  });

  it("goes on with a challenge that a provider's answer left in the address, and takes it out of there", async () => {
    history.replaceState(null, "", "/sign-in#challenge=chl_2&return=%2Fapp%2Fprofile");
    const asked: string[] = [];
    await open("/sign-in#challenge=chl_2&return=%2Fapp%2Fprofile", {
      "POST /api/auth/second-factor/methods": (body) => {
        asked.push(body.challenge ?? "");
        return [200, { challenge: "chl_2", methods: ["recovery_code"] }];
      },
      "POST /api/auth/second-factor": () => [200, SIGNED_IN],
    });
    await userEvent.type(await screen.findByLabelText("Recovery code"), "aaaa-bbbb");
    expect(location.hash).toBe("");
    await userEvent.click(screen.getByRole("button", { name: "Verify" }));
    await waitFor(() => expect(router.state.location.pathname).toBe("/app/profile"));
    expect(asked).toEqual(["chl_2"]);
  });

  it("shows the first key once, and not after it was saved", async () => {
    const first_key = { key: { id: "key_1", name: "Default", preview: "sk-Ab…yz" }, secret: "sk-only-once" };
    await open("/sign-in", { "POST /api/auth/login": () => [200, { ...SIGNED_IN, first_key }] });
    await signIn();
    expect((await screen.findByRole("dialog", { name: "Your first API key" })).textContent).toContain("sk-only-once");
    expect(router.state.location.pathname).toBe("/sign-in");
    await userEvent.click(screen.getByRole("button", { name: "I have saved it" }));
    await waitFor(() => expect(router.state.location.pathname).toBe("/app"));
    expect(document.documentElement.outerHTML).not.toContain("sk-only-once");
    expect(JSON.stringify(localStorage) + JSON.stringify(sessionStorage) + location.href).not.toContain("sk-only-once");
  });

  it("says the same for a wrong name and a wrong password", async () => {
    await open("/sign-in", { "POST /api/auth/login": () => [401, error("invalid_credentials")] });
    await signIn();
    expect((await screen.findByRole("alert")).textContent).toContain("The name or password isn’t right.");
  });
});

describe("forms", () => {
  it("show what the server says about a field at that field", async () => {
    await open("/register", { "POST /api/auth/register": () => [400, error("invalid_request", [{ field: "password", code: "too_common", message: "Too common." }])] });
    await userEvent.type(await screen.findByLabelText("E-mail"), "ann@example.org");
    await userEvent.type(screen.getByLabelText("Password"), "password123456");
    await userEvent.click(screen.getByRole("button", { name: "Create account" }));
    await screen.findByText("Too many people use this password. Choose another.");
    expect(screen.getByLabelText("Password").getAttribute("aria-invalid")).toBe("true");
    expect(screen.queryByRole("alert")).toBeNull();
  });

  it("send nothing that they know to be wrong", async () => {
    await open("/forgot-password", {});
    await userEvent.type(await screen.findByLabelText("E-mail"), "nobody");
    await userEvent.click(screen.getByRole("button", { name: "Send link" }));
    await screen.findByText("Enter a valid e-mail address");
  });
});

it("a call that needs a proof asks for it and goes ahead", async () => {
  const proofs: (string | null)[] = [];
  await open("/app/security", {
    "POST /api/me/recovery-codes": (_, request) => {
      proofs.push(request.headers.get("x-proof"));
      return proofs.length === 1 ? [403, error("proof_required")] : [200, { codes: ["aaaa-bbbb"] }];
    },
    "POST /api/auth/proof/start": () => [200, { methods: ["totp"] }],
    "POST /api/auth/proof": (body) => (body.totp === "123456" ? [200, { proof: "prf_1", expires_at: "2026-11-21T04:05:00.000Z" }] : [401, error("invalid_credentials")]),
  });
  await userEvent.click(await screen.findByRole("button", { name: "New codes" }));
  await userEvent.click(screen.getAllByRole("button", { name: "New codes" }).at(-1) as HTMLElement);
  await userEvent.type(await screen.findByLabelText("6-digit code"), "123456");
  await userEvent.click(screen.getByRole("button", { name: "Confirm" }));
  expect((await screen.findByRole("dialog", { name: "Save your recovery codes" })).textContent).toContain("aaaa-bbbb");
  expect(proofs).toEqual([null, "prf_1"]);
});
