//! Why a call gets no answer, in the caller's dialect.

use std::borrow::Cow;
use std::time::Duration;

use bytes::Bytes;
use http::header::{HeaderName, HeaderValue, RETRY_AFTER};
use http::{Response, StatusCode};
use waystation_ids::RequestId;
use waystation_protocol::openai::error::ErrorBody;
use waystation_protocol::sse::encode_error;

use crate::answer::{RelayBody, json_response};

/// An error as the caller sees it. Codes are those of the contract; texts are ours, never an upstream's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CallError {
    pub status: StatusCode,
    pub code: &'static str,
    pub message: Cow<'static, str>,
    pub param: Option<Cow<'static, str>>,
    /// Tells clients that repeating the call cannot help.
    pub is_final: bool,
    pub retry_after: Option<Duration>,
}

impl CallError {
    fn new(status: StatusCode, code: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        CallError { status, code, message: message.into(), param: None, is_final: false, retry_after: None }
    }

    fn lasting(self) -> Self {
        CallError { is_final: true, ..self }
    }

    pub fn with_param(self, param: impl Into<Cow<'static, str>>) -> Self {
        CallError { param: Some(param.into()), ..self }
    }

    pub fn with_retry_after(self, wait: Option<Duration>) -> Self {
        CallError { retry_after: wait, ..self }
    }

    pub fn invalid_api_key(message: &'static str) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "invalid_api_key", message).lasting()
    }

    pub fn ip_not_allowed() -> Self {
        let message = "This API key may not be used from your address.";
        Self::new(StatusCode::FORBIDDEN, "ip_not_allowed", message).lasting()
    }

    pub fn model_not_allowed(model: &str) -> Self {
        let message = format!("This API key may not use the model `{}`.", shortened(model));
        Self::new(StatusCode::FORBIDDEN, "model_not_allowed", message).with_param("model").lasting()
    }

    pub fn model_not_found(model: &str) -> Self {
        let message = format!("The model `{}` does not exist or cannot be called.", shortened(model));
        Self::new(StatusCode::NOT_FOUND, "model_not_found", message).with_param("model")
    }

    pub fn invalid_request(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid_request", message)
    }

    pub fn unsupported_parameter(param: &'static str, message: &'static str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "unsupported_parameter", message).with_param(param)
    }

    pub fn request_too_large(limit: usize) -> Self {
        let message = format!("The request body is larger than {limit} bytes.");
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "request_too_large", message)
    }

    /// `status` is 402, or what the site sets for clients that insist on another.
    pub fn insufficient_balance(status: StatusCode, message: String) -> Self {
        Self::new(status, "insufficient_balance", message).lasting()
    }

    pub fn budget_exceeded(status: StatusCode, message: String) -> Self {
        Self::new(status, "budget_exceeded", message).lasting()
    }

    pub fn no_channel_available() -> Self {
        let message = "No channel can serve this model at the moment.";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "no_channel_available", message)
    }

    pub fn settlement_unavailable(message: &'static str) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "settlement_unavailable", message)
    }

    pub fn shutting_down() -> Self {
        let message = "The server is shutting down; try again.";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "shutting_down", message)
    }

    /// Only ever inside a stream: a call that has not begun to answer is told [`CallError::shutting_down`].
    pub fn server_shutdown() -> Self {
        let message = "The server was shut down before the answer was complete.";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "server_shutdown", message)
    }

    pub fn upstream_error(message: &'static str) -> Self {
        Self::new(StatusCode::BAD_GATEWAY, "upstream_error", message)
    }

    pub fn upstream_timeout() -> Self {
        let message = "The upstream did not answer in time.";
        Self::new(StatusCode::GATEWAY_TIMEOUT, "upstream_timeout", message)
    }

    pub fn rate_limit_exceeded(wait: Option<Duration>) -> Self {
        let message = "The upstream's rate limit is reached; try again later.";
        Self::new(StatusCode::TOO_MANY_REQUESTS, "rate_limit_exceeded", message).with_retry_after(wait)
    }

    pub fn internal_error() -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal_error",
            "The call failed for a reason of our own.",
        )
    }

    /// The request was refused by the upstream for what it says; `status` is a 4xx.
    pub fn rejected(status: StatusCode, code: &'static str, message: &'static str) -> Self {
        Self::new(status, code, message)
    }

    /// The whole answer, for a call that has not begun to answer.
    pub fn to_response(&self, request: RequestId) -> Response<RelayBody> {
        let mut response =
            json_response(self.status, request, Bytes::from(self.body(&request.to_string()).to_json()));
        let headers = response.headers_mut();
        if self.is_final {
            headers.insert(HeaderName::from_static("x-should-retry"), HeaderValue::from_static("false"));
        }
        if let Some(wait) = self.retry_after {
            let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }

    /// The event that ends a stream which has begun. No `[DONE]` follows it.
    pub fn to_event(&self, request: RequestId) -> Bytes {
        let mut event = Vec::new();
        encode_error(&self.body(&request.to_string()), &mut event);
        Bytes::from(event)
    }

    fn body<'a>(&'a self, request: &'a str) -> ErrorBody<'a> {
        let mut body = ErrorBody::new(self.status.as_u16(), self.code, &self.message)
            .with_param(self.param.as_deref())
            .with_request_id(request);
        if matches!(self.code, "insufficient_balance" | "budget_exceeded") {
            // Whatever status a site answers these with, they stay what they are.
            body.kind = "insufficient_quota";
        }
        body
    }
}

/// A name from outside in a text of ours.
fn shortened(name: &str) -> String {
    name.chars().filter(|letter| !letter.is_control()).take(100).collect()
}
