//! Whether there is somebody who shows the tray's icon. That it was made does not mean so: some desktops have no place
//! for it, and then an app without a window would be out of reach.

use tauri::AppHandle;

/// What shows the icons of all apps (freedesktop.org, StatusNotifierWatcher).
#[cfg(target_os = "linux")]
const WATCHER: &str = "org.kde.StatusNotifierWatcher";

/// Whether the icon is shown now.
#[cfg(target_os = "linux")]
pub(crate) fn is_there() -> bool {
    use std::sync::OnceLock;
    use std::time::Duration;
    use zbus::blocking::{Connection, connection::Builder, fdo::DBusProxy};

    static BUS: OnceLock<Option<Connection>> = OnceLock::new();
    let connect = || Builder::session()?.method_timeout(Duration::from_secs(2)).build();
    let bus = BUS.get_or_init(|| {
        connect().inspect_err(|error| log::warn!("there is no bus to ask about the tray: {error}")).ok()
    });
    let Some(bus) = bus else { return false };
    let Ok(name) = WATCHER.try_into() else { return false };
    DBusProxy::new(bus).and_then(|asked| Ok(asked.name_has_owner(name)?)).unwrap_or(false)
}

/// Other systems always have a place for it.
#[cfg(not(target_os = "linux"))]
pub(crate) fn is_there() -> bool {
    true
}

/// Shows the window of an app that was to start in the tray, if nobody shows the tray. While somebody signs in, the panel
/// may come after the app.
pub(crate) fn show_window_without(app: &AppHandle) {
    use std::time::Duration;
    const TRIES: u32 = 20;

    let app = app.clone();
    tauri::async_runtime::spawn(async move {
        for _ in 0..TRIES {
            if crate::tray::is_shown(&app) {
                return;
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        crate::window::show(&app);
    });
}
