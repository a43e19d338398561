// What the shell in memory begins with: for tests, and for looking at the pages without the app.
import type { Connection, Fingerprint, LocalServerView, LogLine, Preferences, Proposal, SecretsState } from "./shell-types";

export const PINNED: Fingerprint = "q1Xo0mJ7t3cN9bVw2LrEeYh5uKzD8sFaG4iPxT6vRnM";
export const OTHER_KEY: Fingerprint = "Zk3dW9pLr7Qf1sHn5BvXy2TgMu8JcEo6AaRiKt4NwVU";

export const PRODUCTION: Connection = {
  id: "con_6f1f0c2e5b7c4a7f9a3f2d1e0b9c8d7a",
  name: "Example AI",
  colour: "red",
  environment: "production",
  place: { kind: "site", address: "https://ai.example.com" },
  tls: { kind: "pinned_key", fingerprint: PINNED },
  write_guard: "locked",
  condition: "online",
  address: "https://ai.example.com",
};

export const STAGING: Connection = {
  id: "con_1b2c3d4e5f60718293a4b5c6d7e8f901",
  name: "Rehearsal",
  colour: "amber",
  environment: "staging",
  place: { kind: "site", address: "https://staging.example.com" },
  tls: { kind: "system" },
  proxy: "socks5h://127.0.0.1:1080",
  write_guard: "open",
  condition: "troubled",
  address: "https://staging.example.com",
};

export const UNPAIRED: Connection = {
  id: "con_2a2a2a2a2a2a4a2a8a2a2a2a2a2a2a2a",
  name: "Singapore",
  colour: "blue",
  environment: "production",
  place: { kind: "site", address: "https://sg.example.com:8443" },
  tls: { kind: "ca_file", path: "/srv/desk/authorities/example.pem" },
  write_guard: "read_only",
  condition: "needs_pairing",
  address: "https://sg.example.com:8443",
};

export const BLOCKED: Connection = {
  id: "con_3b3b3b3b3b3b4b3b8b3b3b3b3b3b3b3b",
  name: "Archive",
  colour: "violet",
  environment: "development",
  place: { kind: "site", address: "https://archive.example.com" },
  tls: { kind: "pinned_key", fingerprint: PINNED },
  write_guard: "open",
  condition: "blocked",
  address: "https://archive.example.com",
};

export const LOCAL: Connection = {
  id: "con_4c4c4c4c4c4c4c4c8c4c4c4c4c4c4c4c",
  name: "This computer",
  colour: "grey",
  environment: "development",
  place: { kind: "this_app" },
  tls: { kind: "system" },
  write_guard: "open",
  condition: "offline",
  address: null,
};

/** The address of the server of this app while it runs. */
export const LOCAL_URL = "http://127.0.0.1:8787";

/** What pasting each of these texts is answered with. */
export const INVITATION = "waystation://pair?u=https%3A%2F%2Fnew.example.com&c=abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMN-_0&fp=" + PINNED;
export const WRONG_INVITATION = "waystation://pair?u=https%3A%2F%2Fnew.example.com&c=abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMN-_0&fp=" + OTHER_KEY;
export const LOCAL_INVITATION = "waystation://pair?u=http%3A%2F%2F127.0.0.1%3A9000&c=abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMN-_0&fp=";

const NEW_SITE = { address: "https://new.example.com", host: "new.example.com", is_loopback: false } as const;

export const PROPOSALS: Readonly<Record<string, Proposal>> = {
  [INVITATION]: {
    ...NEW_SITE,
    expected: PINNED,
    seen: { fingerprint: PINNED, is_trusted: false },
    may_pair: true,
    tls: { kind: "pinned_key", fingerprint: PINNED },
    replaces: null,
  },
  [WRONG_INVITATION]: { ...NEW_SITE, expected: OTHER_KEY, seen: { fingerprint: PINNED, is_trusted: true }, may_pair: false, tls: null, replaces: null },
  [LOCAL_INVITATION]: {
    address: "http://127.0.0.1:9000",
    host: "127.0.0.1",
    is_loopback: true,
    expected: null,
    seen: null,
    may_pair: true,
    tls: { kind: "system" },
    replaces: null,
  },
};

export const NO_CHOICES: Preferences = { language: null, has_notifications: null, stays_in_tray: null };

export const KEYRING: SecretsState = { place: "keyring", condition: "ready", has_passphrase_file: false };

export const STOPPED: LocalServerView = { server: { state: "stopped" }, is_service: false, can_be_service: true, connection: null };

export const LOG: readonly LogLine[] = [
  { number: 0, source: "app", text: "starting the server" },
  { number: 1, source: "log", text: "2026-11-21T04:00:00.000Z INFO the database is open" },
  { number: 2, source: "log", text: "2026-11-21T04:00:00.210Z INFO listening on 127.0.0.1:8787" },
];

/** A picture that a chart is answered with. */
export const CHART_SVG =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 640 320"><rect x="40" y="120" width="80" height="160" fill="#0f766e"/><rect x="160" y="60" width="80" height="220" fill="#0f766e"/><rect x="280" y="180" width="80" height="100" fill="#0f766e"/></svg>';
