// A shell in memory, for tests and for looking at the pages without the app. No build has it.
import * as begin from "./fake-desk";
import { ShellFailure, type Shell } from "./shell";
import type {
  AppView,
  Call,
  CallAnswer,
  Connection,
  ConnectionDraft,
  ConnectionsView,
  ExportOutcome,
  ImportPreview,
  KeyChange,
  LocalServerView,
  LocalState,
  LogLine,
  NewVersion,
  Preferences,
  Proposal,
  SecretsState,
  ShellEvents,
  TlsPolicy,
  TrustWish,
} from "./shell-types";

/** A site in memory. */
export type FakeSite = (call: Call) => CallAnswer | Promise<CallAnswer>;

/** Everything that a shell in memory knows. Change it between commands and `tell` of it. */
export type FakeDesk = {
  app: AppView;
  preferences: Preferences;
  connections: Connection[];
  selected: string | null;
  /** What answers calls, by connection's id. */
  sites: Record<string, FakeSite>;
  /** The connections whose changes are open. */
  openWrites: Set<string>;
  /** What a pasted text is answered with; any other is refused as foreign. */
  proposals: Record<string, Proposal>;
  proposal: Proposal | null;
  secrets: SecretsState;
  /** What the file of secrets is opened with. */
  passphrase: string | null;
  local: LocalServerView;
  /** What starting the server comes to. */
  startsAs: LocalState;
  log: LogLine[];
  /** What the file holds that the reader chooses; null: they choose none. */
  importable: ImportPreview | null;
  /** Where the reader lets files be written; null: they give it up. */
  savesTo: string | null;
  exported: ExportOutcome | null;
  update: NewVersion | null;
  chart: string;
  copied: { text: string; isSecret: boolean }[];
  opened: string[];
};

export type FakeShell = Shell & {
  desk: FakeDesk;
  /** The names of the commands that were given, in order, with what they were given. */
  given: [command: keyof Shell, ...given: unknown[]][];
  /** Lets the next call of a command fail. */
  failNext(command: keyof Shell, code: string, message?: string, keyChange?: KeyChange): void;
  /** Keeps a command waiting until what it gives is called. */
  hold(command: keyof Shell): () => void;
  /** Tells the pages of something, as the shell does. */
  tell<Name extends keyof ShellEvents>(name: Name, event: ShellEvents[Name]): void;
};

