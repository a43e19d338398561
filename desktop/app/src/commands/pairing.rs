//! Pairing with a site, and ending it.

use serde::Serialize;
use tauri::{AppHandle, State};
use waystation_desktop::connections::{Connection, ConnectionId};
use waystation_desktop::pairing::{Approval, PairingLink, Proposal, pair};
use waystation_desktop::secrets::{Credential, SecretError, SharedSecrets};

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
    // The place for the secret is opened before the code is used up.
    desk.open_secrets().await?;
    let secrets = desk.gateway.secrets()?;
    desk.book().check_room()?;
    let nothing = || Refusal::new("no_proposal", "there is nothing to approve");
    let link = desk.waiting.take().ok_or_else(nothing)?;
    let own = find_unpaired_own(&desk, &link, secrets.clone()).await;
    let mut paired = pair(&link, approval).await?;
    if let Some(own) = &own {
        paired = paired.as_own(own.id);
    }
    let (id, credential) = (paired.connection.id, paired.credential);
    let kept = tauri::async_runtime::spawn_blocking(move || credential.save(secrets.as_ref(), id)).await;
    kept.map_err(|error| Refusal::new("keyring_unavailable", error))??;
    let entered = match own {
        Some(_) => desk.book().update(paired.connection),
        None => desk.book().add(paired.connection),
    };
    if let Err(error) = entered {
        // A secret that nobody knows of would stay for good.
        forget_secret(&desk, id).await?;
        return Err(error.into());
    }
    desk.book().select(id)?;
    desk.announce_connections();
    Ok(PairedView { id, email: paired.email, role: paired.role })
}

/// The connection of this app's own server, if the link is that server's and nothing opens it any more: nothing but a
/// link could bring it back.
async fn find_unpaired_own(desk: &Desk, link: &PairingLink, secrets: SharedSecrets) -> Option<Connection> {
    let own = desk.local_connection().filter(|_| desk.local_url().as_ref() == Some(&link.address))?;
    let id = own.id;
    let loaded = tauri::async_runtime::spawn_blocking(move || Credential::load(secrets.as_ref(), id)).await;
    matches!(loaded, Ok(Ok(None) | Err(SecretError::Damaged))).then_some(own)
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
