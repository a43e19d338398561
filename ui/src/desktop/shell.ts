// What the pages may ask of the app around them. The other side is `desktop/app/src/commands`.
import { createContext, useContext } from "react";

import type {
  AppView,
  Approval,
  Call,
  CallAnswer,
  Chart,
  ConnectionDraft,
  ConnectionsView,
  ExportOutcome,
  FileExport,
  ImportPreview,
  KeyChange,
  LocalOwner,
  LocalServerView,
  LogLine,
  NewVersion,
  Paired,
  PictureFormat,
  Preferences,
  Proposal,
  SecretsState,
  ShellEvents,
  TlsPolicy,
  TrustWish,
} from "./shell-types";

/** The app around the pages: one function for each of its commands. Each throws a ShellFailure, and nothing else. */
export interface Shell {
  showApp(): Promise<AppView>;
  showPreferences(): Promise<Preferences>;
  updatePreferences(preferences: Preferences): Promise<void>;
  setAutostart(enabled: boolean): Promise<void>;
  /** Copies a text. A secret is taken from the clipboard after a minute. */
  copyText(text: string, isSecret: boolean): Promise<void>;
  /** Opens a page of a known site or provider in the browser; of any other it fails with `link_refused`. */
  openWebLink(url: string): Promise<void>;
  /** Opens the page of a site where a code to pair with it is made. */
  openPairingPage(address: string): Promise<void>;
  /** Where the file was written, or null: the reader gave it up. */
  saveDiagnostics(): Promise<string | null>;
  checkForUpdates(): Promise<NewVersion | null>;
  /** Does not come back: the app starts anew. */
  installUpdate(): Promise<void>;
  skipUpdate(version: string): Promise<void>;

  listConnections(): Promise<ConnectionsView>;
  selectConnection(id: string): Promise<void>;
  updateConnection(id: string, draft: ConnectionDraft): Promise<void>;
  /** Has a site known by something else, once it passes the old and the new; null: no file was chosen. */
  changeTrust(id: string, wish: TrustWish): Promise<TlsPolicy | null>;
  /** Puts a connection at a place of the list, counted from 0. */
  moveConnection(id: string, place: number): Promise<void>;
  /** Forgets a connection and what opens it. The session at the site goes on until somebody ends it there. */
  removeConnection(id: string): Promise<void>;
  exportConnections(): Promise<string | null>;
  /** Lets the reader choose a file; null: none was chosen. */
  previewImport(): Promise<ImportPreview | null>;
  applyImport(ids: readonly string[]): Promise<void>;

  /** Looks at the site that a pairing link names. The code in it stays in the shell. */
  proposePairing(text: string): Promise<Proposal>;
  /** The proposal that waits for an answer. */
  showProposal(): Promise<Proposal | null>;
  approvePairing(approval: Approval): Promise<Paired>;
  refusePairing(): Promise<void>;
  /** Ends the session at the site and forgets what opens it. */
  signOut(id: string): Promise<void>;

  api(call: Call): Promise<CallAnswer>;
  /** Null: the reader gave it up. */
  exportFile(file: FileExport, name: string): Promise<ExportOutcome | null>;
  /** For how many seconds changes are open now. */
  openWrites(id: string, typed: string): Promise<number>;
  lockWrites(id: string): Promise<void>;

  /** The chart as SVG. */
  drawChart(chart: Chart): Promise<string>;
  saveChart(chart: Chart, format: PictureFormat): Promise<string | null>;

  /** May wait for the keyring to be unlocked. */
  showSecrets(): Promise<SecretsState>;
  /** Keeps sign-ins in an encrypted file from then on; those in the keyring stay there. */
  createPassphraseFile(passphrase: string): Promise<SecretsState>;
  unlockPassphraseFile(passphrase: string): Promise<SecretsState>;
  /** Keeps sign-ins in the keyring from then on; those in the file stay there. */
  chooseKeyring(): Promise<SecretsState>;

  showLocalServer(): Promise<LocalServerView>;
  startLocalServer(): Promise<LocalServerView>;
  stopLocalServer(): Promise<LocalServerView>;
  /** The log's lines whose number is at least `from`. */
  listLocalLog(from: number): Promise<LogLine[]>;
  /** Makes the first owner and gives the connection's id. */
  setUpLocalServer(owner: LocalOwner): Promise<string>;
  keepLocalServerRunning(enabled: boolean): Promise<LocalServerView>;

  /**
   * Hears of what happens in the shell until what it gives is called. `begun` is called once nothing is missed any more:
   * what happened before that has to be asked for.
   */
  listen<Name extends keyof ShellEvents>(name: Name, hear: (event: ShellEvents[Name]) => void, begun?: () => void): () => void;
}

/** Why a command failed. */
export class ShellFailure extends Error {
  override readonly name = "ShellFailure";

  constructor(
    /** A stable word to act by; `shell_failed` where the shell said none. */
    readonly code: string,
    /** What happened, in English; for codes without words of their own. A site's own words where the code is `refused`. */
    message: string,
    /** Both keys, where the site's has changed. */
    readonly keyChange: KeyChange | null = null,
  ) {
    super(message);
  }
}

/** Whatever was thrown, as a failure. */
export function toShellFailure(thrown: unknown): ShellFailure {
  if (thrown instanceof ShellFailure) return thrown;
  const failure = thrown as { code?: unknown; message?: unknown; key_change?: KeyChange } | null | undefined;
  const message = typeof failure?.message === "string" ? failure.message : String(thrown);
  return new ShellFailure(typeof failure?.code === "string" ? failure.code : "shell_failed", message, failure?.key_change ?? null);
}

export const ShellContext = createContext<Shell | null>(null);

export function useShell(): Shell {
  const shell = useContext(ShellContext);
  if (shell === null) throw new Error("There is no shell around these pages.");
  return shell;
}
