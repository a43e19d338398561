//! Signing in with a passkey alone: it verifies its user, and so is two factors in one.

use axum::extract::State;
use axum::response::Response;
use serde_json::json;
use waystation_api::error::{ErrorCode, ErrorReply};
use waystation_api::passkeys::{PasskeySignIn, PasskeyUseStarted};
use waystation_api::sign_in::SignInReply;
use waystation_ids::UserId;

use crate::audit_trail::{Deed, state_of};
use crate::error::ApiError;
use crate::http::body::Json;
use crate::http::visitor::Visitor;
use crate::sign_in::backoff::Bucket;
use crate::sign_in::completion::{ProvedBy, complete_sign_in};
use crate::sign_in::factor_check::check_passkey;
use crate::sign_in::passkeys::{begin_open_use, take_open_use};
use crate::state::App;

/// Begin to sign in with a passkey
#[utoipa::path(
    post, path = "/auth/passkeys/start", tag = "auth", operation_id = "start_passkey_sign_in",
    responses(
        (status = 200, description = "What to ask of the browser", body = PasskeyUseStarted),
        (status = 409, description = "The site has no address that passkeys can be bound to", body = ErrorReply),
    ),
)]
pub(super) async fn start_passkey_sign_in(
    State(app): State<App>,
) -> Result<Json<PasskeyUseStarted>, ApiError> {
    Ok(Json(begin_open_use(&app).await?))
}

/// Sign in with a passkey
///
/// No second factor is asked for: the authenticator has asked for a PIN, a finger or a face.
#[utoipa::path(
    post, path = "/auth/passkeys/finish", tag = "auth", operation_id = "finish_passkey_sign_in",
    request_body = PasskeySignIn,
    responses(
        (status = 200, description = "The caller is signed in", body = SignInReply),
        (status = 400, description = "The challenge is unknown, used or too old", body = ErrorReply),
        (status = 401, description = "The passkey is nobody's", body = ErrorReply),
        (status = 429, description = "Too many tries", body = ErrorReply),
    ),
)]
pub(super) async fn finish_passkey_sign_in(
    State(app): State<App>,
    visitor: Visitor,
    Json(body): Json<PasskeySignIn>,
) -> Result<Response, ApiError> {
    app.backoff.admit(Bucket::Client, &visitor).await?;
    let under_way = take_open_use(&app, &body.challenge).await?;
    let Some(user) = check_passkey(&app, &visitor, &under_way, &body.credential, None).await? else {
        app.backoff.note_failure(Bucket::Client, &visitor).await;
        return Err(refuse(&app, &visitor, None).await?);
    };
    let user = app.store.load_user(user).await?;
    app.backoff.note_success(Bucket::Client, &visitor).await;
    complete_sign_in(&app, &visitor, user, ProvedBy::Passkey, body.reception).await
}

/// Writes down that a passkey was nobody's.
async fn refuse(app: &App, visitor: &Visitor, user: Option<UserId>) -> Result<ApiError, ApiError> {
    let mut entry = Deed { action: "sign_in.failed", target: None }.by_stranger(user, visitor);
    entry.after = state_of(&json!({"by": "passkey"}));
    app.store.append_audit_entry(&entry).await?;
    Ok(ApiError::new(ErrorCode::InvalidCredentials, "This passkey is not known here, or did not sign this."))
}
