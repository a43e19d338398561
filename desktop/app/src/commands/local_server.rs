//! The server of this app.

use tauri::{AppHandle, State};
use waystation_desktop::calls::CallError;
use waystation_desktop::connections::ConnectionId;
use waystation_desktop::local_server::{LogLine, Owner, set_up_site};
use waystation_desktop::tray::Condition;

use crate::desk::Desk;
use crate::failure::{Refusal, Reply};
use crate::local::{self, LocalServerView};

#[tauri::command]
pub(crate) async fn show_local_server(app: AppHandle) -> Reply<LocalServerView> {
    local::note_service(&app).await;
    Ok(local::view(&app))
}

#[tauri::command]
pub(crate) async fn start_local_server(app: AppHandle) -> Reply<LocalServerView> {
    local::start(&app).await?;
    Ok(local::view(&app))
}

#[tauri::command]
pub(crate) async fn stop_local_server(app: AppHandle, desk: State<'_, Desk>) -> Reply<LocalServerView> {
    desk.local.stop().await;
    Ok(local::view(&app))
}

#[tauri::command]
pub(crate) async fn list_local_log(desk: State<'_, Desk>, from: u64) -> Reply<Vec<LogLine>> {
    Ok(desk.local.log().list_from(from))
}

#[tauri::command]
pub(crate) async fn set_up_local_server(desk: State<'_, Desk>, owner: Owner) -> Reply<ConnectionId> {
    let url = desk.local_url().ok_or(CallError::NotRunning)?;
    let secrets = desk.prepare_secrets().await?;
    let connection = local::ensure_connection(&desk)?;
    let credential = set_up_site(&connection, &url, &desk.local.files().data_dir, &owner).await?;
    let id = connection.id;
    let kept = tauri::async_runtime::spawn_blocking(move || credential.save(secrets.as_ref(), id)).await;
    kept.map_err(|error| Refusal::new("keyring_unavailable", error))??;
    desk.local.note_set_up();
    desk.note_condition(id, Condition::Unknown);
    desk.look_again.notify_one();
    desk.book().select(id)?;
    desk.announce_connections();
    Ok(id)
}

#[tauri::command]
pub(crate) async fn keep_local_server_running(app: AppHandle, enabled: bool) -> Reply<LocalServerView> {
    local::keep_running(&app, enabled).await?;
    Ok(local::view(&app))
}
