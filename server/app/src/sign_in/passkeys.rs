//! People's passkeys: making, naming and taking them away; and what every use of one begins with.

use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;
use sha2::{Digest, Sha256};
use waystation_api::error::{ErrorCode, ErrorReply, FieldCode};
use waystation_api::name::Name;
use waystation_api::pagination::Page;
use waystation_api::passkeys::{
    Passkey, PasskeyCreate, PasskeyCreated, PasskeyCreationStarted, PasskeyUpdate, PasskeyUseStarted,
};
use waystation_api::time::Time;
use waystation_ids::{PasskeyId, UserId};
use waystation_store::{
    self as store, ChangeKind, NewPasskey, PasskeyCreation, PasskeyDeletion, PendingKind,
};
use webauthn_rs::prelude::{Passkey as Credential, PasskeyRegistration};

use crate::audit_trail::{Deed, state_of};
use crate::auth::Actor;
use crate::clock::now_ms;
use crate::drawn_secret::DrawnSecret;
use crate::error::ApiError;
use crate::http::body::{Json, PathParts};
use crate::http::visitor::Visitor;
use crate::mail::MailKind;
use crate::random::random_bytes;
use crate::sign_in::mailed_links::mail_user_deed;
use crate::sign_in::proof::{FreshProof, OfferedProof};
use crate::sign_in::recovery_code::NewCodes;
use crate::sign_in::relying_party::{RelyingParty, UseUnderWay, is_backed_up};
use crate::sign_in::step_token::{Step, begin_step, open_state, take_open_token, write_open_token};
use crate::state::App;

/// The most passkeys of one person.
const PASSKEYS_MAX: u64 = 20;
const NAME_LENGTH_MAX: usize = 64;

/// Begin to make a passkey
///
/// Needs a fresh proof, but from somebody who has nothing to prove anything by and has just signed in.
#[utoipa::path(
    post, path = "/me/passkeys/start", tag = "me", operation_id = "start_passkey",
    responses(
        (status = 200, description = "What to ask of the browser", body = PasskeyCreationStarted),
        (status = 403, description = "A fresh proof is needed", body = ErrorReply),
        (status = 409, description = "The site has no address that passkeys can be bound to", body = ErrorReply),
    ),
)]
pub(super) async fn start_passkey(
    State(app): State<App>,
    actor: Actor,
    proof: OfferedProof,
) -> Result<Json<PasskeyCreationStarted>, ApiError> {
    let site = RelyingParty::of(&app)?;
    let FreshProof { .. } = proof.redeem_or_set_up(&app).await?;
    let known = load_credentials(&app, actor.id()).await?;
    let (options, state) = site.start_creation(actor.user(), &known).map_err(ApiError::internal)?;
    let challenge = begin_own_step(&app, &actor, PendingKind::PasskeyCreation, &state).await?;
    Ok(Json(PasskeyCreationStarted { challenge, options }))
}

