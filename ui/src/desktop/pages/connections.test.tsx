import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeAll, describe, expect, it } from "vitest";

import { BLOCKED, INVITATION, LOCAL_INVITATION, OTHER_KEY, PINNED, PRODUCTION, STAGING, UNPAIRED, WRONG_INVITATION } from "../fake-desk";
import { given, openWindow, press, startEnglish } from "../test-window";

beforeAll(startEnglish);

const codeField = () => screen.findByLabelText<HTMLInputElement>("Pairing code");
const paste = async (text: string) => {
  const field = await codeField();
  await waitFor(() => expect(document.activeElement).toBe(field));
  await userEvent.paste(text);
};
const rows = async () => within(await screen.findByRole("list", { name: "Connections" })).getAllByRole("listitem");
const choose = async (name: string, deed: string) => {
  await press(`More for ${name}`);
  await userEvent.click(await screen.findByRole("menuitem", { name: deed }));
};
/** The letters of a fingerprint, however they are grouped. */
const showsKey = (key: string) => [...document.querySelectorAll("dialog[open] code, main code")].some(({ textContent }) => textContent === key);

describe("adding a connection", () => {
  it("takes two presses: Add, and the agreement to what is shown", async () => {
    const { shell, address } = openWindow("/connections");
    await press("Add");
    await paste(INVITATION);
    await screen.findByText("new.example.com", { selector: "p" });
    expect(showsKey(PINNED)).toBe(true);
    await press("It matches, pair");
    await waitFor(() => expect(address()).toBe("/console"));
    const [[approval]] = given(shell, "approvePairing") as [[unknown]];
    expect(approval).toEqual({
      draft: { name: "new.example.com", colour: "red", environment: "production", write_guard: "locked", proxy: null },
      device_name: "Waystation desktop",
      pin_key: false,
    });
    expect(shell.desk.connections.find(({ id }) => id === shell.desk.selected)?.address).toBe("https://new.example.com");
  });

  it("looks at what is typed once its writer pauses", async () => {
    const { shell } = openWindow("/connections");
    await press("Add");
    await userEvent.type(await codeField(), LOCAL_INVITATION, { delay: null });
    await screen.findByText("The site is on this computer and is reached without encryption.");
    expect(given(shell, "proposePairing").at(-1)).toEqual([LOCAL_INVITATION]);
  });

  it("keeps the code nowhere on the page once the shell has it", async () => {
    openWindow("/connections");
    await press("Add");
    await paste(INVITATION);
    await screen.findByText("new.example.com", { selector: "p" });
    expect(document.documentElement.outerHTML).not.toContain(INVITATION.slice(40, 80));
    await press("Use another code");
    expect((await codeField()).value).toBe("");
  });

  it("says where a code comes from to whoever has an address only, and asks the shell nothing", async () => {
    const { shell } = openWindow("/connections");
    await press("Add");
    await paste("https://ai.example.com");
    await screen.findByText(/That is an address/);
    expect(screen.getByText("waystation admin pair")).toBeDefined();
    expect(given(shell, "proposePairing")).toEqual([]);
  });

  it("says what is wrong with a text that is no code", async () => {
    openWindow("/connections");
    await press("Add");
    await paste("hello");
    await screen.findByText("That isn’t a pairing code. It starts with waystation://pair.");
    expect((await codeField()).getAttribute("aria-invalid")).toBe("true");
  });

  it("offers to look again where the site was not reached", async () => {
    const { shell } = openWindow("/connections");
    shell.failNext("proposePairing", "no_connection");
    await press("Add");
    await paste(INVITATION);
    await screen.findByText(/The site can’t be reached/);
    await press("Try again");
    await screen.findByText("new.example.com", { selector: "p" });
  });

  it("is blocked where the site shows another key: both are shown, and nothing can be agreed to", async () => {
    const { shell } = openWindow("/connections");
    await press("Add");
    await paste(WRONG_INVITATION);
    const dialog = await screen.findByRole("alertdialog", { name: "This isn’t the site that the code was made by" });
    expect(showsKey(PINNED)).toBe(true);
    expect(showsKey(OTHER_KEY)).toBe(true);
    expect(within(dialog).queryByRole("button", { name: /pair/i })).toBeNull();
    await userEvent.click(within(dialog).getAllByRole("button", { name: "Close" }).at(-1) as HTMLElement);
    await waitFor(() => expect(shell.desk.proposal).toBeNull());
    expect(given(shell, "approvePairing")).toEqual([]);
  });

  it("asks for a new code where the site refuses this one, and says what the site says", async () => {
    const { shell } = openWindow("/connections");
    await press("Add");
    await paste(INVITATION);
    await screen.findByText("new.example.com", { selector: "p" });
    shell.failNext("approvePairing", "refused", "The code has expired.");
    shell.desk.proposal = null;
    await press("It matches, pair");
    await screen.findByText(/The site didn’t accept the code/);
    expect(screen.getByText("The site says: The code has expired.")).toBeDefined();
    expect((await codeField()).value).toBe("");
  });

  it("shows both keys where the site’s changed between looking and pairing", async () => {
    const { shell } = openWindow("/connections");
    await press("Add");
    await paste(INVITATION);
    await screen.findByText("new.example.com", { selector: "p" });
    shell.failNext("approvePairing", "key_changed", "changed", { expected: PINNED, found: OTHER_KEY });
    shell.desk.proposal = null;
    await press("It matches, pair");
    await screen.findByText("This isn’t the site that the code was made by");
    expect([showsKey(PINNED), showsKey(OTHER_KEY)]).toEqual([true, true]);
  });

  it("keeps the proposal while the keyring is missing, and makes an encrypted file instead", async () => {
    const { shell } = openWindow("/connections", { secrets: { place: "keyring", condition: "unavailable", has_passphrase_file: false } });
    await press("Add");
    await paste(INVITATION);
    await screen.findByText("new.example.com", { selector: "p" });
    await press("It matches, pair");
    await userEvent.click(await screen.findByRole("button", { name: "Create encrypted file" }));
    const [passphrase, repeat] = await Promise.all([screen.findByLabelText<HTMLInputElement>("Passphrase"), screen.findByLabelText<HTMLInputElement>("Repeat passphrase")]);
    await userEvent.type(passphrase, "correct horse battery", { delay: null });
    await userEvent.type(repeat, "correct horse battery", { delay: null });
    await userEvent.click(screen.getAllByRole("button", { name: "Create encrypted file" }).at(-1) as HTMLElement);
    await waitFor(() => expect(shell.desk.secrets.place).toBe("passphrase_file"));
    await press("It matches, pair");
    await waitFor(() => expect(shell.desk.connections.some(({ address }) => address === "https://new.example.com")).toBe(true));
    expect(document.documentElement.outerHTML).not.toContain("correct horse");
  });

  it("pairs a site that is known already anew: it keeps its place, name and guard", async () => {
    const sg = { address: UNPAIRED.address ?? "", host: "sg.example.com", is_loopback: false, expected: PINNED, seen: { fingerprint: PINNED, is_trusted: false }, may_pair: true, tls: { kind: "pinned_key", fingerprint: PINNED }, replaces: null } as const;
    const { shell } = openWindow("/connections", { proposals: { [INVITATION]: sg } });
    await choose("Singapore", "Pair again");
    await paste(INVITATION);
    await screen.findByText(/This pairs “Singapore” again/);
    await press("It matches, pair");
    await waitFor(() => expect(shell.desk.connections[2]?.condition).toBe("online"));
    expect(shell.desk.connections[2]).toMatchObject({ id: UNPAIRED.id, name: "Singapore", write_guard: "read_only" });
    expect(shell.desk.connections).toHaveLength(5);
  });

  it("shows both keys where a site that is known already has another one now", async () => {
    const archive = { address: BLOCKED.address ?? "", host: "archive.example.com", is_loopback: false, expected: OTHER_KEY, seen: { fingerprint: OTHER_KEY, is_trusted: false }, may_pair: true, tls: { kind: "pinned_key", fingerprint: OTHER_KEY }, replaces: null } as const;
    openWindow("/connections", { proposals: { [INVITATION]: archive } });
    await choose("Archive", "Pair again");
    await paste(INVITATION);
    await screen.findByText("The site’s key is not the one it was known by");
    expect([showsKey(PINNED), showsKey(OTHER_KEY)]).toEqual([true, true]);
  });

  it("leads from an address to where its site makes a code", async () => {
    const { shell } = openWindow("/connections");
    await press("Add");
    await paste("https://ai.example.com");
    await press("Open the site in the browser");
    await waitFor(() => expect(given(shell, "openPairingPage")).toEqual([["https://ai.example.com"]]));
  });
});

