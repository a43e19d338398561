//! Bodies, queries and paths, read into types; what does not fit becomes an error that names the field.

use std::time::Duration;

use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::time::timeout;
use waystation_api::error::{ErrorCode, FieldCode};

use crate::error::ApiError;
use crate::http::body_bytes::{ACCEPTED_CODINGS, BodyError, packing_of, read_body};

/// The largest body of a management call, as it comes and unpacked.
const BODY_BYTES_MAX: usize = 1024 * 1024;
/// The deepest nesting of a body.
const DEPTH_MAX: usize = 64;
/// Bodies are small: one that takes longer does not come.
const BODY_TIMEOUT: Duration = Duration::from_secs(30);

/// A JSON body, coming in or going out.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Json<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, _: &S) -> Result<Self, ApiError> {
        if !is_json(request.headers()) {
            return Err(ApiError::new(
                ErrorCode::UnsupportedMediaType,
                "The body must be JSON, with the header content-type: application/json.",
            ));
        }
        let packing = packing_of(request.headers()).map_err(|_| {
            let message = format!("The body may be packed as one of: {ACCEPTED_CODINGS}, or not at all.");
            ApiError::new(ErrorCode::UnsupportedMediaType, message)
        })?;
        let reading = read_body(request.into_body(), None, packing, BODY_BYTES_MAX);
        let bytes =
            timeout(BODY_TIMEOUT, reading).await.unwrap_or(Err(BodyError::Late)).map_err(refuse_body)?;
        // Serde would take a list for an object's fields in the order of their declaration.
        if bytes.trim_ascii_start().first() == Some(&b'[') {
            return Err(ApiError::new(ErrorCode::InvalidRequest, "The body must be a JSON object."));
        }
        read_json(&bytes).map(Json)
    }
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        axum::Json(self.0).into_response()
    }
}

/// Reads a JSON body that is kept as bytes too.
pub(crate) fn read_json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ApiError> {
    if is_deeper_than(DEPTH_MAX, bytes) {
        let message = format!("The body is nested deeper than {DEPTH_MAX} levels.");
        return Err(ApiError::new(ErrorCode::InvalidRequest, message));
    }
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let path = error.path().to_string();
        refuse_json(path, error.inner())
    })?;
    deserializer.end().map_err(|error| refuse_json(".".to_owned(), &error))?;
    Ok(value)
}

/// A query string.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Params<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Params<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        // No text that is stored holds a zero byte, and PostgreSQL fails at a search for one.
        if parts.uri.query().is_some_and(|query| query.contains("%00")) {
            return Err(ApiError::new(
                ErrorCode::InvalidRequest,
                "The query is wrong: it holds a zero byte.",
            ));
        }
        match Query::<T>::try_from_uri(&parts.uri) {
            Ok(Query(query)) => Ok(Params(query)),
            Err(rejection) => Err(ApiError::new(
                ErrorCode::InvalidRequest,
                format!("The query is wrong: {}", rejection.body_text()),
            )),
        }
    }
}

/// The parts of the path. An id that cannot be one is an id of nothing.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PathParts<T>(pub(crate) T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for PathParts<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        match Path::<T>::from_request_parts(parts, state).await {
            Ok(Path(value)) => Ok(PathParts(value)),
            Err(_) => Err(ApiError::not_found("thing")),
        }
    }
}

/// Whether a text, if it is JSON, has more levels than these.
fn is_deeper_than(levels_max: usize, bytes: &[u8]) -> bool {
    let (mut levels, mut is_text, mut is_escaped) = (0_usize, false, false);
    for byte in bytes {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if is_text => is_escaped = true,
            b'"' => is_text = !is_text,
            b'{' | b'[' if !is_text => {
                levels += 1;
                if levels > levels_max {
                    return true;
                }
            }
            b'}' | b']' if !is_text => levels = levels.saturating_sub(1),
            _ => {}
        }
    }
    false
}

fn is_json(headers: &HeaderMap) -> bool {
    headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"))
}

fn refuse_body(error: BodyError) -> ApiError {
    match error {
        BodyError::TooLarge => ApiError::new(ErrorCode::RequestTooLarge, "The body is too large."),
        BodyError::Late => ApiError::new(ErrorCode::InvalidRequest, "The body did not come in time."),
        BodyError::Broken => ApiError::new(ErrorCode::InvalidRequest, "The body broke off."),
        BodyError::Unreadable => {
            let message = "The body is not packed as its header content-encoding says.";
            ApiError::new(ErrorCode::InvalidRequest, message)
        }
    }
}

