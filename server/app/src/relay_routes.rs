//! The relay's routes, below `/v1` and `/api/v1`: always in the dialect of OpenAI, errors included.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{FromRef, OriginalUri, Path, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use http_body_util::BodyExt;
use tokio::time::{Instant, timeout_at};
use waystation_api::error::ErrorCode;
use waystation_api::usage::UsageQuery;
use waystation_protocol::openai::error::ErrorBody;
use waystation_relay::{Access, Call, Relay, RelayBody, credential_of};

use crate::error::ApiError;
use crate::http::body::{Json, Params};
use crate::http::client_address::ClientAddress;
use crate::http::request_id::CurrentRequest;
use crate::state::App;
use crate::usage::summarize_key_usage;

/// A caller that sends nothing of its body for so long has gone.
const BODY_STALL: Duration = Duration::from_secs(30);
/// And one that sends slower than this on the whole keeps a connection for nothing.
const BODY_BYTES_A_SECOND_MIN: u64 = 1_024;
/// Larger bodies are read only for callers that are known.
const UNKNOWN_BODY_BYTES_MAX: u64 = 64 * 1024;
const USER_AGENT_LENGTH_MAX: usize = 255;

/// What the relay's routes share.
#[derive(Clone)]
pub(crate) struct RelayState {
    pub(crate) app: App,
    pub(crate) relay: Arc<Relay>,
}

impl FromRef<RelayState> for App {
    fn from_ref(state: &RelayState) -> App {
        state.app.clone()
    }
}

/// The relay's routes with all that is below them; to be nested where they should be found.
pub(crate) fn relay_routes(state: RelayState) -> Router {
    Router::new()
        .route("/chat/completions", post(complete_chat))
        .route("/models", get(list_models))
        // A model's name may have slashes in it.
        .route("/models/{*model}", get(retrieve_model))
        .route("/usage", get(show_usage))
        .fallback(unknown_url)
        .method_not_allowed_fallback(wrong_method)
        .layer(from_fn_with_state(state.clone(), require_owner))
        .with_state(state)
}

/// `POST /v1/chat/completions`.
async fn complete_chat(
    State(state): State<RelayState>,
    CurrentRequest(request_id): CurrentRequest,
    ClientAddress(client_ip): ClientAddress,
    OriginalUri(uri): OriginalUri,
    request: Request,
) -> Response {
    let (head, body) = request.into_parts();
    let limit = state.app.config.relay_max_body_bytes;
    let credential = credential_of(&head.headers);
    if let Err(refusal) = check_body_kind(&head.headers) {
        return *refusal;
    }
    let announced = content_length(&head.headers);
    if announced.is_some_and(|bytes| bytes > limit as u64) {
        return request_too_large(limit);
    }
    if announced.is_none_or(|bytes| bytes > UNKNOWN_BODY_BYTES_MAX) {
        let access = Access { request_id, credential: credential.clone(), client_ip };
        if let Err(refusal) = state.relay.identify(&access).await {
            return answer(*refusal);
        }
    }
    let body = match read_body(body, announced, limit).await {
        Ok(body) => body,
        Err(refusal) => return *refusal,
    };
    let call = Call {
        request_id,
        credential,
        body,
        client_ip,
        user_agent: user_agent(&head.headers),
        path: uri.path().to_owned(),
    };
    answer(state.relay.chat_completions(call).await)
}

/// `GET /v1/models`.
async fn list_models(
    State(state): State<RelayState>,
    CurrentRequest(request_id): CurrentRequest,
    ClientAddress(client_ip): ClientAddress,
    headers: HeaderMap,
) -> Response {
    let access = Access { request_id, credential: credential_of(&headers), client_ip };
    answer(state.relay.list_models(&access).await)
}

/// `GET /v1/models/{model}`.
async fn retrieve_model(
    State(state): State<RelayState>,
    CurrentRequest(request_id): CurrentRequest,
    ClientAddress(client_ip): ClientAddress,
    Path(model): Path<String>,
    headers: HeaderMap,
) -> Response {
    let access = Access { request_id, credential: credential_of(&headers), client_ip };
    answer(state.relay.retrieve_model(&access, &model).await)
}

/// `GET /v1/usage`: what was used with the caller's key.
async fn show_usage(
    State(state): State<RelayState>,
    CurrentRequest(request_id): CurrentRequest,
    ClientAddress(client_ip): ClientAddress,
    headers: HeaderMap,
    query: Result<Params<UsageQuery>, ApiError>,
) -> Response {
    let access = Access { request_id, credential: credential_of(&headers), client_ip };
    let caller = match state.relay.identify(&access).await {
        Ok(caller) => caller,
        Err(refusal) => return answer(*refusal),
    };
    let summed = async {
        let Params(query) = query?;
        summarize_key_usage(&state.app, caller.user, caller.key, &query).await
    };
    match summed.await {
        Ok(summary) => Json(summary).into_response(),
        Err(error) => refuse_as_relay(&error),
    }
}

async fn unknown_url() -> Response {
    refuse(StatusCode::NOT_FOUND, "unknown_url", "There is nothing at this address.")
}

async fn wrong_method() -> Response {
    refuse(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "This address does not take this method.")
}

