import { invoke, type InvokeArgs } from "@tauri-apps/api/core";
import { listen } from "@tauri-apps/api/event";

import { toShellFailure, type Shell } from "./shell";

/** The shell that is really there. */
export function createTauriShell(): Shell {
  return {
    showApp: () => ask("show_app"),
    showPreferences: () => ask("show_preferences"),
    updatePreferences: (preferences) => ask("update_preferences", { preferences }),
    setAutostart: (enabled) => ask("set_autostart", { enabled }),
    copyText: (text, isSecret) => ask("copy_text", { text, isSecret }),
    openWebLink: (url) => ask("open_web_link", { url }),
    openPairingPage: (address) => ask("open_pairing_page", { address }),
    saveDiagnostics: () => ask("save_diagnostics"),
    checkForUpdates: () => ask("check_for_updates"),
    installUpdate: () => ask("install_update"),
    skipUpdate: (version) => ask("skip_update", { version }),

    listConnections: () => ask("list_connections"),
    selectConnection: (id) => ask("select_connection", { id }),
    updateConnection: (id, draft) => ask("update_connection", { id, draft }),
    changeTrust: (id, wish) => ask("change_trust", { id, wish }),
    moveConnection: (id, place) => ask("move_connection", { id, place }),
    removeConnection: (id) => ask("remove_connection", { id }),
    exportConnections: () => ask("export_connections"),
    previewImport: () => ask("preview_import"),
    applyImport: (ids) => ask("apply_import", { ids }),

    proposePairing: (text) => ask("propose_pairing", { text }),
    showProposal: () => ask("show_proposal"),
    approvePairing: (approval) => ask("approve_pairing", { approval }),
    refusePairing: () => ask("refuse_pairing"),
    signOut: (id) => ask("sign_out", { id }),

    api: (call) => ask("api", { call }),
    exportFile: (file, name) => ask("export_file", { export: file, name }),
    openWrites: (id, typed) => ask("open_writes", { id, typed }),
    lockWrites: (id) => ask("lock_writes", { id }),

    drawChart: (chart) => ask("draw_chart", { chart }),
    saveChart: (chart, format) => ask("save_chart", { chart, format }),

    showSecrets: () => ask("show_secrets"),
    createPassphraseFile: (passphrase) => ask("create_passphrase_file", { passphrase }),
    unlockPassphraseFile: (passphrase) => ask("unlock_passphrase_file", { passphrase }),
    chooseKeyring: () => ask("use_keyring"),

    showLocalServer: () => ask("show_local_server"),
    startLocalServer: () => ask("start_local_server"),
    stopLocalServer: () => ask("stop_local_server"),
    listLocalLog: (from) => ask("list_local_log", { from }),
    setUpLocalServer: (owner) => ask("set_up_local_server", { owner }),
    keepLocalServerRunning: (enabled) => ask("keep_local_server_running", { enabled }),

    listen: (name, hear, begun) => {
      const started = listen(name, (event) => hear(event.payload as Parameters<typeof hear>[0]));
      void started.then(() => begun?.());
      return () => void started.then((stop) => stop());
    },
  };
}

async function ask<Answer>(command: string, given?: InvokeArgs): Promise<Answer> {
  try {
    return await invoke<Answer>(command, given);
  } catch (thrown) {
    throw toShellFailure(thrown);
  }
}
