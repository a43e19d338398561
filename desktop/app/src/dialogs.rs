//! Files that somebody chooses. The window never names one.

use std::path::PathBuf;

use tauri::AppHandle;
use tauri_plugin_dialog::{DialogExt, FilePath};
use tokio::sync::oneshot;

const NAME_LENGTH_MAX: usize = 80;

/// Asks where to save a file; none: nowhere.
pub(crate) async fn choose_new_file(app: &AppHandle, name: &str, extension: &str) -> Option<PathBuf> {
    let (send, receive) = oneshot::channel();
    let dialog = app.dialog().file().set_file_name(format!("{}.{extension}", file_name(name)));
    dialog.add_filter(extension.to_uppercase(), &[extension]).save_file(move |chosen| {
        let _ = send.send(chosen);
    });
    path_of(receive.await.ok().flatten())
}

/// Asks which file to read; none: no one.
pub(crate) async fn choose_file(app: &AppHandle, extensions: &[&str]) -> Option<PathBuf> {
    let (send, receive) = oneshot::channel();
    let name = extensions.join(", ").to_uppercase();
    app.dialog().file().add_filter(name, extensions).pick_file(move |chosen| {
        let _ = send.send(chosen);
    });
    path_of(receive.await.ok().flatten())
}

fn path_of(chosen: Option<FilePath>) -> Option<PathBuf> {
    chosen.and_then(|chosen| chosen.into_path().ok())
}

/// A name that is a file's everywhere, and no path.
fn file_name(name: &str) -> String {
    let plain: String = name
        .chars()
        .map(
            |letter| if letter.is_alphanumeric() || matches!(letter, '-' | '_' | ' ') { letter } else { '-' },
        )
        .take(NAME_LENGTH_MAX)
        .collect();
    let plain = plain.trim();
    if plain.is_empty() { "waystation".to_owned() } else { plain.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proposed_name_is_no_path() {
        assert_eq!(file_name("revenue 2026-11"), "revenue 2026-11");
        assert_eq!(file_name("../../etc/passwd"), "------etc-passwd");
        assert_eq!(file_name("C:\\x.exe"), "C--x-exe");
        assert_eq!(file_name("  "), "waystation");
        assert!(file_name(&"x".repeat(500)).len() <= NAME_LENGTH_MAX);
    }
}
