//! Every request has an id: in its answer's `x-request-id`, in errors and in the log.

use std::future::Future;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue};
use axum::response::Response;
use tokio::task::futures::TaskLocalFuture;
use waystation_ids::RequestId;

use crate::clock::now_ms;
use crate::error::ApiError;
use crate::random::fill_quickly;

const HEADER: HeaderName = HeaderName::from_static("x-request-id");

tokio::task_local! {
    static CURRENT: RequestId;
}

/// The id of the request that this task answers; empty outside of one.
pub(crate) fn current_request_id() -> String {
    CURRENT.try_with(RequestId::to_string).unwrap_or_default()
}

/// Answers under this id: what is asked inside for the current request's id gets it.
pub(super) fn answer_under<F: Future>(id: RequestId, answering: F) -> TaskLocalFuture<RequestId, F> {
    CURRENT.scope(id, answering)
}

/// A new id. A caller's own `x-request-id` is not taken over: ours order the books.
pub(super) fn new_request_id() -> RequestId {
    let mut random = [0; 10];
    fill_quickly(&mut random);
    RequestId::new_cause(now_ms(), random)
}

/// Names the request in its answer.
pub(super) fn insert_request_id(response: &mut Response, id: RequestId) {
    if let Ok(value) = HeaderValue::from_str(&id.to_string()) {
        response.headers_mut().insert(HEADER, value);
    }
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
