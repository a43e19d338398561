//! How a try at a channel fails, and what follows from it.

use std::time::Duration;

use http::header::RETRY_AFTER;
use http::{HeaderMap, StatusCode};
use waystation_protocol::openai::upstream_error::{UpstreamError, read_upstream_error};

use crate::call_error::CallError;
use crate::timestamp::parse_http_date;

/// A wait asked for by an upstream counts up to this.
pub(crate) const RETRY_AFTER_MAX: Duration = Duration::from_secs(300);

/// Why a try gave no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    pub kind: FailureKind,
    /// How long the upstream asks to be left alone.
    pub retry_after: Option<Duration>,
    /// The upstream's words or the error's, redacted; for admins.
    pub text: Option<String>,
}

/// The kinds of failure, by what follows from them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FailureKind {
    /// No connection, or no TLS, or no such host.
    Connect,
    /// The host is in a private network, which the channel may not reach.
    NotPublic,
    /// The connection broke, or what came is no answer.
    Garbage,
    /// A status of 500 or above.
    ServerError,
    /// Nothing came in time.
    Timeout,
    /// The upstream wants us to slow down.
    RateLimited,
    /// The upstream refuses our account: the channel's problem, never the caller's.
    Account,
    /// A redirect, which is never followed: credentials go where they were meant for only.
    Redirected,
    /// The upstream refuses the request itself. Another channel would refuse it too.
    Rejected { status: u16, reason: Rejection },
}

/// What a rejection is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rejection {
    ContextLength,
    ContentPolicy,
    Parameter,
    NotFound,
    TooLarge,
    Other,
}

impl Failure {
    pub fn new(kind: FailureKind, text: Option<String>) -> Self {
        Failure { kind, retry_after: None, text }
    }

    /// Reads an answer whose status is not a success.
    pub fn of_status(status: StatusCode, headers: &HeaderMap, body: &[u8], now_ms: i64) -> Self {
        let told = read_upstream_error(body);
        let kind = match status.as_u16() {
            300..=399 => FailureKind::Redirected,
            401 | 402 | 403 | 407 => FailureKind::Account,
            _ if is_quota(&told) => FailureKind::Account,
            429 => FailureKind::RateLimited,
            408 | 425 => FailureKind::Timeout,
            status @ 400..=499 => FailureKind::Rejected { status, reason: rejection(status, &told) },
            500.. => FailureKind::ServerError,
            _ => FailureKind::Garbage,
        };
        let retry_after = headers
            .get(RETRY_AFTER)
            .and_then(|value| value.to_str().ok())
            .and_then(|text| parse_retry_after(text, now_ms));
        Failure { kind, retry_after, text: describe(told) }
    }

    /// Reads an error that came under a good status.
    pub fn of_error(told: UpstreamError) -> Self {
        let kind = if is_quota(&told) || code_is(&told, &["invalid_api_key", "401", "402", "403"]) {
            FailureKind::Account
        } else if code_is(&told, &["rate_limit_exceeded", "429"]) {
            FailureKind::RateLimited
        } else {
            match rejection(400, &told) {
                Rejection::Other => FailureKind::ServerError,
                reason => FailureKind::Rejected { status: 400, reason },
            }
        };
        Failure { kind, retry_after: None, text: describe(told) }
    }

    /// Whether another channel may do better.
    pub fn is_worth_another_try(&self) -> bool {
        !matches!(self.kind, FailureKind::Rejected { .. })
    }

    /// Whether it tells about the whole channel, or else about the credential used.
    pub fn is_of_channel(&self) -> bool {
        !matches!(self.kind, FailureKind::Account | FailureKind::RateLimited)
    }

    /// The stable name in the attempt's row.
    pub fn code(&self) -> &'static str {
        match self.kind {
            FailureKind::Connect | FailureKind::NotPublic => "connect_failed",
            FailureKind::Garbage => "not_an_answer",
            FailureKind::ServerError => "server_error",
            FailureKind::Timeout => "timeout",
            FailureKind::RateLimited => "rate_limited",
            FailureKind::Account => "account_refused",
            FailureKind::Redirected => "redirect_refused",
            FailureKind::Rejected { .. } => "request_rejected",
        }
    }

    /// What the caller is told when this is the last word.
    pub fn to_call_error(&self) -> CallError {
        match self.kind {
            FailureKind::Connect
            | FailureKind::NotPublic
            | FailureKind::ServerError
            | FailureKind::Garbage
            | FailureKind::Redirected => CallError::upstream_error("The upstream failed to answer."),
            FailureKind::Timeout => CallError::upstream_timeout(),
            FailureKind::RateLimited => CallError::rate_limit_exceeded(self.retry_after),
            FailureKind::Account => CallError::no_channel_available(),
            FailureKind::Rejected { status, reason } => rejected(status, reason),
        }
    }
}

/// Seconds, with or without a fraction, or a date; more than [`RETRY_AFTER_MAX`] is cut to it, and what is
/// neither says nothing.
pub(crate) fn parse_retry_after(text: &str, now_ms: i64) -> Option<Duration> {
    let text = text.trim();
    let whole = text.split('.').next().unwrap_or_default();
    if !whole.is_empty() && whole.bytes().all(|byte| byte.is_ascii_digit()) {
        let fraction = text.get(whole.len() + 1..).unwrap_or_default();
        if !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let partly = u64::from(fraction.bytes().any(|byte| byte != b'0'));
        // Too many digits for a number are too many seconds.
        let seconds = whole.parse::<u64>().unwrap_or(u64::MAX).saturating_add(partly);
        return Some(Duration::from_secs(seconds).min(RETRY_AFTER_MAX));
    }
    let until = parse_http_date(text)?;
    let seconds = until.saturating_sub(now_ms.div_euclid(1000));
    Some(Duration::from_secs(u64::try_from(seconds).unwrap_or(0)).min(RETRY_AFTER_MAX))
}

