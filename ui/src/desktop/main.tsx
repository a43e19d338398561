import { startDesktop } from "./start";
import { createTauriShell } from "./tauri-shell";

// What is shown before the script says so, in words that need no fetching.
startDesktop(createTauriShell()).catch(() => dispatchEvent(new Event("waystation:unloaded")));
