import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeAll, describe, expect, it } from "vitest";

import { LOCAL, LOCAL_URL, STOPPED } from "../fake-desk";
import type { LocalState } from "../shell-types";
import { given, openWindow, press, siteOf, startEnglish } from "../test-window";

beforeAll(startEnglish);

const RUNNING: LocalState = { state: "running", url: LOCAL_URL, version: "0.1.0", process: 4711, needs_setup: false, taken_port: null };
const as = (server: LocalState) => ({ local: { ...STOPPED, connection: LOCAL.id, server } });
const fill = async (label: string | RegExp, text: string) => userEvent.type(await screen.findByLabelText(label), text, { delay: null });

describe("the server of this app", () => {
  it("is started by one press, and says where it is", async () => {
    openWindow("/local-server", { startsAs: RUNNING });
    await press("Start");
    await screen.findByText(`${LOCAL_URL}/v1`);
    expect(screen.getByText("Running")).toBeDefined();
    await press("Stop");
    await screen.findByText("Stopped");
  });

  it("is called running only once the shell says so", async () => {
    const { shell } = openWindow("/local-server", { startsAs: RUNNING });
    const release = shell.hold("startLocalServer");
    await press("Start");
    expect(screen.getByText("Stopped")).toBeDefined();
    release();
    await screen.findByText("Running");
  });

  it("gets its first owner here, whose password is nowhere afterwards", async () => {
    const { shell, address } = openWindow("/local-server", { ...as({ ...RUNNING, needs_setup: true }), sites: { [LOCAL.id]: siteOf() } });
    await fill("E-mail", "owner@example.com");
    await fill("Password", "a long password");
    await fill("Repeat password", "another password");
    await press("Create owner and open console");
    await screen.findByText("The two are different");
    expect(given(shell, "setUpLocalServer")).toEqual([]);
    await userEvent.clear(screen.getByLabelText("Repeat password"));
    await fill("Repeat password", "a long password");
    await press("Create owner and open console");
    await waitFor(() => expect(address()).toBe("/console"));
    expect(given(shell, "setUpLocalServer")).toEqual([[{ email: "owner@example.com", password: "a long password" }]]);
    expect(shell.desk.selected).toBe(LOCAL.id);
    expect(document.documentElement.outerHTML).not.toContain("a long password");
  });

  it("refuses a password that the server would refuse", async () => {
    const { shell } = openWindow("/local-server", as({ ...RUNNING, needs_setup: true }));
    await fill("E-mail", "owner@example.com");
    await fill("Password", "short");
    await fill("Repeat password", "short");
    await press("Create owner and open console");
    await screen.findByText("Use at least 10 characters");
    expect(given(shell, "setUpLocalServer")).toEqual([]);
  });

  it("says what the server refused in setting it up", async () => {
    const { shell } = openWindow("/local-server", as({ ...RUNNING, needs_setup: true }));
    await fill("E-mail", "owner@example.com");
    await fill("Password", "a long password");
    await fill("Repeat password", "a long password");
    shell.failNext("setUpLocalServer", "refused", "Too many people use this password.");
    await press("Create owner and open console");
    await screen.findByText("The site refused: Too many people use this password.");
  });

  it.each<[LocalState, RegExp]>([
    [{ state: "failed", reason: "did_not_start", exit_code: 1, message: "error: the database is locked" }, /The server ended before it was ready/],
    [{ state: "failed", reason: "did_not_start", exit_code: 1, message: "error: Address already in use (os error 98)" }, /Another program holds the port/],
    [{ state: "failed", reason: "not_installed", exit_code: null, message: null }, /Install this app again/],
    [{ state: "failed", reason: "too_slow", exit_code: null, message: null }, /wasn’t ready in time/],
    [{ state: "failed", reason: "wrong_server", exit_code: null, message: null }, /Another program answered/],
    [{ state: "failed", reason: "ended", exit_code: 137, message: null }, /ended by itself/],
    [{ state: "unhealthy", url: LOCAL_URL }, /doesn’t answer at/],
    [{ state: "starting" }, /takes a few seconds/],
    [{ state: "stopping" }, /Calls that are under way/],
  ])("says how it is: %o", async (server, words) => {
    openWindow("/local-server", as(server));
    await screen.findByText(words);
    if (server.state === "failed") {
      if (server.message !== null) expect(screen.getByText(server.message)).toBeDefined();
      if (server.exit_code !== null) expect(screen.getByText(`Exit code ${server.exit_code}.`)).toBeDefined();
      expect(screen.getByRole("button", { name: "Start again" })).toBeDefined();
    }
  });

  it("shows what the shell tells of it without being asked again", async () => {
    const { shell } = openWindow("/local-server", as(RUNNING));
    await screen.findByText("Running");
    shell.desk.local = { ...shell.desk.local, server: { state: "unhealthy", url: LOCAL_URL } };
    shell.tell("local-server", null);
    await screen.findByText("Not answering");
  });

  it("opens its console by one press", async () => {
    const { shell, address } = openWindow("/local-server", { ...as(RUNNING), sites: { [LOCAL.id]: siteOf() } });
    await press("Open console");
    await waitFor(() => expect(address()).toBe("/console"));
    expect(shell.desk.selected).toBe(LOCAL.id);
  });

  it("becomes a service only after what that means was said, and is not started beside it", async () => {
    const { shell } = openWindow("/local-server");
    await userEvent.click(await screen.findByRole("switch", { name: "Keep the server running without this app" }));
    await screen.findByText(/From then on it runs on its own/);
    expect(given(shell, "keepLocalServerRunning")).toEqual([]);
    await press("Install service");
    await screen.findByText("Runs as a service");
    expect(screen.queryByRole("button", { name: "Start" })).toBeNull();
    // The connection of this computer goes on with the service.
    await screen.findByText(`${LOCAL_URL}/v1`);
    expect(screen.getByRole("button", { name: "Open console" })).toBeDefined();
  });

  it("says what holds the port that it should have had", async () => {
    openWindow("/local-server", as({ ...RUNNING, taken_port: { port: 8787, holder: { process: 99, program: "other-server" } } }));
    await screen.findByText(/Port 8787 is taken by other-server \(process 99\)/);
  });

  it("says why it cannot become a service", async () => {
    openWindow("/local-server", { local: { ...STOPPED, can_be_service: false } });
    await screen.findByText(/This needs systemd/);
    expect(screen.getByRole<HTMLInputElement>("switch").disabled).toBe(true);
  });
});

describe("the log", () => {
  it("goes on while it is followed, asks for new lines only, and stands still when paused", async () => {
    const { shell } = openWindow("/local-server");
    const log = await screen.findByRole("log");
    await waitFor(() => expect(log.textContent).toContain("listening on"));
    shell.desk.log.push({ number: 3, source: "log", text: "a call came <b>in</b>" });
    await waitFor(() => expect(log.textContent).toContain("a call came <b>in</b>"));
    expect(given(shell, "listLocalLog").at(0)).toEqual([0]);
    await waitFor(() => expect(given(shell, "listLocalLog").at(-1)).toEqual([4]));
    await press("Pause");
    const asked = given(shell, "listLocalLog").length;
    shell.desk.log.push({ number: 4, source: "app", text: "later" });
    await press("Copy log");
    await waitFor(() => expect(shell.desk.copied.at(-1)?.text).toContain("a call came"));
    expect(given(shell, "listLocalLog")).toHaveLength(asked);
    await press("Follow");
    await waitFor(() => expect(log.textContent).toContain("later"));
  });
});
