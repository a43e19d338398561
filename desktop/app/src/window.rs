//! The window.

use tauri::webview::NewWindowResponse;
use tauri::{AppHandle, Manager, WebviewUrl, WebviewWindowBuilder};

/// The window's name, which its capabilities are given to.
pub(crate) const MAIN: &str = "main";
const PAGE: &str = "desktop.html";

/// Makes the window. It goes nowhere but to the app's own pages, and opens no other.
pub(crate) fn create(app: &AppHandle, is_hidden: bool) -> tauri::Result<()> {
    WebviewWindowBuilder::new(app, MAIN, WebviewUrl::App(PAGE.into()))
        .title("Waystation")
        .inner_size(1280.0, 820.0)
        .min_inner_size(900.0, 600.0)
        .visible(!is_hidden)
        .disable_drag_drop_handler()
        .on_navigation(|url| is_own_page(url.scheme(), url.host_str()))
        .on_new_window(|_, _| NewWindowResponse::Deny)
        .build()?;
    Ok(())
}

/// Shows the window, wherever it was.
pub(crate) fn show(app: &AppHandle) {
    if let Some(window) = app.get_webview_window(MAIN) {
        let shown = window.unminimize().and_then(|()| window.show()).and_then(|()| window.set_focus());
        if let Err(error) = shown {
            log::warn!("the window could not be shown: {error}");
        }
    }
}

/// The pages of the app come by a scheme of their own; on Windows that looks like a host.
fn is_own_page(scheme: &str, host: Option<&str>) -> bool {
    match (scheme, host) {
        ("tauri", Some("localhost")) => true,
        ("http" | "https", Some("tauri.localhost")) => cfg!(windows),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_stays_with_the_pages_of_the_app() {
        assert!(is_own_page("tauri", Some("localhost")));
        for (scheme, host) in [
            ("https", Some("evil.example")),
            ("https", Some("localhost")),
            ("tauri", Some("evil.example")),
            ("tauri", None),
            ("https", Some("tauri.localhost.evil.example")),
            ("file", None),
            ("data", None),
            ("about", None),
        ] {
            assert!(!is_own_page(scheme, host), "{scheme} {host:?}");
        }
    }
}
