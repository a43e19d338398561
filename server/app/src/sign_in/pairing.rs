//! Pairing a device: a code that is shown to a person who is signed in, or by a command at the server, is entered at
//! the device, which gets tokens of its own for it.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use serde_json::json;
use waystation_api::devices::{DevicePair, Pairing, PairingCreate};
use waystation_api::error::{ErrorCode, ErrorReply, FieldCode};
use waystation_api::sign_in::SignInReply;
use waystation_api::time::Time;
use waystation_ids::{SessionId, UserId};
use waystation_store::{AuditEntry, PendingKind, User};

use crate::audit_trail::Deed;
use crate::auth::Actor;
use crate::clock::now_ms;
use crate::drawn_secret::DrawnSecret;
use crate::error::ApiError;
use crate::http::body::Json;
use crate::http::public_origin::link_base;
use crate::http::visitor::Visitor;
use crate::sign_in::backoff::Bucket;
use crate::sign_in::certificate::find_fingerprint;
use crate::sign_in::completion::{ProvedBy, Reception, failed_sign_in, open_named_session};
use crate::sign_in::step_token::{Step, begin_step, open_state, step_time_ms};
use crate::state::App;

const NAME_LENGTH_MAX: usize = 64;

/// What the device is to be called, while its code is on its way.
#[derive(Serialize, Deserialize)]
struct Invitation {
    name: String,
}

/// Begin to pair a device
///
/// The answer is shown to be entered at the device, as text or as a picture. It is good for one device and for five
/// minutes, and no longer than the session that asks.
#[utoipa::path(
    post, path = "/me/devices/pairing", tag = "me", operation_id = "create_my_pairing", request_body = PairingCreate,
    responses(
        (status = 201, description = "The code, in the form that the device takes", body = Pairing),
        (status = 409, description = "The site does not know its own address", body = ErrorReply),
    ),
)]
pub(super) async fn create_my_pairing(
    State(app): State<App>,
    actor: Actor,
    visitor: Visitor,
    Json(body): Json<PairingCreate>,
) -> Result<(StatusCode, Json<Pairing>), ApiError> {
    let name = String::from(body.name);
    if name.chars().count() > NAME_LENGTH_MAX {
        return Err(ApiError::field("name", FieldCode::TooLong, "must have at most 64 characters"));
    }
    let entry = Deed { action: "device.invite", target: None }.by(&actor, &visitor);
    let pairing = create_pairing(&app, actor.id(), Some(actor.session()), name, entry).await?;
    Ok((StatusCode::CREATED, Json(pairing)))
}

/// Pair a device
///
/// The device gets a session of its own, which its user sees and can end.
#[utoipa::path(
    post, path = "/auth/pair", tag = "sign-in", operation_id = "pair_device", request_body = DevicePair,
    responses(
        (status = 200, description = "The session and its tokens", body = SignInReply),
        (status = 400, description = "The code is unknown, used or too old", body = ErrorReply),
        (status = 429, description = "Too many wrong codes from this client", body = ErrorReply),
    ),
)]
pub(super) async fn pair_device(
    State(app): State<App>,
    visitor: Visitor,
    Json(body): Json<DevicePair>,
) -> Result<Response, ApiError> {
    let named = body.device_name.map(String::from);
    if named.as_ref().is_some_and(|name| name.chars().count() > NAME_LENGTH_MAX) {
        return Err(ApiError::field("device_name", FieldCode::TooLong, "must have at most 64 characters"));
    }
    app.backoff.admit(Bucket::Client, &visitor).await?;
    let Some((user, invitation)) = take_invitation(&app, &body.code).await? else {
        app.backoff.note_failure(Bucket::Client, &visitor).await;
        app.store.append_audit_entry(&failed_sign_in(None, ProvedBy::Pairing, &visitor)).await?;
        return Err(invalid_code());
    };
    app.backoff.note_success(Bucket::Client, &visitor).await;
    let name = named.unwrap_or(invitation.name);
    open_named_session(&app, &visitor, user, ProvedBy::Pairing, Reception::Tokens, Some(&name)).await
}

/// Makes a code that pairs one device with a person. One that a session asked for ends with it.
pub(crate) async fn create_pairing(
    app: &App,
    user: UserId,
    session: Option<SessionId>,
    name: String,
    entry: AuditEntry,
) -> Result<Pairing, ApiError> {
    let base = link_base(app)?;
    let expires_at = Time::from_unix_ms(now_ms().saturating_add(step_time_ms()));
    let fingerprint =
        find_fingerprint(app).await.map(|fingerprint| fingerprint.to_string()).unwrap_or_default();
    let invitation = Invitation { name: name.clone() };
    let step =
        Step { kind: PendingKind::Pairing, user: Some(user), session, browser: None, state: &invitation };
    let code = begin_step(app, step).await?;
    let after = json!({ "user": user, "name": name }).to_string();
    app.store.append_audit_entry(&AuditEntry { after: Some(after), ..entry }).await?;
    Ok(Pairing {
        uri: pairing_uri(&base, code.reveal(), &fingerprint),
        code: code.reveal().to_owned(),
        expires_at,
    })
}

/// Takes what a code invites to, once; none if the code is of no use.
async fn take_invitation(app: &App, code: &str) -> Result<Option<(User, Invitation)>, ApiError> {
    let Some(hash) = DrawnSecret::hash_of(code) else { return Ok(None) };
    let Some(taken) = app.store.take_pending(&hash, PendingKind::Pairing).await? else { return Ok(None) };
    let Some(user) = taken.user else { return Ok(None) };
    if let Some(session) = taken.session {
        let found = app.store.load_active_session(session).await?;
        if found.is_none_or(|(session, _)| session.expires_at_ms <= now_ms()) {
            return Ok(None);
        }
    }
    let invitation = open_state(app, &hash, &taken)?;
    Ok(Some((app.store.load_user(user).await?, invitation)))
}

fn pairing_uri(base: &str, code: &str, fingerprint: &str) -> String {
    let mut uri = String::from("waystation://pair?u=");
    for byte in base.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => uri.push(char::from(byte)),
            _ => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    // Neither of these has a character that means something in an address.
    format!("{uri}&c={code}&fp={fingerprint}")
}

fn invalid_code() -> ApiError {
    ApiError::new(ErrorCode::InvalidLink, "The code is unknown, was used, or is too old. Ask for a new one.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pairing_is_one_address_with_its_parts_escaped() {
        assert_eq!(
            pairing_uri("https://ai.example.com:8443/a", "c-_0", "f-_0"),
            "waystation://pair?u=https%3A%2F%2Fai.example.com%3A8443%2Fa&c=c-_0&fp=f-_0"
        );
    }
}
