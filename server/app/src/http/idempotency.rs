//! Writes that move money: the caller names each with a key and may repeat it without harm.

use std::future::Future;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use sha2::{Digest, Sha256};
use tracing::warn;
use uuid::Uuid;
use waystation_api::error::{ErrorCode, FieldCode};
use waystation_ids::UserId;
use waystation_store::{Claim, IdempotentWrite};

use crate::error::{ApiError, error_chain};
use crate::http::request_id::current_request_id;
use crate::state::App;

const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");
const KEY_LENGTH_MAX: usize = 255;

/// The caller's name for a write, from the header `Idempotency-Key`; there is no write of money without.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct IdempotencyKey(String);

impl<S: Sync> FromRequestParts<S> for IdempotencyKey {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let key = parts.headers.get("idempotency-key").map(HeaderValue::as_bytes).unwrap_or_default();
        let is_key = (1..=KEY_LENGTH_MAX).contains(&key.len()) && key.iter().all(u8::is_ascii_graphic);
        match std::str::from_utf8(key) {
            Ok(key) if is_key => Ok(IdempotencyKey(key.to_owned())),
            _ => Err(ApiError::field(
                "Idempotency-Key",
                FieldCode::Required,
                "the header is needed: 1 to 255 visible characters",
            )),
        }
    }
}

/// A write that may come again: who asks, for what, under which name.
pub(crate) struct RepeatableWrite<'a, T> {
    /// Who asks.
    pub(crate) actor: UserId,
    /// What kind of write, and on what: keys of different routes never meet.
    pub(crate) route: &'a str,
    /// The caller's name for it.
    pub(crate) key: &'a IdempotencyKey,
    /// The body.
    pub(crate) body: &'a T,
    /// The id the write has if it is the first of its name.
    pub(crate) operation: Uuid,
}

/// Runs a write once, however often it comes. `work` gets the write's id, which is that of an earlier try if that
/// one was left half done; its answer, or the error that the caller made, is kept and given again.
pub(crate) async fn run_once<T, A, F>(
    app: &App,
    write: RepeatableWrite<'_, T>,
    work: impl FnOnce(Uuid) -> F,
) -> Result<Response, ApiError>
where
    T: Serialize,
    A: Serialize,
    F: Future<Output = Result<(StatusCode, A), ApiError>>,
{
    let body = serde_json::to_vec(write.body).map_err(ApiError::internal)?;
    let claimed = IdempotentWrite {
        scope: scope(write.actor, write.route, write.key),
        fingerprint: Sha256::digest(body).into(),
        operation: write.operation,
    };
    let operation = match app.store.claim_write(&claimed).await? {
        Claim::Fresh(operation) => operation,
        Claim::Replay { status, answer } => {
            let status = StatusCode::from_u16(status).map_err(ApiError::internal)?;
            return Ok(([(REPLAYED, HeaderValue::from_static("true"))], json(status, answer)).into_response());
        }
        Claim::Running => {
            let message = "A call with this idempotency key is still running. Ask again soon.";
            return Err(ApiError::new(ErrorCode::InProgress, message));
        }
        Claim::Mismatch => {
            let message = "This idempotency key was used with another body.";
            return Err(ApiError::new(ErrorCode::IdempotencyMismatch, message));
        }
    };
    let (status, answer) = match work(operation).await {
        Ok((status, answer)) => (status, serde_json::to_string(&answer).map_err(ApiError::internal)?),
        Err(error) if error.status().is_client_error() => {
            let reply = error.reply(current_request_id());
            (error.status(), serde_json::to_string(&reply).map_err(ApiError::internal)?)
        }
        // A fault of ours is no answer worth keeping.
        Err(error) => {
            if let Err(failure) = app.store.release_write(&claimed.scope).await {
                warn!(
                    error = error_chain(&failure),
                    "a write could not be given up; it can be repeated in a minute"
                );
            }
            return Err(error);
        }
    };
    // The write is done whatever happens here: without its record it is run again under the same id, and changes
    // nothing then.
    if let Err(failure) = app.store.finish_write(&claimed.scope, status.as_u16(), &answer).await {
        warn!(error = error_chain(&failure), "the answer of a write could not be kept");
    }
    Ok(json(status, answer))
}

fn scope(actor: UserId, route: &str, key: &IdempotencyKey) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(actor.uuid().as_bytes());
    // Neither part can hold a zero byte.
    for part in [route, &key.0] {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    hash.finalize().into()
}

fn json(status: StatusCode, body: String) -> Response {
    (status, [(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))], body).into_response()
}
