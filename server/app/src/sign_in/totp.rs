//! Setting up an authenticator app, and taking it away.

use axum::extract::State;
use axum::http::StatusCode;
use waystation_api::error::{ErrorCode, ErrorReply, FieldCode};
use waystation_api::second_factors::{RecoveryCodes, TotpConfirm, TotpSetup, TotpState};
use waystation_api::time::Time;
use waystation_ids::UserId;
use waystation_store::ChangeKind;

use crate::audit_trail::Deed;
use crate::auth::Actor;
use crate::clock::now_ms;
use crate::error::ApiError;
use crate::http::body::Json;
use crate::http::visitor::Visitor;
use crate::mail::MailKind;
use crate::sealing::Purpose;
use crate::sign_in::mailed_links::mail_user_deed;
use crate::sign_in::proof::{FreshProof, OfferedProof};
use crate::sign_in::recovery_code::NewCodes;
use crate::sign_in::relying_party::SITE_NAME;
use crate::sign_in::totp_code::TotpSecret;
use crate::state::App;

/// Begin to set up an authenticator app
///
/// Its codes are asked for once one of them has been confirmed. Needs a fresh proof, but from somebody who has nothing
/// to prove anything by and has just signed in.
#[utoipa::path(
    post, path = "/me/totp", tag = "me", operation_id = "create_totp",
    responses(
        (status = 201, description = "The secret, this once", body = TotpSetup),
        (status = 403, description = "A fresh proof is needed", body = ErrorReply),
        (status = 409, description = "One is set up already", body = ErrorReply),
    ),
)]
pub(super) async fn create_totp(
    State(app): State<App>,
    actor: Actor,
    visitor: Visitor,
    proof: OfferedProof,
) -> Result<(StatusCode, Json<TotpSetup>), ApiError> {
    let FreshProof { .. } = proof.redeem_or_set_up(&app).await?;
    let secret = TotpSecret::new()?;
    let id = actor.id().to_string();
    let sealed = app.sealing.seal(Purpose::TotpSecret, &id, secret.bytes())?;
    let entry = Deed { action: "totp.set_up", target: Some(("user", &id)) }.by(&actor, &visitor);
    app.store.create_totp(actor.id(), &sealed, &entry).await?;
    let uri = secret.uri(SITE_NAME, actor.user().email.as_str());
    Ok((StatusCode::CREATED, Json(TotpSetup { secret: secret.text(), uri })))
}

/// Show whether an authenticator app is set up
#[utoipa::path(
    get, path = "/me/totp", tag = "me", operation_id = "show_totp",
    responses((status = 200, description = "Whether its codes are asked for", body = TotpState)),
)]
pub(super) async fn show_totp(State(app): State<App>, actor: Actor) -> Result<Json<TotpState>, ApiError> {
    let confirmed_at_ms = app.store.load_totp(actor.id()).await?.and_then(|totp| totp.confirmed_at_ms);
    let enabled_at = confirmed_at_ms.map(Time::from_unix_ms);
    Ok(Json(TotpState { enabled: enabled_at.is_some(), enabled_at }))
}

/// Confirm an authenticator app by its first code
///
/// From now on its codes are asked for at each sign-in. All other sessions end. The answer has recovery codes, this
/// once, in place of any there were.
#[utoipa::path(
    post, path = "/me/totp/confirm", tag = "me", operation_id = "confirm_totp", request_body = TotpConfirm,
    responses(
        (status = 200, description = "The recovery codes", body = RecoveryCodes),
        (status = 400, description = "The code is not one of this moment", body = ErrorReply),
        (status = 409, description = "There is no authenticator app to confirm", body = ErrorReply),
    ),
)]
pub(super) async fn confirm_totp(
    State(app): State<App>,
    actor: Actor,
    visitor: Visitor,
    Json(body): Json<TotpConfirm>,
) -> Result<Json<RecoveryCodes>, ApiError> {
    let begun = app.store.load_totp(actor.id()).await?.filter(|totp| totp.confirmed_at_ms.is_none());
    let begun = begun.ok_or_else(nothing_to_confirm)?;
    let secret = open_secret(&app, actor.id(), &begun.sealed)?;
    let step = secret.find_step(&body.code, now_ms()).ok_or_else(|| {
        ApiError::field("code", FieldCode::Invalid, "is not what the app shows now; is its clock right?")
    })?;
    let codes = NewCodes::new()?;
    let id = actor.id().to_string();
    let entry = Deed { action: "totp.enable", target: Some(("user", &id)) }.by(&actor, &visitor);
    let is_confirmed = app
        .store
        .confirm_totp(actor.id(), &begun.sealed, step, &codes.hashes, actor.session(), &entry)
        .await?;
    if !is_confirmed {
        return Err(nothing_to_confirm());
    }
    app.changes.announce(ChangeKind::User, actor.id()).await;
    mail_user_deed(&app, actor.user(), &visitor, |deed| MailKind::SecondFactorChanged { deed });
    Ok(Json(RecoveryCodes { codes: codes.texts }))
}

/// Take the authenticator app away
///
/// Its recovery codes go with it, unless there is a passkey that they stand in for. All other sessions end.
#[utoipa::path(
    delete, path = "/me/totp", tag = "me", operation_id = "delete_totp",
    responses(
        (status = 204, description = "Its codes are not asked for any more"),
        (status = 403, description = "A fresh proof is needed", body = ErrorReply),
        (status = 404, description = "There is none", body = ErrorReply),
    ),
)]
pub(super) async fn delete_totp(
    State(app): State<App>,
    actor: Actor,
    visitor: Visitor,
    _: FreshProof,
) -> Result<StatusCode, ApiError> {
    let id = actor.id().to_string();
    let entry = Deed { action: "totp.disable", target: Some(("user", &id)) }.by(&actor, &visitor);
    app.store.delete_totp(actor.id(), actor.session(), &entry).await?;
    app.changes.announce(ChangeKind::User, actor.id()).await;
    mail_user_deed(&app, actor.user(), &visitor, |deed| MailKind::SecondFactorChanged { deed });
    Ok(StatusCode::NO_CONTENT)
}

/// Opens the secret of somebody's authenticator app.
pub(super) fn open_secret(app: &App, user: UserId, sealed: &[u8]) -> Result<TotpSecret, ApiError> {
    let opened = app.sealing.open(Purpose::TotpSecret, &user.to_string(), sealed)?;
    Ok(TotpSecret::from_bytes(opened))
}

fn nothing_to_confirm() -> ApiError {
    ApiError::new(ErrorCode::Conflict, "There is no authenticator app to confirm: begin to set one up.")
}
