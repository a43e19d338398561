//! Every request has an id: in its answer's `x-request-id`, in errors and in the log.

use axum::extract::{FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;
use tracing::{Instrument, info_span};
use waystation_ids::RequestId;

use crate::clock::now_ms;
use crate::error::ApiError;
use crate::random::random_bytes;

const HEADER: HeaderName = HeaderName::from_static("x-request-id");

tokio::task_local! {
    static CURRENT: RequestId;
}

/// The id of the request that this task answers; empty outside of one.
pub(crate) fn current_request_id() -> String {
    CURRENT.try_with(RequestId::to_string).unwrap_or_default()
}

/// Gives the request its id. A caller's own `x-request-id` is not taken over: ours order the books.
pub(crate) async fn assign_request_id(mut request: Request, next: Next) -> Response {
    // Without random bytes no answer of ours could be trusted; the id of zeros only names the failure.
    let id = RequestId::new_cause(now_ms(), random_bytes().unwrap_or_default());
    request.extensions_mut().insert(id);
    let span = info_span!("request", id = %id, method = %request.method(), path = request.uri().path());
    let mut response = CURRENT.scope(id, next.run(request).instrument(span)).await;
    if let Ok(value) = HeaderValue::from_str(&id.to_string()) {
        response.headers_mut().insert(HEADER, value);
    }
    response
}

/// The request's id, for handlers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CurrentRequest(pub(crate) RequestId);

impl<S: Sync> FromRequestParts<S> for CurrentRequest {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        parts
            .extensions
            .get::<RequestId>()
            .map(|id| CurrentRequest(*id))
            .ok_or_else(|| ApiError::internal("a request came without its id"))
    }
}
