import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeAll, describe, expect, it } from "vitest";

import { strengthOf } from "../secrets/passphrase-strength";
import type { AppView } from "../shell-types";
import { given, openWindow, press, startEnglish } from "../test-window";

beforeAll(startEnglish);

const app = (changes: Partial<AppView> = {}): { app: AppView } => ({
  app: { version: "0.1.0", language: "en", bundle: "appimage", notice: null, can_update: true, autostart: false, link: null, ...changes },
});

describe("the app’s choices", () => {
  it("count only once the shell has them", async () => {
    const { shell } = openWindow("/app");
    const notifications = await screen.findByRole<HTMLInputElement>("switch", { name: "Notifications" });
    expect(notifications.checked).toBe(true);
    const release = shell.hold("updatePreferences");
    await userEvent.click(notifications);
    expect(notifications.checked).toBe(true);
    release();
    await waitFor(() => expect(notifications.checked).toBe(false));
    expect(shell.desk.preferences).toEqual({ language: null, has_notifications: false, stays_in_tray: null });
  });

  it("stay as they were where the system refuses, and the page says so", async () => {
    const { shell } = openWindow("/app");
    const autostart = await screen.findByRole<HTMLInputElement>("switch", { name: "Start with this computer" });
    shell.failNext("setAutostart", "autostart");
    await userEvent.click(autostart);
    await screen.findByText("The system refused to change what starts with it.");
    expect(autostart.checked).toBe(false);
  });
});

describe("updates", () => {
  it("are left to the package manager where one installed the app", async () => {
    openWindow("/app", app({ bundle: "deb", can_update: false }));
    await screen.findByText("Your package manager updates this app.");
    expect(screen.queryByRole("button", { name: "Check for updates" })).toBeNull();
  });

  it("show their notes as text, and install or are skipped", async () => {
    const { shell } = openWindow("/app", { ...app(), update: { version: "0.2.0", notes: "<b>Faster</b>" } });
    await press("Check for updates");
    await screen.findByText("Version 0.2.0 is available");
    expect(screen.getByText("<b>Faster</b>")).toBeDefined();
    await press("Install and restart");
    await waitFor(() => expect(given(shell, "installUpdate")).toHaveLength(1));
    await press("Skip this version");
    await waitFor(() => expect(screen.queryByText("Version 0.2.0 is available")).toBeNull());
    expect(given(shell, "skipUpdate")).toEqual([["0.2.0"]]);
    await press("Check for updates");
    await screen.findByText(/This is the newest version/);
  });
});

describe("stored sign-ins", () => {
  it("go into an encrypted file only under a passphrase that is long enough and repeated", async () => {
    const { shell } = openWindow("/app");
    await press("Use an encrypted file instead");
    const passphrase = await screen.findByLabelText("Passphrase");
    await userEvent.type(passphrase, "short", { delay: null });
    await screen.findByText("Strength: weak");
    await press("Create encrypted file");
    await screen.findByText("Use at least 12 characters.");
    await userEvent.type(passphrase, " but longer now", { delay: null });
    await press("Create encrypted file");
    await screen.findByText("The two are different");
    expect(given(shell, "createPassphraseFile")).toEqual([]);
    await userEvent.type(screen.getByLabelText("Repeat passphrase"), "short but longer now", { delay: null });
    await press("Create encrypted file");
    await screen.findByText(/They are in a file that is encrypted/);
    expect(document.documentElement.outerHTML).not.toContain("longer now");
  });

  it("say what moving to the keyring costs before it is done", async () => {
    const { shell } = openWindow("/app", { secrets: { place: "passphrase_file", condition: "ready", has_passphrase_file: true } });
    await press("Use the system’s keyring instead");
    await screen.findByText(/have to be paired again, until you change back/);
    expect(given(shell, "chooseKeyring")).toEqual([]);
    await press("Use keyring");
    await screen.findByText("They are in this system’s keyring.");
  });

  it.each([["aaaaaaaaaaaaaaaaaaaaaaaa", "weak"], ["short", "weak"], ["horse battery", "fair"], ["correct horse battery staple", "strong"]] as const)("call %s %s", (passphrase, strength) => {
    expect(strengthOf(passphrase)).toBe(strength);
  });
});

describe("diagnostics", () => {
  it("say where they are", async () => {
    openWindow("/app", { savesTo: "/srv/desk/diagnostics.json" });
    await press("Save diagnostics…");
    await screen.findByText("Saved to /srv/desk/diagnostics.json");
  });
});

describe("a link that started the app", () => {
  it("leads to its page", async () => {
    const { address } = openWindow("/", {}, { page: { page: "connections" } });
    await waitFor(() => expect(address()).toBe("/connections"));
  });

  it("is told of where its site could not be looked at", async () => {
    openWindow("/", {}, { failure: { code: "no_connection", message: "the site cannot be reached" } });
    await screen.findByText(/The site can’t be reached/);
  });
});