/// Keep a passkey that was made
///
/// It signs its owner in, and is asked for beside a password. All other sessions end. Whoever had no recovery codes
/// gets some, this once.
#[utoipa::path(
    post, path = "/me/passkeys/finish", tag = "me", operation_id = "finish_passkey", request_body = PasskeyCreate,
    responses(
        (status = 201, description = "The passkey", body = PasskeyCreated),
        (status = 400, description = "The challenge is unknown, used or too old, or the answer does not fit it", body = ErrorReply),
        (status = 409, description = "The passkey is known, or there are too many", body = ErrorReply),
    ),
)]
pub(super) async fn finish_passkey(
    State(app): State<App>,
    actor: Actor,
    visitor: Visitor,
    Json(body): Json<PasskeyCreate>,
) -> Result<(StatusCode, Json<PasskeyCreated>), ApiError> {
    let name = check_name(body.name)?;
    let state: PasskeyRegistration =
        take_own_step(&app, &actor, PendingKind::PasskeyCreation, &body.challenge).await?;
    let made = RelyingParty::of(&app)?
        .finish_creation(&body.credential, &state)
        .map_err(|error| ApiError::field("credential", FieldCode::Invalid, error.to_string()))?;
    let codes = NewCodes::new()?;
    let id = PasskeyId::new(now_ms(), random_bytes()?);
    let new = NewPasskey {
        id,
        user: actor.id(),
        credential_hash: Sha256::digest(made.cred_id()).into(),
        credential: serde_json::to_string(&made).map_err(ApiError::internal)?,
        is_backed_up: is_backed_up(&made),
        name,
        codes: codes.hashes,
    };
    let target = id.to_string();
    let mut entry =
        Deed { action: "passkey.create", target: Some(("passkey", &target)) }.by(&actor, &visitor);
    entry.after = state_of(&json!({"name": new.name}));
    match app.store.create_passkey(&new, PASSKEYS_MAX, actor.session(), &entry).await? {
        PasskeyCreation::TooMany => {
            let message = format!("You have {PASSKEYS_MAX} passkeys: take one away first.");
            Err(ApiError::new(ErrorCode::Conflict, message))
        }
        PasskeyCreation::Kept { passkey, has_new_codes } => {
            app.changes.announce(ChangeKind::User, actor.id()).await;
            mail_user_deed(&app, actor.user(), &visitor, |deed| MailKind::SecondFactorChanged { deed });
            let passkey = wire_passkey(passkey);
            let recovery_codes = has_new_codes.then_some(codes.texts);
            Ok((StatusCode::CREATED, Json(PasskeyCreated { passkey, recovery_codes })))
        }
    }
}

/// List the caller's passkeys, the oldest first
#[utoipa::path(
    get, path = "/me/passkeys", tag = "me", operation_id = "list_passkeys",
    responses((status = 200, description = "All of them", body = Page<Passkey>)),
)]
pub(super) async fn list_passkeys(
    State(app): State<App>,
    actor: Actor,
) -> Result<Json<Page<Passkey>>, ApiError> {
    let passkeys = app.store.list_passkeys(actor.id()).await?;
    Ok(Json(Page { items: passkeys.into_iter().map(wire_passkey).collect(), next_cursor: None }))
}

/// Rename a passkey
#[utoipa::path(
    patch, path = "/me/passkeys/{id}", tag = "me", operation_id = "update_passkey", request_body = PasskeyUpdate,
    params(("id" = String, Path, description = "The passkey's id")),
    responses(
        (status = 200, description = "The passkey as it is now", body = Passkey),
        (status = 404, description = "The caller has no such passkey", body = ErrorReply),
    ),
)]
pub(super) async fn update_passkey(
    State(app): State<App>,
    actor: Actor,
    visitor: Visitor,
    PathParts(id): PathParts<PasskeyId>,
    Json(body): Json<PasskeyUpdate>,
) -> Result<Json<Passkey>, ApiError> {
    let name = check_name(body.name)?;
    let target = id.to_string();
    let mut entry =
        Deed { action: "passkey.update", target: Some(("passkey", &target)) }.by(&actor, &visitor);
    entry.after = state_of(&json!({"name": name}));
    Ok(Json(wire_passkey(app.store.rename_passkey(actor.id(), id, &name, &entry).await?)))
}

/// Take a passkey away
///
/// Not the last way to sign in. All other sessions end.
#[utoipa::path(
    delete, path = "/me/passkeys/{id}", tag = "me", operation_id = "delete_passkey",
    params(("id" = String, Path, description = "The passkey's id")),
    responses(
        (status = 204, description = "It opens nothing any more"),
        (status = 403, description = "A fresh proof is needed", body = ErrorReply),
        (status = 404, description = "The caller has no such passkey", body = ErrorReply),
        (status = 409, description = "It is the last way to sign in", body = ErrorReply),
    ),
)]
pub(super) async fn delete_passkey(
    State(app): State<App>,
    actor: Actor,
    visitor: Visitor,
    _: FreshProof,
    PathParts(id): PathParts<PasskeyId>,
) -> Result<StatusCode, ApiError> {
    let target = id.to_string();
    let entry = Deed { action: "passkey.delete", target: Some(("passkey", &target)) }.by(&actor, &visitor);
    match app.store.delete_passkey(actor.id(), id, actor.session(), &entry).await? {
        PasskeyDeletion::LastWay => {
            let message =
                "This passkey is your only way to sign in: set a password or make another one first.";
            Err(ApiError::new(ErrorCode::Conflict, message))
        }
        PasskeyDeletion::Deleted => {
            app.changes.announce(ChangeKind::User, actor.id()).await;
            mail_user_deed(&app, actor.user(), &visitor, |deed| MailKind::SecondFactorChanged { deed });
            Ok(StatusCode::NO_CONTENT)
        }
    }
}