/// Whether the upstream says that our account has nothing left.
pub(crate) fn is_quota(told: &UpstreamError) -> bool {
    const WORDS: [&str; 4] =
        ["insufficient_quota", "insufficient_balance", "billing_error", "billing_hard_limit_reached"];
    code_is(told, &WORDS) || told.kind.as_deref().is_some_and(|kind| WORDS.contains(&kind))
}

fn code_is(told: &UpstreamError, words: &[&str]) -> bool {
    told.code.as_deref().is_some_and(|code| words.contains(&code))
}

fn rejection(status: u16, told: &UpstreamError) -> Rejection {
    match status {
        404 | 410 => return Rejection::NotFound,
        413 => return Rejection::TooLarge,
        _ => {}
    }
    match told.code.as_deref() {
        Some("context_length_exceeded" | "string_above_max_length") => Rejection::ContextLength,
        Some("content_policy_violation" | "content_filter" | "moderation_blocked") => {
            Rejection::ContentPolicy
        }
        Some(
            "unsupported_parameter"
            | "unsupported_value"
            | "unknown_parameter"
            | "missing_required_parameter"
            | "invalid_value"
            | "invalid_type",
        ) => Rejection::Parameter,
        Some("model_not_found") => Rejection::NotFound,
        _ => Rejection::Other,
    }
}

fn rejected(status: u16, reason: Rejection) -> CallError {
    // Clients choose their exception by status: those with a class of their own are kept.
    let status = match status {
        400 | 404 | 409 | 413 | 415 | 422 => StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST),
        _ => StatusCode::BAD_REQUEST,
    };
    match reason {
        Rejection::ContextLength => CallError::rejected(
            StatusCode::BAD_REQUEST,
            "context_length_exceeded",
            "The request is longer than the model's context.",
        ),
        Rejection::ContentPolicy => CallError::rejected(
            StatusCode::BAD_REQUEST,
            "content_policy_violation",
            "The upstream's content policy refuses the request.",
        ),
        Rejection::Parameter => CallError::rejected(
            status,
            "unsupported_parameter",
            "The upstream does not accept a parameter of the request.",
        ),
        Rejection::NotFound => CallError::rejected(
            StatusCode::NOT_FOUND,
            "model_not_found",
            "The upstream does not know the model, or something the request names.",
        ),
        Rejection::TooLarge => CallError::rejected(
            StatusCode::PAYLOAD_TOO_LARGE,
            "request_too_large",
            "The request is too large for the upstream.",
        ),
        Rejection::Other => {
            CallError::rejected(status, "invalid_request", "The upstream refuses the request as invalid.")
        }
    }
}

fn describe(told: UpstreamError) -> Option<String> {
    match (told.code.or(told.kind), told.message) {
        (Some(code), Some(message)) => Some(format!("{code}: {message}")),
        (code, message) => message.or(code),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_are_read_and_bounded() {
        let now_ms = 784_111_777_000;
        let seconds = |text| parse_retry_after(text, now_ms).map(|wait| wait.as_secs());
        assert_eq!(seconds("7"), Some(7));
        assert_eq!(seconds("0"), Some(0));
        assert_eq!(seconds("1.5"), Some(2));
        assert_eq!(seconds("99999999999999999999999"), Some(300));
        assert_eq!(seconds("Sun, 06 Nov 1994 08:49:47 GMT"), Some(10));
        assert_eq!(seconds("Sun, 06 Nov 1994 08:49:07 GMT"), Some(0));
        for nonsense in ["", "-1", "1e30", "NaN", "soon", "+3", "1.x"] {
            assert_eq!(seconds(nonsense), None, "{nonsense}");
        }
    }

    fn kind_of(status: u16, body: &str) -> FailureKind {
        let status = StatusCode::from_u16(status).unwrap();
        Failure::of_status(status, &HeaderMap::new(), body.as_bytes(), 0).kind
    }

    #[test]
    fn our_accounts_troubles_are_never_the_callers() {
        assert_eq!(kind_of(401, ""), FailureKind::Account);
        assert_eq!(kind_of(402, ""), FailureKind::Account);
        assert_eq!(kind_of(403, ""), FailureKind::Account);
        assert_eq!(kind_of(429, r#"{"error":{"code":"insufficient_quota"}}"#), FailureKind::Account);
        let failure = Failure::new(FailureKind::Account, None);
        assert_eq!(failure.to_call_error().status, StatusCode::SERVICE_UNAVAILABLE);
    }

    #[test]
    fn a_rejection_is_not_tried_again_and_keeps_its_status() {
        for status in [400, 404, 409, 413, 415, 422] {
            let answer = Failure::of_status(StatusCode::from_u16(status).unwrap(), &HeaderMap::new(), b"", 0);
            assert!(!answer.is_worth_another_try(), "{status}");
            assert_eq!(answer.to_call_error().status.as_u16(), status);
        }
        let long = Failure::of_status(
            StatusCode::BAD_REQUEST,
            &HeaderMap::new(),
            br#"{"error":{"message":"m","code":"context_length_exceeded"}}"#,
            0,
        );
        assert_eq!(long.to_call_error().code, "context_length_exceeded");
    }

    #[test]
    fn every_status_is_a_failure_of_some_kind() {
        for status in 300..=999 {
            let failure =
                Failure::of_status(StatusCode::from_u16(status).unwrap(), &HeaderMap::new(), b"<html>", 0);
            assert!(failure.to_call_error().status.as_u16() >= 400, "{status}");
        }
    }
}
