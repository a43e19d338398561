//! The app itself.

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tauri::{AppHandle, Manager, State};
use tauri_plugin_autostart::ManagerExt;
use tauri_plugin_clipboard_manager::ClipboardExt;
use tauri_plugin_opener::OpenerExt;
use waystation_desktop::Language;
use waystation_desktop::diagnostics::{Diagnostics, Evidence, Surroundings};
use waystation_desktop::web_links::{find_web_link, pairing_page};

use crate::desk::{Desk, LinkNews};
use crate::dialogs::choose_new_file;
use crate::environment::told_variables;
use crate::failure::{Refusal, Reply};
use crate::updates::{self, NewVersion};

const VERSION: &str = env!("CARGO_PKG_VERSION");
const COPIED_BYTES_MAX: usize = 1024 * 1024;
/// So long a secret stays in the clipboard.
const SECRET_COPIED_FOR: Duration = Duration::from_secs(60);
const LOG_FILE: &str = "waystation-desktop.log";
const LOG_LINES_MAX: usize = 500;

/// What the app is.
#[derive(Debug, Serialize)]
pub(crate) struct AppView {
    version: &'static str,
    language: Language,
    bundle: Option<String>,
    notice: Option<&'static str>,
    can_update: bool,
    autostart: bool,
    /// What a link came to that was opened before the window listened.
    link: Option<LinkNews>,
}

/// The choices that the window shows.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PreferencesView {
    language: Option<Language>,
    has_notifications: Option<bool>,
    stays_in_tray: Option<bool>,
}

#[tauri::command]
pub(crate) async fn show_app(app: AppHandle, desk: State<'_, Desk>) -> Reply<AppView> {
    Ok(AppView {
        version: VERSION,
        language: desk.language(),
        bundle: bundle(),
        notice: desk.notice,
        can_update: updates::can_update(),
        autostart: app.autolaunch().is_enabled().unwrap_or(false),
        link: desk.take_link_news(),
    })
}

#[tauri::command]
pub(crate) async fn show_preferences(desk: State<'_, Desk>) -> Reply<PreferencesView> {
    let kept = desk.preferences();
    Ok(PreferencesView {
        language: kept.language,
        has_notifications: kept.has_notifications,
        stays_in_tray: kept.stays_in_tray,
    })
}

#[tauri::command]
pub(crate) async fn update_preferences(
    app: AppHandle,
    desk: State<'_, Desk>,
    preferences: PreferencesView,
) -> Reply<()> {
    desk.change_preferences(|kept| {
        kept.language = preferences.language;
        kept.has_notifications = preferences.has_notifications;
        kept.stays_in_tray = preferences.stays_in_tray;
    })?;
    crate::tray::refresh(&app);
    Ok(())
}

#[tauri::command]
pub(crate) async fn set_autostart(app: AppHandle, enabled: bool) -> Reply<()> {
    let autostart = app.autolaunch();
    let set = if enabled { autostart.enable() } else { autostart.disable() };
    set.map_err(|error| Refusal::new("autostart", error))
}

#[tauri::command]
pub(crate) async fn copy_text(app: AppHandle, text: String, is_secret: bool) -> Reply<()> {
    if text.len() > COPIED_BYTES_MAX {
        return Err(Refusal::new("too_large", "the text is too large"));
    }
    let failed = |error| Refusal::new("clipboard", error);
    if !is_secret {
        return app.clipboard().write_text(text).map_err(failed);
    }
    // Kept out of the histories of clipboards, where those can be told.
    app.clipboard().write_secret(text.clone()).map_err(failed)?;
    tauri::async_runtime::spawn(async move {
        tokio::time::sleep(SECRET_COPIED_FOR).await;
        // What was copied since stays.
        if app.clipboard().read_text().is_ok_and(|now| now == text) {
            let _ = app.clipboard().clear();
        }
    });
    Ok(())
}

#[tauri::command]
pub(crate) async fn open_web_link(app: AppHandle, desk: State<'_, Desk>, url: String) -> Reply<()> {
    let connections = desk.book().list().to_vec();
    let sites: Vec<_> = connections.iter().filter_map(|kept| desk.address_of(kept).ok()).collect();
    let found = find_web_link(&url, &sites);
    let url = found.ok_or_else(|| Refusal::new("link_refused", "only pages of known sites are opened"))?;
    app.opener().open_url(url.as_str(), None::<&str>).map_err(|error| Refusal::new("browser", error))
}

#[tauri::command]
pub(crate) async fn open_pairing_page(app: AppHandle, address: String) -> Reply<()> {
    let address = address.trim().parse().map_err(|error| Refusal::new("link_address", error))?;
    let url = pairing_page(&address);
    app.opener().open_url(url.as_str(), None::<&str>).map_err(|error| Refusal::new("browser", error))
}

#[tauri::command]
pub(crate) async fn save_diagnostics(app: AppHandle) -> Reply<Option<PathBuf>> {
    save_diagnostics_file(&app).await
}

#[tauri::command]
pub(crate) async fn check_for_updates(app: AppHandle) -> Reply<Option<NewVersion>> {
    updates::check(&app).await
}

#[tauri::command]
pub(crate) async fn install_update(app: AppHandle) -> Reply<()> {
    updates::install(&app).await
}

#[tauri::command]
pub(crate) async fn skip_update(desk: State<'_, Desk>, version: String) -> Reply<()> {
    desk.change_preferences(|kept| kept.skipped_version = Some(version.chars().take(64).collect()))
}

/// Writes what helps to find a fault where somebody wants it.
pub(crate) async fn save_diagnostics_file(app: &AppHandle) -> Reply<Option<PathBuf>> {
    let Some(path) = choose_new_file(app, "waystation-diagnostics", "json").await else { return Ok(None) };
    let failed = |error: &dyn std::fmt::Display| Refusal::new("file", error);
    let desk = app.state::<Desk>();
    let cupboard = desk.cupboard.clone();
    let secrets = tauri::async_runtime::spawn_blocking(move || cupboard.state()).await;
    let connections = desk.book().list().to_vec();
    let evidence = Evidence {
        surroundings: Surroundings {
            version: VERSION,
            system: std::env::consts::OS,
            processor: std::env::consts::ARCH,
            variables: told_variables(),
            bundle: bundle(),
            webview: tauri::webview_version().ok(),
        },
        secrets: secrets.map_err(|error| failed(&error))?,
        connections: connections.iter().map(|kept| (kept, desk.condition(kept.id))).collect(),
        local_server: Some(desk.local.state()),
        server_log: desk.local.log().list_from(0),
        app_log: read_own_log(app),
    };
    let file = Diagnostics::collect(evidence).write().map_err(|error| failed(&error))?;
    tokio::fs::write(&path, file).await.map_err(|error| failed(&error))?;
    Ok(Some(path))
}

/// The last lines of the app's own log.
fn read_own_log(app: &AppHandle) -> Vec<String> {
    let path = app.path().app_log_dir().map(|folder| folder.join(LOG_FILE));
    let text = path.ok().and_then(|path| std::fs::read_to_string(path).ok()).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(LOG_LINES_MAX)..].iter().map(|line| (*line).to_owned()).collect()
}

fn bundle() -> Option<String> {
    tauri::utils::platform::bundle_type().map(|bundle| bundle.to_string())
}
