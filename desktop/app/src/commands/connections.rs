//! The connections.

use std::path::PathBuf;
use std::sync::PoisonError;

use serde::{Deserialize, Serialize};
use tauri::{AppHandle, State};
use waystation_desktop::connections::{Connection, ConnectionId, Draft, Exchange, Preview, SiteAddress};
use waystation_desktop::files::read_file;
use waystation_desktop::pairing::PairError;
use waystation_desktop::tray::Condition;
use waystation_desktop::trust::{TlsPolicy, look_at_certificate};

use crate::desk::Desk;
use crate::dialogs::{choose_file, choose_new_file};
use crate::failure::{Refusal, Reply};

const EXPORT_BYTES_MAX: u64 = 1024 * 1024;

/// The connections and the one that is worked with.
#[derive(Debug, Serialize)]
pub(crate) struct ConnectionsView {
    connections: Vec<ConnectionView>,
    selected: Option<ConnectionId>,
}

#[derive(Debug, Serialize)]
struct ConnectionView {
    #[serde(flatten)]
    connection: Connection,
    condition: Condition,
    /// Where it is now; none: the server of this app does not run.
    address: Option<SiteAddress>,
}

/// By what a site is to be known from now on.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum TrustWish {
    /// By an authority of this system.
    System,
    /// By an authority of a file that is chosen in a dialog.
    CaFile,
    /// By the key that it shows now.
    PresentKey,
}

#[tauri::command]
pub(crate) async fn list_connections(desk: State<'_, Desk>) -> Reply<ConnectionsView> {
    let book = desk.book();
    let connections = book.list().iter().map(|connection| ConnectionView {
        condition: desk.condition(connection.id),
        address: desk.address_of(connection).ok(),
        connection: connection.clone(),
    });
    Ok(ConnectionsView { connections: connections.collect(), selected: book.selected().map(|kept| kept.id) })
}

#[tauri::command]
pub(crate) async fn select_connection(desk: State<'_, Desk>, id: ConnectionId) -> Reply<()> {
    desk.book().select(id)?;
    desk.announce_connections();
    Ok(())
}

#[tauri::command]
pub(crate) async fn update_connection(desk: State<'_, Desk>, id: ConnectionId, draft: Draft) -> Reply<()> {
    let before = desk.connection(id)?;
    let after = draft.into_connection(id, before.place.clone(), before.tls.clone());
    // Else the window could go around the guard.
    desk.gateway.check_guard(&before, after.write_guard)?;
    desk.book().update(after)?;
    desk.announce_connections();
    Ok(())
}

#[tauri::command]
pub(crate) async fn change_trust(
    app: AppHandle,
    desk: State<'_, Desk>,
    id: ConnectionId,
    wish: TrustWish,
) -> Reply<Option<TlsPolicy>> {
    let connection = desk.connection(id)?;
    let address = desk.address_of(&connection)?;
    let wanted = match wish {
        TrustWish::System => TlsPolicy::System,
        TrustWish::CaFile => match choose_file(&app, &["pem", "crt", "cer"]).await {
            Some(path) => TlsPolicy::CaFile { path },
            None => return Ok(None),
        },
        TrustWish::PresentKey => {
            let seen = look_at_certificate(&address).await.map_err(PairError::from)?;
            TlsPolicy::PinnedKey { fingerprint: seen.fingerprint }
        }
    };
    desk.open_secrets().await?;
    let changed = desk.gateway.change_trust(&connection, &address, wanted).await?;
    desk.book().update(changed.clone())?;
    desk.announce_connections();
    Ok(Some(changed.tls))
}

#[tauri::command]
pub(crate) async fn move_connection(desk: State<'_, Desk>, id: ConnectionId, place: usize) -> Reply<()> {
    desk.book().move_to(id, place)?;
    desk.announce_connections();
    Ok(())
}

#[tauri::command]
pub(crate) async fn remove_connection(desk: State<'_, Desk>, id: ConnectionId) -> Reply<()> {
    desk.connection(id)?;
    // The secret goes first: one that nobody knows of would stay for good.
    forget_secret(&desk, id).await?;
    desk.book().remove(id)?;
    desk.forget_condition(id);
    desk.announce_connections();
    Ok(())
}

#[tauri::command]
pub(crate) async fn export_connections(app: AppHandle, desk: State<'_, Desk>) -> Reply<Option<PathBuf>> {
    let exchange = Exchange::of(&desk.book());
    let Some(path) = choose_new_file(&app, "waystation-connections", "json").await else { return Ok(None) };
    let file = exchange.write().map_err(|error| Refusal::new("file", error))?;
    tokio::fs::write(&path, file).await.map_err(|error| Refusal::new("file", error))?;
    Ok(Some(path))
}

#[tauri::command]
pub(crate) async fn preview_import(app: AppHandle, desk: State<'_, Desk>) -> Reply<Option<Preview>> {
    let Some(path) = choose_file(&app, &["json"]).await else { return Ok(None) };
    let read = read_file(&path, EXPORT_BYTES_MAX).map_err(|error| Refusal::new("file", error))?;
    let exchange = Exchange::read(&read.unwrap_or_default())?;
    let preview = exchange.preview(&desk.book());
    *desk.import.lock().unwrap_or_else(PoisonError::into_inner) = Some(exchange);
    Ok(Some(preview))
}

#[tauri::command]
pub(crate) async fn apply_import(desk: State<'_, Desk>, ids: Vec<ConnectionId>) -> Reply<()> {
    let previewed = desk.import.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let exchange = previewed.ok_or_else(|| Refusal::new("no_import", "nothing was chosen to be imported"))?;
    for given in ids.iter().filter_map(|id| exchange.find(*id)) {
        if let Ok(kept) = desk.connection(given.id) {
            // A file is no way around the guard either.
            desk.gateway.check_guard(&kept, given.write_guard)?;
        }
    }
    *desk.import.lock().unwrap_or_else(PoisonError::into_inner) = None;
    let applied = exchange.apply(&mut desk.book(), &ids);
    desk.announce_connections();
    for id in applied? {
        // What is not forgotten is of no use at another place all the same: it is bound to the one that gave it.
        forget_secret(&desk, id).await?;
    }
    Ok(())
}

/// Forgets what opens a site, on the disk and in memory.
pub(crate) async fn forget_secret(desk: &Desk, id: ConnectionId) -> Reply<()> {
    desk.open_secrets().await?;
    Ok(desk.gateway.forget_secret(id).await?)
}
