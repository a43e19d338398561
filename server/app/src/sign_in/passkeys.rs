//! People's passkeys: making, naming and taking them away; and what every use of one begins with.

use axum::extract::State;
use axum::http::StatusCode;
use reqwest::Url;
use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::{Digest, Sha256};
use waystation_api::error::{ErrorCode, ErrorReply, FieldCode};
use waystation_api::name::Name;
use waystation_api::pagination::Page;
use waystation_api::passkeys::{
    Passkey, PasskeyCreate, PasskeyCreated, PasskeyCreationStarted, PasskeyUpdate, PasskeyUseStarted,
    PasskeyUserEntity,
};
use waystation_api::time::Time;
use waystation_ids::{PasskeyId, UserId};
use waystation_store::{
    self as store, ChangeKind, NewPasskey, PasskeyCreation, PasskeyDeletion, PendingKind,
};

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
use crate::sign_in::step_token::{Step, begin_step, open_state, take_open_token, write_open_token};
use crate::state::App;
use crate::webauthn::{RelyingParty, StoredCredential, read_base64, write_base64};

/// What the site is called where authenticators list it.
pub(super) const SITE_NAME: &str = "Waystation";

/// The most passkeys of one person.
const PASSKEYS_MAX: u64 = 20;
const NAME_LENGTH_MAX: usize = 64;

/// What a passkey's next step needs.
#[derive(Serialize, Deserialize)]
struct UnderWay {
    challenge: String,
}

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
    let site = relying_party(&app)?;
    let FreshProof { .. } = proof.redeem_or_set_up(&app).await?;
    let known = load_credentials(&app, actor.id()).await?;
    let bytes = random_bytes::<32>()?;
    let under_way = UnderWay { challenge: write_base64(&bytes) };
    let step = Step {
        kind: PendingKind::PasskeyCreation,
        user: Some(actor.id()),
        session: Some(actor.session()),
        browser: None,
        state: &under_way,
    };
    let challenge = begin_step(&app, step).await?;
    let user = PasskeyUserEntity {
        id: write_base64(actor.id().uuid().as_bytes()),
        name: actor.user().email.to_string(),
        display_name: actor.user().display_name.clone(),
    };
    let options = site.creation_options(&bytes, user, &known);
    Ok(Json(PasskeyCreationStarted { challenge: challenge.reveal().to_owned(), options }))
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
    let challenge = take_step(&app, &body.challenge, PendingKind::PasskeyCreation, &actor).await?;
    let made = relying_party(&app)?
        .read_creation(&challenge, &body.credential)
        .map_err(|error| ApiError::field("credential", FieldCode::Invalid, error.to_string()))?;
    let codes = NewCodes::new()?;
    let id = PasskeyId::new(now_ms(), random_bytes()?);
    let new = NewPasskey {
        id,
        user: actor.id(),
        credential_hash: Sha256::digest(&made.id).into(),
        credential: serde_json::to_string(&made).map_err(ApiError::internal)?,
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
            let passkey = wire_passkey(passkey)?;
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
    let items = passkeys.into_iter().map(wire_passkey).collect::<Result<_, _>>()?;
    Ok(Json(Page { items, next_cursor: None }))
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
    Ok(Json(wire_passkey(app.store.rename_passkey(actor.id(), id, &name, &entry).await?)?))
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
    let site = relying_party(app)?;
    let known = load_credentials(app, actor.id()).await?;
    let bytes = random_bytes::<32>()?;
    let under_way = UnderWay { challenge: write_base64(&bytes) };
    let step = Step {
        kind: PendingKind::PasskeyUse,
        user: Some(actor.id()),
        session: Some(actor.session()),
        browser: None,
        state: &under_way,
    };
    let challenge = begin_step(app, step).await?;
    let options = site.use_options(&bytes, &known);
    Ok(PasskeyUseStarted { challenge: challenge.reveal().to_owned(), options })
}

/// Takes a use that [`begin_use`] began for the same session; gives what was to be signed.
pub(super) async fn take_use(app: &App, token: &str, actor: &Actor) -> Result<Vec<u8>, ApiError> {
    take_step(app, token, PendingKind::PasskeyUse, actor).await
}

