//! New tokens for old ones.

use axum::extract::State;
use waystation_api::error::{ErrorCode, ErrorReply, FieldCode};
use waystation_api::session::TokenRefresh;
use waystation_api::sign_in::Tokens;
use waystation_store::{ChangeKind, Rotation, SessionRefresh};

use crate::audit_trail::Deed;
use crate::auth::{device_span, read_refresh_token};
use crate::drawn_secret::DrawnSecret;
use crate::error::ApiError;
use crate::http::body::Json;
use crate::http::visitor::Visitor;
use crate::sign_in::backoff::Bucket;
use crate::sign_in::completion::issue_tokens;
use crate::state::App;

/// Two calls of one program may cross: for so long an exchanged token tells of that alone.
const GRACE_MS: i64 = 10_000;

/// 256 random bits as text.
const ATTEMPT_LENGTH_MIN: usize = 43;
const ATTEMPT_LENGTH_MAX: usize = 64;

const REFRESHES: Bucket<'static> = Bucket::Calls("refresh");

/// Exchange a refresh token
///
/// The answer has a new one, and the old one is of no use any more: whoever shows it again, 10 seconds later or more,
/// ends the session, as one of the two who had it is not whom it was given to. Only with the same `attempt` it is the
/// same exchange, and answered alike until the new token is exchanged in turn.
#[utoipa::path(
    post, path = "/auth/refresh", tag = "sign-in", operation_id = "refresh_tokens", request_body = TokenRefresh,
    responses(
        (status = 200, description = "New tokens", body = Tokens),
        (status = 401, description = "The token is unknown, was used before, or its session has ended", body = ErrorReply),
        (status = 429, description = "Too many calls that came to nothing", body = ErrorReply),
        (status = 409, description = "It was exchanged a moment ago: use what that gave", body = ErrorReply),
    ),
)]
pub(super) async fn refresh_tokens(
    State(app): State<App>,
    visitor: Visitor,
    Json(body): Json<TokenRefresh>,
) -> Result<Json<Tokens>, ApiError> {
    app.backoff.admit(REFRESHES, &visitor).await?;
    let (id, shown) = read_refresh_token(&body.refresh_token).ok_or_else(unknown_token)?;
    let secret = match &body.attempt {
        Some(attempt) => {
            shown.successor(read_attempt(attempt)?, &app.secrets.access_tokens).map_err(ApiError::internal)?
        }
        None => DrawnSecret::draw()?,
    };
    let stolen = Deed { action: "session.stolen", target: Some(("session", &id.to_string())) };
    let refresh = SessionRefresh {
        id,
        shown_hash: shown.hash(),
        new_hash: secret.hash(),
        grace_ms: GRACE_MS,
        span: device_span(&app),
        stolen: stolen.by_stranger(None, &visitor),
    };
    match app.store.refresh_session(&refresh).await? {
        Rotation::Rotated(rotated) => {
            app.backoff.note_success(REFRESHES, &visitor).await;
            Ok(Json(issue_tokens(&app, &rotated.0, &secret)?))
        }
        Rotation::JustRotated => {
            let message = "The token was refreshed meanwhile. Use the tokens that were given then.";
            Err(ApiError::new(ErrorCode::Conflict, message))
        }
        Rotation::Stolen(session) => {
            app.changes.announce(ChangeKind::Session, session).await;
            Err(unknown_token())
        }
        Rotation::Unknown => Err(unknown_token()),
    }
}

/// What is guessed easily would let whoever has a copy of the token repeat the exchange.
fn read_attempt(text: &str) -> Result<&str, ApiError> {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    if is_plain && (ATTEMPT_LENGTH_MIN..=ATTEMPT_LENGTH_MAX).contains(&text.len()) {
        return Ok(text);
    }
    let message = "must be 43 to 64 random characters of base64url";
    Err(ApiError::field("attempt", FieldCode::Invalid, message))
}

fn unknown_token() -> ApiError {
    ApiError::new(
        ErrorCode::InvalidToken,
        "The refresh token is unknown or of no use any more. Sign in again.",
    )
}
