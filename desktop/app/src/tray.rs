//! The tray's icon and menu.

use std::sync::{Mutex, PoisonError};

use tauri::image::Image;
use tauri::menu::{CheckMenuItemBuilder, IsMenuItem, Menu, MenuItemBuilder, PredefinedMenuItem};
use tauri::tray::TrayIconBuilder;
use tauri::{AppHandle, Manager, Wry};
use tauri_plugin_clipboard_manager::ClipboardExt;
use waystation_desktop::tray::{TrayAction, TrayConnection, TrayEntry, TrayStatus, menu_entries};

use crate::desk::Desk;
use crate::watching::now_ms;
use crate::{commands, local, tray_host, updates, window};

const ID: &str = "main";
const DARK: &[u8] = include_bytes!("../icons/tray-dark.png");
const LIGHT: &[u8] = include_bytes!("../icons/tray-light.png");

/// Shows the tray's icon.
pub(crate) fn create(app: &AppHandle) -> tauri::Result<()> {
    // Panels are dark on most Linux desktops; macOS takes the shape alone and colours it itself.
    let icon = Image::from_bytes(if cfg!(target_os = "macos") { DARK } else { LIGHT })?;
    let entries = menu_entries(&status(app));
    let menu = build_menu(app, &entries)?;
    app.manage(Shown(Mutex::new(entries)));
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

/// What the menu shows, so that one that is alike does not take its place and close under somebody's hand.
struct Shown(Mutex<Vec<TrayEntry>>);

/// Brings the menu up to date. Menus belong to the main thread: there the last to come shows what is so by then.
pub(crate) fn refresh(app: &AppHandle) {
    let handle = app.clone();
    if let Err(error) = app.run_on_main_thread(move || refresh_here(&handle)) {
        log::warn!("the tray's menu could not be changed: {error}");
    }
}

fn refresh_here(app: &AppHandle) {
    let (Some(tray), Some(shown)) = (app.tray_by_id(ID), app.try_state::<Shown>()) else { return };
    let entries = menu_entries(&status(app));
    let mut shown = shown.0.lock().unwrap_or_else(PoisonError::into_inner);
    if *shown == entries {
        return;
    }
    match build_menu(app, &entries).and_then(|menu| tray.set_menu(Some(menu))) {
        Ok(()) => *shown = entries,
        Err(error) => log::warn!("the tray's menu could not be changed: {error}"),
    }
}

/// Whether somebody sees the icon.
pub(crate) fn is_shown(app: &AppHandle) -> bool {
    app.tray_by_id(ID).is_some() && tray_host::is_there()
}

/// Whether closing the window leaves the app in the tray.
pub(crate) fn keeps_app(app: &AppHandle) -> bool {
    let stays = app.try_state::<Desk>().is_some_and(|desk| desk.preferences().stays_in_tray.unwrap_or(true));
    stays && is_shown(app)
}

fn status(app: &AppHandle) -> TrayStatus {
    let desk = app.state::<Desk>();
    let book = desk.book();
    let connections = book.list().iter().map(|connection| TrayConnection {
        id: connection.id,
        name: connection.name.clone(),
        condition: desk.condition(connection.id),
    });
    // A service is started and stopped by the system.
    let has_server = desk.local.files().program.exists() && !local::is_service(app);
    let gate = desk.gate.lock().unwrap_or_else(PoisonError::into_inner);
    TrayStatus {
        language: desk.language(),
        connections: connections.collect(),
        selected: book.selected().map(|selected| selected.id),
        local_server: has_server.then(|| desk.local.state()),
        is_paused: gate.is_paused(now_ms()),
        can_update: updates::can_update(),
    }
}

fn build_menu(app: &AppHandle, entries: &[TrayEntry]) -> tauri::Result<Menu<Wry>> {
    let menu = Menu::new(app)?;
    for entry in entries {
        let item: Box<dyn IsMenuItem<Wry>> = match entry {
            TrayEntry::Separator => Box::new(PredefinedMenuItem::separator(app)?),
            TrayEntry::Item { action, label, is_checked } => {
                let id = action.map_or_else(String::new, TrayAction::id);
                match is_checked {
                    Some(checked) => {
                        Box::new(CheckMenuItemBuilder::with_id(id, label).checked(*checked).build(app)?)
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
            if let Some(shown) = app.try_state::<Shown>() {
                // The system has turned the mark around, whatever was chosen.
                shown.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
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
