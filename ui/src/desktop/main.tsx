import { startDesktop } from "./start";
import { createTauriShell } from "./tauri-shell";

startDesktop(createTauriShell());
