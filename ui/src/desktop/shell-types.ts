// The shapes of what goes between the pages and the shell, as `desktop/core` and `desktop/app` write them.

/** What the app is. */
export type AppView = {
  version: string;
  /** The language of the tray and of notifications. */
  language: ShellLanguage;
  /** What it was installed from, as `deb` or `appimage`; null: unknown. */
  bundle: string | null;
  /** Why the list of connections began anew, if it did. */
  notice: "connections_damaged" | "connections_newer" | null;
  can_update: boolean;
  autostart: boolean;
  /** What a link came to that was opened before this was asked. */
  link: LinkNews | null;
};

/** What a link that was opened outside came to: a page to show, or why its site could not be looked at. */
export type LinkNews = { page: OpenTarget } | { failure: { code: string; message: string } };

export type ShellLanguage = "en" | "zh-CN";

/** The reader's choices; null: not chosen. */
export type Preferences = {
  language: ShellLanguage | null;
  /** Notifications are shown unless this is false. */
  has_notifications: boolean | null;
  /** Closing the window leaves the app in the tray, where there is one, unless this is false. */
  stays_in_tray: boolean | null;
};

export type NewVersion = { version: string; notes: string | null };

export type Colour = "teal" | "blue" | "violet" | "pink" | "red" | "amber" | "green" | "grey";

export type Environment = "production" | "staging" | "development";

/** What stands before changes: nothing, the site's name that has to be typed, or there are none. */
export type WriteGuard = "open" | "locked" | "read_only";

export type Place = { kind: "this_app" } | { kind: "site"; address: string };

/** By what a site is known. */
export type TlsPolicy = { kind: "system" } | { kind: "ca_file"; path: string } | { kind: "pinned_key"; fingerprint: string };

/** By what a site is to be known: by this system's authorities, those of a file that is chosen in a dialog, or the key that it shows now. */
export type TrustWish = "system" | "ca_file" | "present_key";

/** How a connection is. */
export type Condition = "unknown" | "online" | "troubled" | "offline" | "blocked" | "needs_pairing" | "locked";

/** A site that this app knows. */
export type KeptConnection = {
  id: string;
  name: string;
  colour: Colour;
  environment: Environment;
  place: Place;
  tls: TlsPolicy;
  proxy?: string | null;
  write_guard: WriteGuard;
};

/** A site that this app knows, and how it is. */
export type Connection = KeptConnection & {
  condition: Condition;
  /** Where it is now; null: the server of this app does not run. */
  address: string | null;
};

export type ConnectionsView = { connections: Connection[]; selected: string | null };

/** What the reader enters about a site. Without a guard, production gets the locked one and others none. */
export type ConnectionDraft = {
  name: string;
  colour: Colour;
  environment: Environment;
  write_guard?: WriteGuard | null;
  proxy?: string | null;
};

/** SHA-256 of a public key, in base64url. */
export type Fingerprint = string;

export type KeyChange = { expected: Fingerprint; found: Fingerprint };

/** What the reader is asked before this device pairs with a site. */
export type Proposal = {
  address: string;
  /** The host alone, in its ASCII form. */
  host: string;
  is_loopback: boolean;
  /** The key that the link names. */
  expected: Fingerprint | null;
  /** The key that the site shows, and whether this system believes it; null without TLS. */
  seen: { fingerprint: Fingerprint; is_trusted: boolean } | null;
  may_pair: boolean;
  /** By what the site would be known from then on. */
  tls: TlsPolicy | null;
  /** The connection to this address that there is already, with the key it was known by; it is paired anew. */
  replaces: { id: string; name: string; fingerprint: Fingerprint | null } | null;
};

export type Approval = { draft: ConnectionDraft; device_name: string; pin_key: boolean };

export type Paired = { id: string; email: string; role: string };

export type PreviewedConnection = {
  connection: KeptConnection;
  change: { kind: "added" } | { kind: "none" } | { kind: "changed"; fields: (keyof KeptConnection)[] };
  /** Whether this device has to be paired with it, and gives up the pairing that it has. */
  needs_pairing: boolean;
};

export type ImportPreview = { connections: PreviewedConnection[] };

/** A call to a site. */
export type Call = {
  connection: string;
  method: string;
  /** The path of a known operation, filled in. */
  path: string;
  query: [string, string][];
  /** `idempotency-key` and `x-proof` only. */
  headers: Record<string, string>;
  /** The text of one JSON object. */
  body: string | null;
};

export type CallAnswer = { status: number; headers: Record<string, string>; body: string };

/** A file of a site's. */
export type FileExport = { connection: string; operation: string; query: [string, string][] };

export type ExportOutcome = { path: string } | { refusal: CallAnswer };

export type ChartKind = "revenue_by_day" | "revenue_by_month" | "margin_by_day" | "margin_by_month" | "usage_by_model" | "own_usage_by_model";

export type ChartTheme = "light" | "dark";

export type PictureFormat = "svg" | "png";

export type Chart = {
  connection: string;
  kind: ChartKind;
  theme: ChartTheme;
  /** From 240 to 4096. */
  width: number;
  /** From 160 to 4096. */
  height: number;
  /** Inclusive, as `2026-11-01` or a time. */
  start_date?: string;
  /** Exclusive. */
  end_date?: string;
  time_zone?: string;
};

export type SecretsState = {
  place: "keyring" | "passphrase_file";
  condition: "ready" | "locked" | "unavailable";
  has_passphrase_file: boolean;
};

/** How the server of this app is. */
export type LocalState =
  | { state: "stopped" }
  | { state: "starting" }
  | { state: "running"; url: string; version: string; process: number; needs_setup: boolean; taken_port: TakenPort | null }
  | { state: "unhealthy"; url: string }
  | { state: "stopping" }
  | { state: "failed"; reason: StopReason; exit_code: number | null; message: string | null };

/** The port that the server should have had, and what has it instead; null: the system does not tell. */
export type TakenPort = { port: number; holder: { process: number; program: string } | null };

export type StopReason = "not_installed" | "did_not_start" | "too_slow" | "wrong_server" | "ended";

export type LocalServerView = {
  server: LocalState;
  /** Whether it is a service of the reader's, which goes on without the app. */
  is_service: boolean;
  can_be_service: boolean;
  /** The id of its connection. */
  connection: string | null;
};

export type LogLine = { number: number; source: "output" | "log" | "app"; text: string };

export type LocalOwner = { email: string; password: string; display_name?: string | null };

/** A page of the app that somebody wants to see. */
export type OpenTarget = { page: "window" } | { page: "connections" } | { page: "request"; id: string };

/** What the shell tells of, and with what. */
export type ShellEvents = {
  /** Connections have changed: ask again. */
  connections: null;
  /** The server of this app has changed: ask again. */
  "local-server": null;
  /** A proposal waits for an answer. */
  proposal: null;
  /** A link was opened, and its site could not be looked at. */
  "proposal-failed": { code: string; message: string };
  open: OpenTarget;
};
