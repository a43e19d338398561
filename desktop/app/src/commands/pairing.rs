//! Pairing with a site, and ending it.

use std::time::Instant;

use serde::Serialize;
use tauri::{AppHandle, State};
use waystation_desktop::connections::ConnectionId;
use waystation_desktop::pairing::{Approval, Proposal, pair};
use waystation_desktop::tray::Condition;

use crate::commands::connections::forget_secret;
use crate::desk::Desk;
use crate::failure::{Refusal, Reply};
use crate::links::propose_text;

/// Who this device acts for now.
#[derive(Debug, Serialize)]
pub(crate) struct PairedView {
    id: ConnectionId,
    email: String,
    role: String,
}

#[tauri::command]
pub(crate) async fn propose_pairing(app: AppHandle, text: String) -> Reply<Proposal> {
    propose_text(&app, &text).await
}

#[tauri::command]
pub(crate) async fn show_proposal(desk: State<'_, Desk>) -> Reply<Option<Proposal>> {
    Ok(desk.waiting.proposal())
}

#[tauri::command]
pub(crate) async fn approve_pairing(desk: State<'_, Desk>, approval: Approval) -> Reply<PairedView> {
    let secrets = desk.prepare_secrets().await?;
    let nothing = || Refusal::new("no_proposal", "there is nothing to approve");
    let (link, proposal) = desk.waiting.take().ok_or_else(nothing)?;
    let known = desk.connection_to(&link.address);
    let room = if known.is_some() { Ok(()) } else { desk.book().check_room() };
    if let Err(error) = room {
        desk.waiting.put_back(link, proposal, Instant::now());
        return Err(error.into());
    }
    let paired = match pair(&link, approval, known.as_ref()).await {
        Ok(paired) => paired,
        Err(error) => {
            if !error.spends_code() {
                // What was refused can be mended and approved again.
                desk.waiting.put_back(link, proposal, Instant::now());
            }
            return Err(error.into());
        }
    };
    let (id, credential) = (paired.connection.id, paired.credential);
    let kept = tauri::async_runtime::spawn_blocking(move || credential.save(secrets.as_ref(), id)).await;
    kept.map_err(|error| Refusal::new("keyring_unavailable", error))??;
    // What was known of the site before, its key and its tokens, counts no more.
    desk.gateway.forget(id).await;
    let is_new = known.is_none();
    let entered = match known {
        Some(_) => desk.book().update(paired.connection),
        None => desk.book().add(paired.connection),
    };
    if let Err(error) = entered {
        if is_new {
            // A secret that nobody knows of would stay for good.
            forget_secret(&desk, id).await?;
        }
        return Err(error.into());
    }
    desk.book().select(id)?;
    desk.note_condition(id, Condition::Unknown);
    desk.look_again.notify_one();
    desk.announce_connections();
    Ok(PairedView { id, email: paired.email, role: paired.role })
}

#[tauri::command]
pub(crate) async fn refuse_pairing(desk: State<'_, Desk>) -> Reply<()> {
    desk.waiting.take();
    Ok(())
}

#[tauri::command]
pub(crate) async fn sign_out(desk: State<'_, Desk>, id: ConnectionId) -> Reply<()> {
    let connection = desk.connection(id)?;
    desk.open_secrets().await?;
    let address = desk.address_of(&connection)?;
    desk.gateway.ask(&connection, &address, |client| async move { client.sign_out().await }).await?;
    forget_secret(&desk, id).await?;
    desk.announce_connections();
    Ok(())
}
