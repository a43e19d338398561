//! The relay's routes, below `/v1` and `/api/v1`: always in the dialect of OpenAI, errors included.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{FromRef, OriginalUri, Path, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use waystation_api::error::ErrorCode;
use waystation_api::usage::UsageQuery;
use waystation_protocol::openai::error::ErrorBody;
use waystation_relay::{Access, Call, Packing, Relay, RelayBody, credential_of};

use crate::error::ApiError;
use crate::http::body::{Json, Params};
use crate::http::body_bytes::{ACCEPTED_CODINGS, BodyError, packing_of, read_body};
use crate::http::client_address::ClientAddress;
use crate::http::request_id::{CurrentRequest, current_request_id};
use crate::state::App;
use crate::usage::summarize_key_usage;

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
    let packing = match check_body_kind(&head.headers) {
        Ok(packing) => packing,
        Err(refusal) => return *refusal,
    };
    let announced = content_length(&head.headers);
    if announced.is_some_and(|bytes| bytes > limit as u64) {
        return request_too_large(limit);
    }
    // What is packed may be large whatever its length says.
    if packing.is_some() || announced.is_none_or(|bytes| bytes > UNKNOWN_BODY_BYTES_MAX) {
        let access = Access { request_id, credential: credential.clone(), client_ip };
        if let Err(refusal) = state.relay.identify(&access).await {
            return answer(*refusal);
        }
    }
    let body = match read_body(body, announced, packing, limit).await {
        Ok(body) => body,
        Err(error) => return refuse_body(error, limit),
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

/// Bodies are JSON, perhaps packed.
fn check_body_kind(headers: &HeaderMap) -> Result<Option<Packing>, Box<Response>> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let is_json = kind.is_none_or(|kind| {
        kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"))
    });
    match packing_of(headers) {
        Ok(packing) if is_json => Ok(packing),
        _ => {
            let message = format!(
                "The body must be JSON, with the header content-type: application/json, and packed as one of: {ACCEPTED_CODINGS}, or not at all."
            );
            let mut response = refuse(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", &message);
            response
                .headers_mut()
                .insert(header::ACCEPT_ENCODING, HeaderValue::from_static(ACCEPTED_CODINGS));
            Err(Box::new(response))
        }
    }
}

fn content_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

fn refuse_body(error: BodyError, limit: usize) -> Response {
    let (status, code, message) = match error {
        BodyError::TooLarge => return request_too_large(limit),
        BodyError::Late => (StatusCode::REQUEST_TIMEOUT, "request_timeout", "The body did not come in time."),
        BodyError::Broken => (StatusCode::BAD_REQUEST, "invalid_request", "The body broke off."),
        BodyError::Unreadable => {
            let message = "The body is not packed as its header content-encoding says.";
            (StatusCode::BAD_REQUEST, "invalid_request", message)
        }
    };
    refuse(status, code, message)
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

/// An error in OpenAI's form; the layer around all routes puts the request's id into the head.
fn refuse(status: StatusCode, code: &'static str, message: &str) -> Response {
    let body =
        ErrorBody::new(status.as_u16(), code, message).with_request_id(&current_request_id()).to_json();
    let mut response = (status, [(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))], body)
        .into_response();
    if status.is_client_error() {
        let headers = response.headers_mut();
        headers.insert(HeaderName::from_static("x-should-retry"), HeaderValue::from_static("false"));
    }
    response
}