describe("the list of connections", () => {
  it("shows hostile names as text", async () => {
    const name = '<img src=x onerror="alert(1)">';
    openWindow("/connections", { connections: [{ ...PRODUCTION, name }] });
    const [row] = await rows();
    expect(row?.textContent).toContain(name);
    expect(document.querySelector("img[src=x]")).toBeNull();
    await choose(name, "Remove");
    await screen.findByRole("alertdialog", { name: `Remove “${name}”?` });
  });

  it("offers two ways to a first connection", async () => {
    openWindow("/connections", { connections: [], selected: null });
    await screen.findByText("No connections yet");
    expect(screen.getByRole("link", { name: "Start a server on this computer" }).getAttribute("href")).toContain("/local-server");
    await press("Add a connection");
    await codeField();
  });

  it("is put in order", async () => {
    const { shell } = openWindow("/connections");
    await choose("Rehearsal", "Move up");
    await waitFor(() => expect(shell.desk.connections[0]?.id).toBe(STAGING.id));
    expect((await rows())[0]?.textContent).toContain("Rehearsal");
  });

  it("loosens a lock only for who types the connection’s name", async () => {
    const { shell } = openWindow("/connections");
    await choose("Example AI", "Edit");
    await userEvent.selectOptions(await screen.findByLabelText("Changes"), "open");
    await userEvent.type(await screen.findByLabelText("Type “Example AI” to loosen the lock"), "Example", { delay: null });
    await press("Save");
    await screen.findByText("That isn’t the connection’s name");
    expect(shell.desk.connections[0]?.write_guard).toBe("locked");
    await userEvent.type(screen.getByLabelText("Type “Example AI” to loosen the lock"), " AI", { delay: null });
    await press("Save");
    await waitFor(() => expect(shell.desk.connections[0]?.write_guard).toBe("open"));
  });

  it("is known by something else only once the site passes that too", async () => {
    const { shell } = openWindow("/connections", { savesTo: "/srv/desk/authorities.pem" });
    await choose("Rehearsal", "Change how it is known");
    await screen.findByText(/Now: Certificate authorities of this system/);
    await userEvent.click(await screen.findByRole("radio", { name: /The key it shows now/ }));
    shell.failNext("changeTrust", "untrusted");
    await press("Change");
    await screen.findByText("The site’s certificate isn’t trusted. Nothing was sent.");
    expect(shell.desk.connections[1]?.tls).toEqual({ kind: "system" });
    await userEvent.click(screen.getByRole("radio", { name: /Authorities in a file/ }));
    await press("Change");
    await waitFor(() => expect(shell.desk.connections[1]?.tls).toEqual({ kind: "ca_file", path: "/srv/desk/authorities.pem" }));
    expect(given(shell, "changeTrust")).toEqual([[STAGING.id, "present_key"], [STAGING.id, "ca_file"]]);
  });

  it("that is read only is locked before it is opened", async () => {
    openWindow("/connections");
    await choose("Singapore", "Edit");
    const guards = within(await screen.findByLabelText("Changes")).getAllByRole("option").map(({ textContent }) => textContent);
    expect(guards).toEqual(["Locked", "Read only"]);
  });

  it("refuses a proxy with a password in it", async () => {
    const { shell } = openWindow("/connections");
    await choose("Rehearsal", "Edit");
    const proxy = await screen.findByLabelText(/^Proxy/);
    await userEvent.clear(proxy);
    await userEvent.type(proxy, "http://a:b@proxy.example.com", { delay: null });
    await press("Save");
    await screen.findByText(/without a name or password/);
    expect(given(shell, "updateConnection")).toEqual([]);
  });

  it("ends the session at the site with what is removed, unless the reader wants it kept", async () => {
    const { shell } = openWindow("/connections");
    await choose("Rehearsal", "Remove");
    await press("Remove");
    await waitFor(() => expect(shell.desk.connections.some(({ id }) => id === STAGING.id)).toBe(false));
    expect(given(shell, "signOut")).toEqual([[STAGING.id]]);
    await choose("Example AI", "Remove");
    await userEvent.click(await screen.findByRole("checkbox", { name: "Also end this device’s session at the site" }));
    await press("Remove");
    await waitFor(() => expect(shell.desk.connections.some(({ id }) => id === PRODUCTION.id)).toBe(false));
    expect(given(shell, "signOut")).toHaveLength(1);
  });

  it("keeps what could not be removed, and says why", async () => {
    const { shell } = openWindow("/connections");
    await choose("Singapore", "Remove");
    shell.failNext("removeConnection", "secrets_locked");
    await press("Remove");
    await screen.findByText("Your stored sign-ins are locked. Unlock them first.");
    expect(shell.desk.connections.some(({ id }) => id === UNPAIRED.id)).toBe(true);
  });

  it("shows what an import would do before it does, and takes what was chosen", async () => {
    const fresh = { ...STAGING, id: "con_new", name: "Frankfurt" };
    const { shell } = openWindow("/connections", {
      importable: {
        connections: [
          { connection: fresh, change: { kind: "added" }, needs_pairing: true },
          { connection: { ...STAGING, name: "Renamed" }, change: { kind: "changed", fields: ["name", "tls"] }, needs_pairing: false },
          { connection: PRODUCTION, change: { kind: "none" }, needs_pairing: false },
        ],
      },
    });
    await press("More for all connections");
    await userEvent.click(await screen.findByRole("menuitem", { name: "Import…" }));
    await screen.findByText("Changes: name and how it is known");
    expect(given(shell, "applyImport")).toEqual([]);
    await userEvent.click(screen.getByRole("checkbox", { name: "Renamed" }));
    await press("Import 1 connection");
    await waitFor(() => expect(given(shell, "applyImport")).toEqual([[["con_new"]]]));
  });

  it("says where the export is, and nothing where it was given up", async () => {
    const { shell } = openWindow("/connections");
    await press("More for all connections");
    await userEvent.click(await screen.findByRole("menuitem", { name: "Export…" }));
    await screen.findByText("Saved to /srv/desk/waystation.json");
    expect(given(shell, "exportConnections")).toHaveLength(1);
  });
});

describe("a site that cannot be shown", () => {
  it("shows both keys where its key has changed, and no way but to pair again", async () => {
    openWindow("/console", { selected: BLOCKED.id });
    await screen.findByText("The key of Archive has changed");
    await waitFor(() => expect([showsKey(PINNED), showsKey(OTHER_KEY)]).toEqual([true, true]));
    await press("Pair again");
    await screen.findByRole("dialog", { name: "Pair “Archive” again" });
  });

  it("opens once the passphrase is right, and forgets what was typed", async () => {
    const { shell } = openWindow("/console", { passphrase: "correct horse battery", secrets: { place: "passphrase_file", condition: "locked", has_passphrase_file: true } });
    const field = await screen.findByLabelText<HTMLInputElement>("Passphrase");
    await userEvent.type(field, "wrong horse battery", { delay: null });
    await press("Unlock");
    await screen.findByText("That isn’t the passphrase.");
    await userEvent.clear(field);
    await userEvent.type(field, "correct horse battery", { delay: null });
    await press("Unlock");
    await waitFor(() => expect(screen.queryByLabelText("Passphrase")).toBeNull());
    expect(shell.desk.secrets.condition).toBe("ready");
    expect(document.documentElement.outerHTML).not.toContain("horse");
  });
});
