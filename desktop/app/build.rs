//! Declares the commands of the window, so that none may be called that its capabilities do not list.

use std::error::Error;

/// Every command there is; `capabilities/main.json` allows each of them to the window, and a test compares both.
const COMMANDS: &[&str] = &include!("src/commands/names.in");

fn main() -> Result<(), Box<dyn Error>> {
    let manifest = tauri_build::AppManifest::new().commands(COMMANDS);
    tauri_build::try_build(tauri_build::Attributes::new().app_manifest(manifest))?;
    Ok(())
}
