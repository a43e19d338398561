//! The accounts with identity providers that people have.

use axum::extract::State;
use waystation_api::error::{ErrorCode, ErrorReply};
use waystation_api::oauth::{Identities, Identity};
use waystation_api::time::Time;
use waystation_ids::IdentityId;
use waystation_store::{self as store, ChangeKind, UnlinkIdentityError};

use crate::audit_trail::{Deed, state_of};
use crate::auth::Actor;
use crate::error::ApiError;
use crate::http::body::{Json, PathParts};
use crate::http::visitor::Visitor;
use crate::sign_in::proof::OfferedProof;
use crate::state::App;

/// List the caller's accounts with identity providers
#[utoipa::path(
    get, path = "/me/identities", tag = "me", operation_id = "list_my_identities",
    responses((status = 200, description = "All of them, the oldest first", body = Identities)),
)]
pub(super) async fn list_my_identities(
    State(app): State<App>,
    actor: Actor,
) -> Result<Json<Identities>, ApiError> {
    let found = app.store.list_identities(actor.id()).await?;
    Ok(Json(Identities { items: found.into_iter().map(wire_identity).collect() }))
}

/// Take an account with an identity provider off
///
/// Another way to sign in must be left: a password, a passkey or another account. Needs a fresh proof, but from
/// somebody who has nothing to prove anything by and has just signed in.
#[utoipa::path(
    delete, path = "/me/identities/{identity}", tag = "me", operation_id = "unlink_my_identity",
    params(("identity" = String, Path, description = "Its id")),
    responses(
        (status = 200, description = "What was taken off", body = Identity),
        (status = 403, description = "A fresh proof is needed", body = ErrorReply),
        (status = 404, description = "The caller has no such account", body = ErrorReply),
        (status = 409, description = "It is the last way to sign in", body = ErrorReply),
    ),
)]
pub(super) async fn unlink_my_identity(
    State(app): State<App>,
    actor: Actor,
    visitor: Visitor,
    proof: OfferedProof,
    PathParts(identity): PathParts<IdentityId>,
) -> Result<Json<Identity>, ApiError> {
    proof.redeem_or_set_up(&app).await?;
    let known = app.store.list_identities(actor.id()).await?;
    let known = known.into_iter().find(|known| known.id == identity);
    let before = known.map(wire_identity).ok_or_else(|| ApiError::not_found("identity"))?;
    let id = identity.to_string();
    let mut entry = Deed { action: "identity.unlink", target: Some(("identity", &id)) }.by(&actor, &visitor);
    entry.before = state_of(&before);
    let taken_off = app.store.unlink_identity(actor.id(), identity, &entry).await?;
    app.changes.announce(ChangeKind::User, actor.id()).await;
    Ok(Json(wire_identity(taken_off)))
}

fn wire_identity(identity: store::Identity) -> Identity {
    Identity {
        id: identity.id,
        provider: identity.provider,
        email: identity.email,
        created_at: Time::from_unix_ms(identity.created_at_ms),
        last_used_at: identity.last_used_at_ms.map(Time::from_unix_ms),
    }
}

impl From<UnlinkIdentityError> for ApiError {
    fn from(error: UnlinkIdentityError) -> Self {
        match error {
            UnlinkIdentityError::LastWay => ApiError::new(
                ErrorCode::Conflict,
                "This is your last way to sign in. Set a password or a passkey first.",
            ),
            UnlinkIdentityError::Store(error) => error.into(),
        }
    }
}