/// Begins to sign somebody in with whichever passkey there is. Nothing is written: anybody may begin.
pub(super) async fn begin_open_use(app: &App) -> Result<PasskeyUseStarted, ApiError> {
    let site = relying_party(app)?;
    let bytes = random_bytes::<32>()?;
    let under_way = UnderWay { challenge: write_base64(&bytes) };
    let now_ms = app.store.now_ms().await?;
    let challenge = write_open_token(app, PendingKind::PasskeyUse, under_way, now_ms)?;
    Ok(PasskeyUseStarted { challenge, options: site.use_options(&bytes, &[]) })
}

/// Takes what [`begin_open_use`] began, once; gives what was to be signed.
pub(super) async fn take_open_use(app: &App, token: &str) -> Result<Vec<u8>, ApiError> {
    let taken: Option<UnderWay> = take_open_token(app, PendingKind::PasskeyUse, token).await?;
    read_base64(&taken.ok_or_else(step_ended)?.challenge).ok_or_else(step_ended)
}

/// The site, as browsers and authenticators know it.
pub(super) fn relying_party(app: &App) -> Result<RelyingParty, ApiError> {
    let port = || app.listening_on.get().copied().unwrap_or(app.config.listen).port();
    let local = || format!("http://localhost:{}", port());
    let address = app.config.public_url.clone().unwrap_or_else(local);
    read_site(&address).ok_or_else(|| {
        let message = "Passkeys are bound to a host name and https: they need such a public_url.";
        ApiError::new(ErrorCode::Conflict, message)
    })
}

/// What is kept of somebody's passkeys.
pub(super) async fn load_credentials(app: &App, user: UserId) -> Result<Vec<StoredCredential>, ApiError> {
    app.store.list_passkeys(user).await?.iter().map(read_credential).collect()
}

async fn take_step(app: &App, token: &str, kind: PendingKind, actor: &Actor) -> Result<Vec<u8>, ApiError> {
    let hash = DrawnSecret::hash_of(token).ok_or_else(step_ended)?;
    let taken = app.store.take_pending(&hash, kind).await?.ok_or_else(step_ended)?;
    if (taken.user, taken.session) != (Some(actor.id()), Some(actor.session())) {
        return Err(step_ended());
    }
    let under_way: UnderWay = open_state(app, &hash, &taken)?;
    read_base64(&under_way.challenge).ok_or_else(step_ended)
}

fn step_ended() -> ApiError {
    ApiError::new(ErrorCode::InvalidLink, "This challenge is unknown, used or too old. Begin anew.")
}

/// Browsers offer passkeys to pages that come by TLS, or from the same machine, and have a host name.
fn read_site(address: &str) -> Option<RelyingParty> {
    let url = Url::parse(address).ok()?;
    let host = url.domain()?;
    if url.scheme() != "https" && host != "localhost" {
        return None;
    }
    let origin = url.origin().ascii_serialization();
    Some(RelyingParty { id: host.to_owned(), origin, name: SITE_NAME.to_owned() })
}

fn check_name(name: Name) -> Result<String, ApiError> {
    match name.as_str().chars().count() <= NAME_LENGTH_MAX {
        true => Ok(name.into()),
        false => Err(ApiError::field("name", FieldCode::TooLong, "has at most 64 characters")),
    }
}

fn wire_passkey(passkey: store::Passkey) -> Result<Passkey, ApiError> {
    Ok(Passkey {
        id: passkey.id,
        backed_up: read_credential(&passkey)?.backed_up,
        name: passkey.name,
        created_at: Time::from_unix_ms(passkey.created_at_ms),
        last_used_at: passkey.last_used_at_ms.map(Time::from_unix_ms),
    })
}

fn read_credential(passkey: &store::Passkey) -> Result<StoredCredential, ApiError> {
    serde_json::from_str(&passkey.credential).map_err(ApiError::internal)
}

#[cfg(test)]
mod site_tests {
    use super::*;

    #[test]
    fn passkeys_are_bound_to_the_public_host_and_origin() {
        let site = read_site("https://AI.example.org/").unwrap();
        assert_eq!((site.id.as_str(), site.origin.as_str()), ("ai.example.org", "https://ai.example.org"));
        let site = read_site("https://ai.example.org:8443/relay").unwrap();
        assert_eq!(
            (site.id.as_str(), site.origin.as_str()),
            ("ai.example.org", "https://ai.example.org:8443")
        );
        assert_eq!(read_site("http://localhost:8787").unwrap().origin, "http://localhost:8787");
        for address in
            ["http://ai.example.org", "https://127.0.0.1", "https://[::1]:8787", "ai.example.org", ""]
        {
            assert_eq!(read_site(address), None, "{address}");
        }
    }
}