/** A shell with several connections, or with what is given instead. */
export function createFakeShell(changes: Partial<FakeDesk> = {}): FakeShell {
  const desk: FakeDesk = { ...createDesk(), ...changes };
  const given: FakeShell["given"] = [];
  const failures = new Map<keyof Shell, ShellFailure>();
  const held = new Map<keyof Shell, Promise<void>>();
  const ears = new Map<keyof ShellEvents, Set<(event: never) => void>>();

  const tell: FakeShell["tell"] = (name, event) => ears.get(name)?.forEach((hear) => hear(event as never));
  const told = () => tell("connections", null);

  /** A command: kept in mind, held up or failed where a test wants it. */
  function command<Given extends unknown[], Answer>(name: keyof Shell, act: (...args: Given) => Answer | Promise<Answer>) {
    return async (...args: Given): Promise<Answer> => {
      given.push([name, ...args]);
      await held.get(name);
      const failure = failures.get(name);
      failures.delete(name);
      if (failure !== undefined) throw failure;
      return structuredClone(await act(...args));
    };
  }

  const find = (id: string): Connection => {
    const found = desk.connections.find((connection) => connection.id === id);
    if (found === undefined) throw new ShellFailure("unknown_connection", "there is no such connection");
    return found;
  };
  const requireSecrets = () => {
    if (desk.secrets.condition === "locked") throw new ShellFailure("secrets_locked", "the secrets are locked");
    if (desk.secrets.condition === "unavailable") throw new ShellFailure("keyring_unavailable", "there is no keyring");
  };
  const changeLocal = (server: LocalState): LocalServerView => {
    desk.local = { ...desk.local, server };
    const address = server.state === "running" || server.state === "unhealthy" ? server.url : null;
    desk.connections = desk.connections.map((kept) => (kept.place.kind === "this_app" ? { ...kept, address, condition: address === null ? "offline" : "online" } : kept));
    tell("local-server", null);
    told();
    return desk.local;
  };
  const ensureLocalConnection = (): string => {
    const kept = desk.connections.find((connection) => connection.place.kind === "this_app") ?? begin.LOCAL;
    if (!desk.connections.includes(kept)) desk.connections = [...desk.connections, kept];
    desk.selected ??= kept.id;
    desk.local = { ...desk.local, connection: kept.id };
    return kept.id;
  };

  return {
    desk,
    given,
    tell,
    failNext: (name, code, message = code, keyChange) => void failures.set(name, new ShellFailure(code, message, keyChange ?? null)),
    hold: (name) => {
      let open = () => {};
      held.set(name, new Promise((resolve) => (open = resolve)));
      return () => {
        held.delete(name);
        open();
      };
    },
    listen: (name, hear, begun) => {
      const hearing = ears.get(name) ?? new Set();
      ears.set(name, hearing.add(hear));
      if (begun !== undefined) queueMicrotask(begun);
      return () => void hearing.delete(hear);
    },

    showApp: command("showApp", () => desk.app),
    showPreferences: command("showPreferences", () => desk.preferences),
    updatePreferences: command("updatePreferences", (preferences) => void (desk.preferences = preferences)),
    setAutostart: command("setAutostart", (autostart) => void (desk.app = { ...desk.app, autostart })),
    copyText: command("copyText", (text, isSecret) => void desk.copied.push({ text, isSecret })),
    openPairingPage: command("openPairingPage", (address) => {
      if (!address.startsWith("https:")) throw new ShellFailure("link_address", "the link's address cannot be used");
    }),
    openWebLink: command("openWebLink", (url) => {
      const isKnown = desk.connections.some((kept) => kept.place.kind === "site" && new URL(kept.place.address).origin === new URL(url).origin);
      if (!isKnown) throw new ShellFailure("link_refused", "only pages of known sites are opened");
      desk.opened.push(url);
    }),
    saveDiagnostics: command("saveDiagnostics", () => desk.savesTo),
    checkForUpdates: command("checkForUpdates", () => {
      if (!desk.app.can_update) throw new ShellFailure("no_updates", "this build does not update itself");
      return desk.update;
    }),
    installUpdate: command("installUpdate", () => undefined),
    skipUpdate: command("skipUpdate", () => void (desk.update = null)),

    listConnections: command("listConnections", (): ConnectionsView => ({ connections: desk.connections, selected: desk.selected })),
    selectConnection: command("selectConnection", (id) => {
      desk.selected = find(id).id;
      told();
    }),
    updateConnection: command("updateConnection", (id, draft) => {
      const before = find(id);
      const after = connectionOf(draft, before);
      const isLooser = STRENGTH[after.write_guard] < STRENGTH[before.write_guard];
      if (before.write_guard === "read_only" && after.write_guard === "open") throw new ShellFailure("read_only", "it is locked before it is opened");
      if (isLooser && before.write_guard === "locked" && !desk.openWrites.has(id)) throw new ShellFailure("writes_locked", "changes at this site are locked");
      desk.connections = desk.connections.map((kept) => (kept.id === id ? after : kept));
      told();
    }),
    changeTrust: command("changeTrust", (id, wish): TlsPolicy | null => {
      const kept = find(id);
      refuseByCondition(kept);
      const policies: Record<TrustWish, TlsPolicy | null> = {
        system: { kind: "system" },
        ca_file: desk.savesTo === null ? null : { kind: "ca_file", path: desk.savesTo },
        present_key: { kind: "pinned_key", fingerprint: begin.PINNED },
      };
      const tls = policies[wish];
      if (tls !== null) desk.connections = desk.connections.map((one) => (one.id === id ? { ...one, tls } : one));
      told();
      return tls;
    }),
    moveConnection: command("moveConnection", (id, place) => {
      const moved = find(id);
      const rest = desk.connections.filter((kept) => kept.id !== id);
      desk.connections = [...rest.slice(0, place), moved, ...rest.slice(place)];
      told();
    }),
    removeConnection: command("removeConnection", (id) => {
      requireSecrets();
      desk.connections = desk.connections.filter((kept) => kept.id !== find(id).id);
      if (desk.selected === id) desk.selected = desk.connections[0]?.id ?? null;
      told();
    }),
    exportConnections: command("exportConnections", () => desk.savesTo),
    previewImport: command("previewImport", () => desk.importable),
    applyImport: command("applyImport", (ids) => {
      for (const { connection, needs_pairing } of desk.importable?.connections ?? []) {
        if (!ids.includes(connection.id)) continue;
        const address = connection.place.kind === "site" ? connection.place.address : null;
        const taken: Connection = { ...connection, address, condition: needs_pairing ? "needs_pairing" : "unknown" };
        const rest = desk.connections.filter((kept) => kept.id !== taken.id);
        desk.connections = [...rest, taken];
      }
      told();
    }),

    proposePairing: command("proposePairing", (text) => {
      const proposal = desk.proposals[text.trim()];
      const isOurs = text.trim().startsWith("waystation://");
      if (proposal === undefined) throw isOurs ? new ShellFailure("link_malformed", "the link is not complete") : new ShellFailure("link_foreign", "it is no Waystation link");
      const known = desk.connections.find(({ place }) => place.kind === "site" && place.address === proposal.address);
      const fingerprint = known?.tls.kind === "pinned_key" ? known.tls.fingerprint : null;
      desk.proposal = known === undefined ? proposal : { ...proposal, replaces: { id: known.id, name: known.name, fingerprint } };
      tell("proposal", null);
      return desk.proposal;
    }),
    showProposal: command("showProposal", () => desk.proposal),
    approvePairing: command("approvePairing", ({ draft }) => {
      requireSecrets();
      const proposal = desk.proposal;
      desk.proposal = null;
      if (proposal === null) throw new ShellFailure("no_proposal", "there is nothing to approve");
      if (!proposal.may_pair) throw new ShellFailure("wrong_key", "the site is not the one that the link was made by");
      const { address, replaces } = proposal;
      const id = replaces?.id ?? `con_${crypto.randomUUID().replaceAll("-", "")}`;
      const paired = connectionOf(draft, { id, place: { kind: "site", address }, tls: proposal.tls ?? { kind: "system" }, condition: "online", address });
      desk.connections = replaces === null ? [...desk.connections, paired] : desk.connections.map((kept) => (kept.id === id ? paired : kept));
      desk.selected = id;
      told();
      return { id, email: "owner@example.com", role: "owner" };
    }),
    refusePairing: command("refusePairing", () => void (desk.proposal = null)),
    signOut: command("signOut", (id) => {
      requireSecrets();
      const { id: known } = find(id);
      desk.connections = desk.connections.map((kept) => (kept.id === known ? { ...kept, condition: "needs_pairing" } : kept));
      told();
    }),

    api: command("api", async (call): Promise<CallAnswer> => {
      const connection = find(call.connection);
      requireSecrets();
      refuseByCondition(connection);
      if (call.method !== "GET" && connection.write_guard === "read_only") throw new ShellFailure("read_only", "this connection is for looking only");
      const isLocked = connection.write_guard === "locked" && !desk.openWrites.has(connection.id);
      if (call.method !== "GET" && isLocked) throw new ShellFailure("writes_locked", "changes at this site are locked");
      const site = desk.sites[connection.id];
      return site === undefined ? answerJson(404, { error: { code: "not_found", message: "There is no such thing.", request_id: "req_1" } }) : site(call);
    }),
    exportFile: command("exportFile", (file) => {
      refuseByCondition(find(file.connection));
      return desk.exported;
    }),
    openWrites: command("openWrites", (id, typed) => {
      if (typed !== find(id).name) throw new ShellFailure("writes_locked", "changes at this site are locked");
      desk.openWrites.add(id);
      return 300;
    }),
    lockWrites: command("lockWrites", (id) => void desk.openWrites.delete(id)),

    drawChart: command("drawChart", (chart) => {
      refuseByCondition(find(chart.connection));
      return desk.chart;
    }),
    saveChart: command("saveChart", () => desk.savesTo),

    showSecrets: command("showSecrets", () => desk.secrets),
    createPassphraseFile: command("createPassphraseFile", (passphrase) => {
      if (passphrase.length < 12) throw new ShellFailure("weak_passphrase", "a passphrase has at least 12 characters");
      desk.passphrase = passphrase;
      return (desk.secrets = { place: "passphrase_file", condition: "ready", has_passphrase_file: true });
    }),
    unlockPassphraseFile: command("unlockPassphraseFile", (passphrase) => {
      if (passphrase !== desk.passphrase) throw new ShellFailure("wrong_passphrase", "the passphrase is not the right one");
      return (desk.secrets = { place: "passphrase_file", condition: "ready", has_passphrase_file: true });
    }),
    chooseKeyring: command("chooseKeyring", () => (desk.secrets = { ...desk.secrets, place: "keyring", condition: "ready" })),

    showLocalServer: command("showLocalServer", () => desk.local),
    startLocalServer: command("startLocalServer", () => {
      if (desk.local.server.state !== "stopped" && desk.local.server.state !== "failed") throw new ShellFailure("not_stopped", "the server is not stopped");
      ensureLocalConnection();
      changeLocal({ state: "starting" });
      const view = changeLocal(desk.startsAs);
      if (desk.startsAs.state === "failed") throw new ShellFailure("server_failed", "the server did not start");
      return view;
    }),
    stopLocalServer: command("stopLocalServer", () => changeLocal({ state: "stopped" })),
    listLocalLog: command("listLocalLog", (from) => desk.log.filter((line) => line.number >= from)),
    setUpLocalServer: command("setUpLocalServer", () => {
      requireSecrets();
      const { server } = desk.local;
      if (server.state !== "running") throw new ShellFailure("not_running", "the server of this app does not run");
      const id = ensureLocalConnection();
      changeLocal({ ...server, needs_setup: false });
      desk.selected = id;
      return id;
    }),
    keepLocalServerRunning: command("keepLocalServerRunning", (enabled) => {
      changeLocal({ state: "stopped" });
      ensureLocalConnection();
      desk.local = { ...desk.local, is_service: enabled };
      // The connection of this computer goes on with the service.
      if (enabled) desk.connections = desk.connections.map((kept) => (kept.place.kind === "this_app" ? { ...kept, address: begin.LOCAL_URL, condition: "online" } : kept));
      told();
      return desk.local;
    }),
  };
}