fn refuse_json(path: String, error: &serde_json::Error) -> ApiError {
    let message = error.to_string();
    if error.is_syntax() || error.is_eof() {
        return ApiError::new(ErrorCode::InvalidRequest, format!("The body is not valid JSON: {message}."));
    }
    let path = if path == "." { String::new() } else { path };
    // Serde names the field of these in its text only.
    let named = ["missing field `", "unknown field `", "duplicate field `"]
        .iter()
        .find_map(|start| message.strip_prefix(start)?.split('`').next())
        // For a missing field the path ends at what should hold it; for an unknown one at the field itself.
        .filter(|name| !path.ends_with(name));
    let field = match (path.is_empty(), named) {
        (true, Some(name)) => name.to_owned(),
        (true, None) => {
            return ApiError::new(ErrorCode::InvalidRequest, format!("The body is wrong: {message}."));
        }
        (false, Some(name)) => format!("{path}.{name}"),
        (false, None) => path,
    };
    let message = message.split(" at line ").next().unwrap_or_default();
    ApiError::field(field, code_of(message), message)
}

/// What Serde says of a field only by its text.
fn code_of(message: &str) -> FieldCode {
    const STARTS: [(&str, FieldCode); 4] = [
        ("missing field `", FieldCode::Required),
        ("unknown field `", FieldCode::Unknown),
        ("duplicate field `", FieldCode::Repeated),
        ("invalid type: ", FieldCode::WrongType),
    ];
    let known = STARTS.iter().find(|(start, _)| message.starts_with(start));
    known.map_or(FieldCode::Invalid, |(_, code)| *code)
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Outer {
        #[serde(rename = "inner")]
        _inner: Inner,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Inner {
        #[serde(rename = "count")]
        _count: u8,
    }

    fn fault(body: &str) -> Option<(String, FieldCode)> {
        let error = read_json::<Outer>(body.as_bytes()).unwrap_err();
        assert_eq!(error.code(), ErrorCode::InvalidRequest);
        error.reply(String::new()).error.fields.first().map(|field| (field.field.clone(), field.code))
    }

    fn field(body: &str) -> Option<String> {
        fault(body).map(|(field, _)| field)
    }

    #[test]
    fn a_field_at_fault_has_a_code_that_says_why() {
        for (body, code) in [
            (r#"{}"#, FieldCode::Required),
            (r#"{"inner":{}}"#, FieldCode::Required),
            (r#"{"inner":{"count":1},"other":1}"#, FieldCode::Unknown),
            (r#"{"inner":{"count":1},"inner":{"count":1}}"#, FieldCode::Repeated),
            (r#"{"inner":{"count":"x"}}"#, FieldCode::WrongType),
            (r#"{"inner":{"count":null}}"#, FieldCode::WrongType),
            (r#"{"inner":{"count":-1}}"#, FieldCode::Invalid),
        ] {
            assert_eq!(fault(body).map(|(_, code)| code), Some(code), "{body}");
        }
    }

    #[test]
    fn the_field_at_fault_is_named_with_its_path() {
        assert_eq!(field(r#"{"inner":{"count":"x"}}"#).as_deref(), Some("inner.count"));
        assert_eq!(field(r#"{"inner":{}}"#).as_deref(), Some("inner.count"));
        assert_eq!(field(r#"{"inner":{"count":1,"more":2}}"#).as_deref(), Some("inner.more"));
        assert_eq!(field(r#"{}"#).as_deref(), Some("inner"));
        assert_eq!(field(r#"{"inner":{"count":1},"other":1}"#).as_deref(), Some("other"));
    }

    #[tokio::test]
    async fn a_list_is_not_taken_for_the_fields_in_their_order() {
        for (body, is_taken) in
            [("{\"inner\":{\"count\":1}}", true), (" [{\"count\":1}]", false), ("[]", false)]
        {
            let request = Request::builder().header(header::CONTENT_TYPE, "application/json");
            let request = request.body(axum::body::Body::from(body)).unwrap();
            assert_eq!(Json::<Outer>::from_request(request, &()).await.is_ok(), is_taken, "{body}");
        }
    }

    #[tokio::test]
    async fn a_query_with_a_zero_byte_is_refused() {
        for (query, is_taken) in [("?q=a", true), ("?q=a%00", false)] {
            let (mut parts, ()) = Request::builder().uri(format!("/{query}")).body(()).unwrap().into_parts();
            let read =
                Params::<std::collections::HashMap<String, String>>::from_request_parts(&mut parts, &());
            assert_eq!(read.await.is_ok(), is_taken, "{query}");
        }
    }

    #[test]
    fn a_body_has_at_most_64_levels() {
        let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        let error = |levels: usize| read_json::<serde_json::Value>(nested(levels).as_bytes()).err();
        assert!(error(64).is_none());
        for levels in [65, 128, 100_000] {
            assert_eq!(error(levels).unwrap().code(), ErrorCode::InvalidRequest, "{levels}");
        }
        // Side by side is not deep, and brackets in texts are none.
        assert!(!is_deeper_than(2, br#"[[],{},[],{"a\"[[[":"[[[["}]"#));
        assert!(is_deeper_than(2, br#"["\\",[{}]]"#));
    }

    #[test]
    fn what_is_not_json_names_no_field() {
        for body in ["", "{", "{\"inner\":}", "nul", "{\"inner\":{\"count\":1}} x"] {
            assert_eq!(field(body), None, "{body:?}");
        }
    }
}