/// Begins a use of one of the actor's passkeys, to prove who that is.
pub(super) async fn begin_use(app: &App, actor: &Actor) -> Result<PasskeyUseStarted, ApiError> {
    let under_way = RelyingParty::of(app)?.start_use().map_err(ApiError::internal)?;
    let options = under_way.options(&load_credentials(app, actor.id()).await?);
    let challenge = begin_own_step(app, actor, PendingKind::PasskeyUse, &under_way).await?;
    Ok(PasskeyUseStarted { challenge, options })
}

/// Takes a use that [`begin_use`] began for the same session.
pub(super) async fn take_use(app: &App, token: &str, actor: &Actor) -> Result<UseUnderWay, ApiError> {
    take_own_step(app, actor, PendingKind::PasskeyUse, token).await
}

/// Begins to sign somebody in with whichever passkey there is. Nothing is written: anybody may begin.
pub(super) async fn begin_open_use(app: &App) -> Result<PasskeyUseStarted, ApiError> {
    let under_way = RelyingParty::of(app)?.start_use().map_err(ApiError::internal)?;
    let options = under_way.options(&[]);
    let now_ms = app.store.now_ms().await?;
    let challenge = write_open_token(app, PendingKind::PasskeyUse, under_way, now_ms)?;
    Ok(PasskeyUseStarted { challenge, options })
}

/// Takes what [`begin_open_use`] began, once.
pub(super) async fn take_open_use(app: &App, token: &str) -> Result<UseUnderWay, ApiError> {
    take_open_token(app, PendingKind::PasskeyUse, token).await?.ok_or_else(step_ended)
}

/// What is kept of somebody's passkeys.
pub(super) async fn load_credentials(app: &App, user: UserId) -> Result<Vec<Credential>, ApiError> {
    app.store.list_passkeys(user).await?.iter().map(read_credential).collect()
}

/// What is kept of a passkey, to check its answers by.
pub(super) fn read_credential(passkey: &store::Passkey) -> Result<Credential, ApiError> {
    serde_json::from_str(&passkey.credential).map_err(ApiError::internal)
}

/// Remembers a step that only the same session can take.
async fn begin_own_step<T: Serialize>(
    app: &App,
    actor: &Actor,
    kind: PendingKind,
    state: &T,
) -> Result<String, ApiError> {
    let step = Step { kind, user: Some(actor.id()), session: Some(actor.session()), browser: None, state };
    Ok(begin_step(app, step).await?.reveal().to_owned())
}

async fn take_own_step<T: DeserializeOwned>(
    app: &App,
    actor: &Actor,
    kind: PendingKind,
    token: &str,
) -> Result<T, ApiError> {
    let hash = DrawnSecret::hash_of(token).ok_or_else(step_ended)?;
    let taken = app.store.take_pending(&hash, kind).await?.ok_or_else(step_ended)?;
    if (taken.user, taken.session) != (Some(actor.id()), Some(actor.session())) {
        return Err(step_ended());
    }
    open_state(app, &hash, &taken)
}

fn step_ended() -> ApiError {
    ApiError::new(ErrorCode::InvalidLink, "This challenge is unknown, used or too old. Begin anew.")
}

fn check_name(name: Name) -> Result<String, ApiError> {
    match name.as_str().chars().count() <= NAME_LENGTH_MAX {
        true => Ok(name.into()),
        false => Err(ApiError::field("name", FieldCode::TooLong, "has at most 64 characters")),
    }
}

fn wire_passkey(passkey: store::Passkey) -> Passkey {
    Passkey {
        id: passkey.id,
        name: passkey.name,
        backed_up: passkey.is_backed_up,
        created_at: Time::from_unix_ms(passkey.created_at_ms),
        last_used_at: passkey.last_used_at_ms.map(Time::from_unix_ms),
    }
}