/** An answer of a site's. */
export function answerJson(status: number, body: unknown): CallAnswer {
  return { status, headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
}

const STRENGTH = { open: 0, locked: 1, read_only: 2 } as const;

function createDesk(): FakeDesk {
  return {
    app: { version: "0.1.0", language: "en", bundle: "deb", notice: null, can_update: false, autostart: false, link: null },
    preferences: begin.NO_CHOICES,
    connections: [begin.PRODUCTION, begin.STAGING, begin.UNPAIRED, begin.BLOCKED, begin.LOCAL],
    selected: begin.PRODUCTION.id,
    sites: {},
    openWrites: new Set(),
    proposals: { ...begin.PROPOSALS },
    proposal: null,
    secrets: begin.KEYRING,
    passphrase: null,
    local: { ...begin.STOPPED, connection: begin.LOCAL.id },
    startsAs: { state: "running", url: begin.LOCAL_URL, version: "0.1.0", process: 4711, needs_setup: true, taken_port: null },
    log: [...begin.LOG],
    importable: null,
    savesTo: "/srv/desk/waystation.json",
    exported: { path: "/srv/desk/revenue.csv" },
    update: null,
    chart: begin.CHART_SVG,
    copied: [],
    opened: [],
  };
}

function connectionOf(draft: ConnectionDraft, kept: Omit<Connection, keyof ConnectionDraft>): Connection {
  const { id, place, tls, condition, address } = kept;
  const usual = draft.environment === "production" ? "locked" : "open";
  return { ...draft, id, place, tls, condition, address, write_guard: draft.write_guard ?? usual };
}

function refuseByCondition({ condition, place, address }: Connection): void {
  if (place.kind === "this_app" && address === null) throw new ShellFailure("not_running", "the server of this app does not run");
  switch (condition) {
    case "needs_pairing":
      throw new ShellFailure("not_paired", "this device is not paired with the site");
    case "blocked":
      throw new ShellFailure("key_changed", "the site's key has changed", { expected: begin.PINNED, found: begin.OTHER_KEY });
    case "locked":
      throw new ShellFailure("secrets_locked", "the secrets are locked");
    case "offline":
      throw new ShellFailure("no_connection", "the site cannot be reached");
    default:
  }
}
