//! The tray's icon and menu.

use std::sync::PoisonError;

use tauri::image::Image;
use tauri::menu::{CheckMenuItemBuilder, IsMenuItem, Menu, MenuItemBuilder, PredefinedMenuItem};
use tauri::tray::TrayIconBuilder;
use tauri::{AppHandle, Manager, Wry};
use tauri_plugin_clipboard_manager::ClipboardExt;
use waystation_desktop::tray::{TrayAction, TrayConnection, TrayEntry, TrayStatus, menu_entries};

use crate::desk::Desk;
use crate::watching::now_ms;
use crate::{commands, local, updates, window};

const ID: &str = "main";
const DARK: &[u8] = include_bytes!("../icons/tray-dark.png");
const LIGHT: &[u8] = include_bytes!("../icons/tray-light.png");

/// Shows the tray's icon.
pub(crate) fn create(app: &AppHandle) -> tauri::Result<()> {
    // Panels are dark on most Linux desktops; macOS takes the shape alone and colours it itself.
    let icon = Image::from_bytes(if cfg!(target_os = "macos") { DARK } else { LIGHT })?;
    let menu = build_menu(app)?;
    TrayIconBuilder::with_id(ID)
        .icon(icon)
        .icon_as_template(true)
        .tooltip("Waystation")
        .menu(&menu)
        .on_menu_event(|app, event| {
            if let Some(action) = TrayAction::of_id(event.id().as_ref()) {
                act(app, action);
            }
        })
        .build(app)?;
    Ok(())
}

/// Brings the menu up to date.
pub(crate) fn refresh(app: &AppHandle) {
    let Some(tray) = app.tray_by_id(ID) else { return };
    let refreshed = build_menu(app).and_then(|menu| tray.set_menu(Some(menu)));
    if let Err(error) = refreshed {
        log::warn!("the tray's menu could not be changed: {error}");
    }
}

/// Whether closing the window leaves the app in the tray.
pub(crate) fn keeps_app(app: &AppHandle) -> bool {
    let stays = app.try_state::<Desk>().is_some_and(|desk| desk.preferences().stays_in_tray.unwrap_or(true));
    stays && app.tray_by_id(ID).is_some()
}

fn status(app: &AppHandle) -> TrayStatus {
    let desk = app.state::<Desk>();
    let book = desk.book();
    let connections = book.list().iter().map(|connection| TrayConnection {
        id: connection.id,
        name: connection.name.clone(),
        condition: desk.condition(connection.id),
    });
    let gate = desk.gate.lock().unwrap_or_else(PoisonError::into_inner);
    TrayStatus {
        language: desk.language(),
        connections: connections.collect(),
        selected: book.selected().map(|selected| selected.id),
        local_server: desk.local.files().program.exists().then(|| desk.local.state()),
        is_paused: gate.is_paused(now_ms()),
        can_update: updates::can_update(),
    }
}

fn build_menu(app: &AppHandle) -> tauri::Result<Menu<Wry>> {
    let menu = Menu::new(app)?;
    for entry in menu_entries(&status(app)) {
        let item: Box<dyn IsMenuItem<Wry>> = match entry {
            TrayEntry::Separator => Box::new(PredefinedMenuItem::separator(app)?),
            TrayEntry::Item { action, label, is_checked } => {
                let id = action.map_or_else(String::new, TrayAction::id);
                match is_checked {
                    Some(checked) => {
                        Box::new(CheckMenuItemBuilder::with_id(id, label).checked(checked).build(app)?)
                    }
                    None => {
                        Box::new(MenuItemBuilder::with_id(id, label).enabled(action.is_some()).build(app)?)
                    }
                }
            }
        };
        menu.append(item.as_ref())?;
    }
    Ok(menu)
}

fn act(app: &AppHandle, action: TrayAction) {
    let app = app.clone();
    match action {
        TrayAction::Open => window::show(&app),
        TrayAction::Select { connection } => {
            let desk = app.state::<Desk>();
            let selected = desk.book().select(connection);
            if let Err(error) = selected {
                log::warn!("a connection could not be selected: {error}");
            }
            desk.announce_connections();
            window::show(&app);
        }
        TrayAction::CopyBaseUrl => copy_base_url(&app),
        TrayAction::PauseNotifications | TrayAction::ResumeNotifications => {
            let desk = app.state::<Desk>();
            let mut gate = desk.gate.lock().unwrap_or_else(PoisonError::into_inner);
            match action {
                TrayAction::PauseNotifications => gate.pause(now_ms()),
                _ => gate.resume(),
            }
            drop(gate);
            refresh(&app);
        }
        TrayAction::Quit => app.exit(0),
        TrayAction::StartServer
        | TrayAction::StopServer
        | TrayAction::Diagnostics
        | TrayAction::CheckForUpdates => {
            tauri::async_runtime::spawn(async move { act_slowly(&app, action).await });
        }
    }
}

async fn act_slowly(app: &AppHandle, action: TrayAction) {
    let done = match action {
        TrayAction::StartServer => local::start(app).await,
        TrayAction::StopServer => {
            app.state::<Desk>().local.stop().await;
            Ok(())
        }
        TrayAction::Diagnostics => commands::save_diagnostics_file(app).await.map(drop),
        TrayAction::CheckForUpdates => updates::check(app).await.map(|_| window::show(app)),
        _ => Ok(()),
    };
    if let Err(error) = done {
        // What went wrong is to be seen there.
        log::warn!("{action:?} failed: {error:?}");
        window::show(app);
    }
}

/// The address that programs use, not the one that people open.
fn copy_base_url(app: &AppHandle) {
    let desk = app.state::<Desk>();
    let selected = desk.book().selected().cloned();
    let address = selected.and_then(|selected| desk.address_of(&selected).ok());
    if let Some(address) = address
        && let Err(error) = app.clipboard().write_text(address.join(["v1"]).to_string())
    {
        log::warn!("the address could not be copied: {error}");
    }
}
