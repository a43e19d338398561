//! Calls to sites.

use std::path::PathBuf;

use serde::Serialize;
use tauri::{AppHandle, State};
use waystation_desktop::calls::{Answer, Call, Export, Exported};
use waystation_desktop::connections::ConnectionId;

use crate::desk::Desk;
use crate::dialogs::choose_new_file;
use crate::failure::{Refusal, Reply};
use crate::watching::note_call;

/// What an export came to.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum ExportView {
    Saved { path: PathBuf },
    Refused { refusal: Answer },
}

#[tauri::command]
pub(crate) async fn api(desk: State<'_, Desk>, call: Call) -> Reply<Answer> {
    let connection = desk.connection(call.connection)?;
    desk.open_secrets().await?;
    let address = desk.address_of(&connection)?;
    let called = desk.gateway.call(&connection, &address, call).await;
    note_call(&desk, connection.id, called.as_ref().err());
    Ok(called?)
}

#[tauri::command]
pub(crate) async fn export_file(
    app: AppHandle,
    desk: State<'_, Desk>,
    export: Export,
    name: String,
) -> Reply<Option<ExportView>> {
    let connection = desk.connection(export.connection)?;
    desk.open_secrets().await?;
    let address = desk.address_of(&connection)?;
    let format =
        export.format().ok_or_else(|| Refusal::new("unknown_operation", "there is no such export"))?;
    let Some(path) = choose_new_file(&app, &name, format.extension()).await else { return Ok(None) };
    let exported = desk.gateway.export(&connection, &address, &export, &path).await?;
    Ok(Some(match exported {
        Exported::Written(_) => ExportView::Saved { path },
        Exported::Refused(refusal) => ExportView::Refused { refusal },
    }))
}

#[tauri::command]
pub(crate) async fn open_writes(desk: State<'_, Desk>, id: ConnectionId, typed: String) -> Reply<u64> {
    let connection = desk.connection(id)?;
    Ok(desk.gateway.open_writes(&connection, &typed)?.as_secs())
}

#[tauri::command]
pub(crate) async fn lock_writes(desk: State<'_, Desk>, id: ConnectionId) -> Reply<()> {
    desk.gateway.lock_writes(id);
    Ok(())
}
