//! Channels' secrets: sealed when they come in, opened only to be sent to their upstream.

use axum::extract::State;
use axum::http::StatusCode;
use waystation_api::channels::{Credential, CredentialCreate, UpstreamSecret};
use waystation_api::error::ErrorReply;
use waystation_api::time::Time;
use waystation_ids::{ChannelId, CredentialId};
use waystation_store::{self as store, ChangeKind, NewCredential};

use crate::audit_trail::{Doer, state_of};
use crate::auth::Actor;
use crate::clock::now_ms;
use crate::error::ApiError;
use crate::http::body::{Json, PathParts};
use crate::http::visitor::Visitor;
use crate::random::random_bytes;
use crate::sealing::Purpose;
use crate::sign_in::FreshProof;
use crate::state::App;

/// Of a secret of this length or more, its ends are shown: they tell which it is, and leave the rest unguessable.
const LENGTH_SHOWN: usize = 20;

/// Add a secret to a channel
///
/// It is used from now on and never shown again. Needs a fresh proof.
#[utoipa::path(
    post, path = "/admin/channels/{id}/credentials", tag = "channels", operation_id = "create_credential",
    request_body = CredentialCreate, params(("id" = String, Path, description = "The channel's id")),
    responses(
        (status = 201, description = "The secret, without the secret", body = Credential),
        (status = 403, description = "A fresh proof is needed", body = ErrorReply),
        (status = 404, description = "There is no such channel", body = ErrorReply),
    ),
)]
pub(super) async fn create_credential(
    State(app): State<App>,
    actor: Actor,
    visitor: Visitor,
    _: FreshProof,
    PathParts(channel): PathParts<ChannelId>,
    Json(body): Json<CredentialCreate>,
) -> Result<(StatusCode, Json<Credential>), ApiError> {
    body.check()?;
    let doer = Doer::Actor(&actor, &visitor);
    let audit = doer.does("credential.create", "channel", &channel.to_string()).showing(shown_credential);
    let credential = app.store.create_credential(channel, seal_secret(&app, &body.secret)?, &audit).await?;
    app.changes.announce(ChangeKind::Channel, channel).await;
    Ok((StatusCode::CREATED, Json(wire_credential(credential))))
}

/// Delete a secret of a channel
///
/// A channel that had secrets and has none left goes on without: for an upstream that asks for one, add the new
/// secret first.
#[utoipa::path(
    delete, path = "/admin/channels/{id}/credentials/{credential}", tag = "channels",
    operation_id = "delete_credential",
    params(
        ("id" = String, Path, description = "The channel's id"),
        ("credential" = String, Path, description = "The secret's id"),
    ),
    responses(
        (status = 204, description = "It is deleted"),
        (status = 404, description = "There is no such channel or secret", body = ErrorReply),
    ),
)]
pub(super) async fn delete_credential(
    State(app): State<App>,
    actor: Actor,
    visitor: Visitor,
    PathParts((channel, credential)): PathParts<(ChannelId, CredentialId)>,
) -> Result<StatusCode, ApiError> {
    let doer = Doer::Actor(&actor, &visitor);
    let audit = doer.does("credential.delete", "channel", &channel.to_string()).showing(shown_credential);
    app.store.delete_credential(channel, credential, &audit).await?;
    app.changes.announce(ChangeKind::Channel, channel).await;
    Ok(StatusCode::NO_CONTENT)
}

/// Seals a secret under an id of its own, with which alone it opens.
pub(crate) fn seal_secret(app: &App, secret: &UpstreamSecret) -> Result<NewCredential, ApiError> {
    let id = CredentialId::new(now_ms(), random_bytes()?);
    let sealed = app.sealing.seal(Purpose::Credential, &id.to_string(), secret.expose().as_bytes())?;
    Ok(NewCredential { id, sealed, preview: preview_secret(secret.expose()) })
}

pub(super) fn wire_credential(credential: store::Credential) -> Credential {
    Credential {
        id: credential.id,
        preview: credential.preview,
        active: credential.active,
        created_at: Time::from_unix_ms(credential.created_at_ms),
    }
}

/// A secret as the audit log shows it: by its id and its ends.
fn shown_credential(credential: &store::Credential) -> Option<String> {
    state_of(&wire_credential(credential.clone()))
}

/// What may be shown of a secret. It is ASCII: whoever takes secrets in sees to that.
fn preview_secret(secret: &str) -> String {
    match (secret.get(..4), secret.len().checked_sub(4).and_then(|start| secret.get(start..))) {
        (Some(first), Some(last)) if secret.len() >= LENGTH_SHOWN => format!("{first}…{last}"),
        _ => "…".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_ends_of_a_long_secret_are_shown() {
        assert_eq!(preview_secret("sk-proj-0123456789abcdef"), "sk-p…cdef");
        assert_eq!(preview_secret("0123456789012345678"), "…");
        assert_eq!(preview_secret("x"), "…");
        assert_eq!(preview_secret(""), "…");
    }
}
