#![doc = include_str!("../README.md")]
// No console beside the window on Windows.
#![cfg_attr(not(debug_assertions), windows_subsystem = "windows")]

mod commands;
mod desk;
mod dialogs;
mod environment;
mod failure;
mod links;
mod local;
mod tray;
mod tray_host;
mod updates;
mod watching;
mod window;

use std::io::Write;
use std::process::ExitCode;

use tauri::{Manager, RunEvent, WindowEvent};
use tauri_plugin_log::{RotationStrategy, Target, TargetKind};
use tauri_plugin_window_state::StateFlags;
use waystation_desktop::redaction::redact;

use crate::desk::Desk;

/// Starts in the tray, as when the system starts it.
const HIDDEN: &str = "--hidden";
const LOG_BYTES_MAX: u128 = 2 * 1024 * 1024;

fn main() -> ExitCode {
    if let Err(error) = environment::prepare() {
        let _ = writeln!(std::io::stderr(), "waystation-desktop: {error}");
    }
    match build_app() {
        Ok(app) => {
            app.run(on_event);
            ExitCode::SUCCESS
        }
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "waystation-desktop: {error}");
            ExitCode::FAILURE
        }
    }
}

fn build_app() -> tauri::Result<tauri::App> {
    tauri::Builder::default()
        // The first of all: a second instance hands its link over and ends before it touches anything.
        .plugin(tauri_plugin_single_instance::init(|app, _, _| window::show(app)))
        .plugin(log_plugin())
        .plugin(tauri_plugin_deep_link::init())
        .plugin(tauri_plugin_dialog::init())
        .plugin(tauri_plugin_notification::init())
        .plugin(tauri_plugin_clipboard_manager::init())
        .plugin(tauri_plugin_opener::Builder::new().open_js_links_on_click(false).build())
        .plugin(tauri_plugin_autostart::Builder::new().arg(HIDDEN).app_name("Waystation").build())
        // Not whether it was seen: an app that starts in the tray would show a window that was open last time.
        .plugin(tauri_plugin_window_state::Builder::new().with_state_flags(kept_state()).build())
        .plugin(tauri_plugin_updater::Builder::new().build())
        .invoke_handler(commands::handler())
        .setup(|app| {
            let handle = app.handle().clone();
            app.manage(Desk::open(&handle)?);
            let is_hidden = std::env::args().any(|argument| argument == HIDDEN);
            window::create(&handle, is_hidden)?;
            if let Err(error) = tray::create(&handle) {
                // A system without a tray still has a window.
                log::warn!("there is no tray: {error}");
            }
            if is_hidden {
                tray_host::show_window_without(&handle);
            }
            links::listen(&handle);
            watching::start(&handle);
            local::start_watching(&handle);
            Ok(())
        })
        .on_window_event(|window, event| {
            if let WindowEvent::CloseRequested { api, .. } = event
                && tray::keeps_app(window.app_handle())
            {
                api.prevent_close();
                let _ = window.hide();
            }
        })
        .build(tauri::generate_context!())
}

fn kept_state() -> StateFlags {
    StateFlags::all() - StateFlags::VISIBLE
}

fn on_event(app: &tauri::AppHandle, event: RunEvent) {
    if let RunEvent::Exit = event {
        // The server ends with the app in any case; here it is given the time to do so in order.
        let desk = app.state::<Desk>();
        tauri::async_runtime::block_on(desk.local.stop());
    }
}

/// The app's own log, in a file that does not grow without end and has no secret in it.
fn log_plugin() -> tauri::plugin::TauriPlugin<tauri::Wry> {
    tauri_plugin_log::Builder::new()
        .clear_targets()
        .target(Target::new(TargetKind::LogDir { file_name: Some("waystation-desktop".to_owned()) }))
        .rotation_strategy(RotationStrategy::KeepSome(3))
        .max_file_size(LOG_BYTES_MAX)
        .level(log::LevelFilter::Info)
        .format(|out, message, record| {
            let text = redact(&message.to_string());
            out.finish(format_args!("{} {} {text}", record.level(), record.target()));
        })
        .build()
}