/// Refuses calls while the site has no owner.
async fn require_owner(State(state): State<RelayState>, request: Request, next: Next) -> Response {
    match state.app.has_owner().await {
        Ok(true) => next.run(request).await,
        Ok(false) => {
            refuse(StatusCode::SERVICE_UNAVAILABLE, "setup_required", "This site is not set up yet.")
        }
        Err(_) => {
            let message = "The server's database does not answer; try again.";
            refuse(StatusCode::SERVICE_UNAVAILABLE, "settlement_unavailable", message)
        }
    }
}

/// Bodies are JSON as it is: what is packed could unpack into anything.
fn check_body_kind(headers: &HeaderMap) -> Result<(), Box<Response>> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let is_json = kind.is_none_or(|kind| {
        kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"))
    });
    let is_plain = headers.get(header::CONTENT_ENCODING).is_none_or(|coding| coding == "identity");
    if is_json && is_plain {
        return Ok(());
    }
    let message = "The body must be plain JSON, with the header content-type: application/json.";
    Err(Box::new(refuse(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", message)))
}

fn content_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

async fn read_body(mut body: Body, announced: Option<u64>, limit: usize) -> Result<Bytes, Box<Response>> {
    let stalled = || {
        let message = "The body did not come in time.";
        Box::new(refuse(StatusCode::REQUEST_TIMEOUT, "request_timeout", message))
    };
    let broken = || Box::new(refuse(StatusCode::BAD_REQUEST, "invalid_request", "The body broke off."));
    // Most bodies come in one piece, which is then not copied.
    let mut first = Bytes::new();
    let mut whole = Vec::new();
    let begun = Instant::now();
    loop {
        let received = u64::try_from(first.len() + whole.len()).unwrap_or(u64::MAX);
        let late_at = begun + BODY_STALL + Duration::from_secs(received / BODY_BYTES_A_SECOND_MIN);
        let patience = late_at.min(Instant::now() + BODY_STALL);
        let Some(frame) = timeout_at(patience, body.frame()).await.map_err(|_| stalled())? else { break };
        let Ok(piece) = frame.map_err(|_| broken())?.into_data() else { continue };
        if first.len() + whole.len() + piece.len() > limit {
            return Err(Box::new(request_too_large(limit)));
        }
        if first.is_empty() && whole.is_empty() {
            first = piece;
        } else {
            if whole.is_empty() {
                whole.reserve(announced.and_then(|bytes| usize::try_from(bytes).ok()).unwrap_or(0));
                whole.extend_from_slice(&std::mem::take(&mut first));
            }
            whole.extend_from_slice(&piece);
        }
    }
    Ok(if whole.is_empty() { first } else { Bytes::from(whole) })
}

fn user_agent(headers: &HeaderMap) -> String {
    let text = headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    text.chars().take(USER_AGENT_LENGTH_MAX).collect()
}

fn request_too_large(limit: usize) -> Response {
    let message = format!("The request body is larger than {limit} bytes.");
    refuse(StatusCode::PAYLOAD_TOO_LARGE, "request_too_large", &message)
}

fn answer(response: axum::http::Response<RelayBody>) -> Response {
    response.map(Body::new)
}

/// An error of the management's side, told to callers of the relay.
fn refuse_as_relay(error: &ApiError) -> Response {
    error.log();
    let code = match error.code() {
        ErrorCode::InvalidRequest => "invalid_request",
        ErrorCode::Unavailable => "settlement_unavailable",
        _ => "internal_error",
    };
    refuse(error.status(), code, error.message())
}

/// An error in OpenAI's form; the layer around all routes adds the request's id.
fn refuse(status: StatusCode, code: &'static str, message: &str) -> Response {
    let body = ErrorBody::new(status.as_u16(), code, message).to_json();
    let mut response = (status, [(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))], body)
        .into_response();
    if status.is_client_error() {
        let headers = response.headers_mut();
        headers.insert(HeaderName::from_static("x-should-retry"), HeaderValue::from_static("false"));
    }
    response
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use futures_util::stream::unfold;
    use tokio::time::sleep;

    use super::*;

    /// A body of pieces of so many bytes, one every so many seconds.
    fn slow_body(pieces: usize, bytes: usize, seconds: u64) -> Body {
        Body::from_stream(unfold(pieces, move |left| async move {
            sleep(Duration::from_secs(seconds)).await;
            let piece = Ok::<_, Infallible>(Bytes::from(vec![b' '; bytes]));
            (left > 0).then(|| (piece, left - 1))
        }))
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_may_come_slowly_but_not_drop_by_drop() {
        let whole = read_body(slow_body(20, 20_000, 10), None, 1 << 20).await;
        assert_eq!(whole.unwrap().len(), 400_000);
        let dripping = read_body(slow_body(1_000, 1, 5), None, 1 << 20).await;
        assert_eq!(dripping.unwrap_err().status(), StatusCode::REQUEST_TIMEOUT);
        let silent = read_body(slow_body(2, 100_000, 31), None, 1 << 20).await;
        assert_eq!(silent.unwrap_err().status(), StatusCode::REQUEST_TIMEOUT);
    }
}
