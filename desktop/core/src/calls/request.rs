//! A call as the window makes it, and as it leaves.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::value::RawValue;
use url::Url;

use crate::calls::CallError;
use crate::calls::operations::{AnswerKind, Operation};
use crate::connections::{ConnectionId, SiteAddress};

pub(super) const BODY_BYTES_MAX: usize = 1024 * 1024;
const QUERY_BYTES_MAX: usize = 8 * 1024;
const QUERY_PARTS_MAX: usize = 32;
const HEADER_LENGTH_MAX: usize = 256;

/// The headers that the window may send, each where it means something.
const IDEMPOTENCY_KEY: &str = "idempotency-key";
pub(super) const PROOF: &str = "x-proof";

/// A call as the window makes it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Call {
    /// To which site.
    pub connection: ConnectionId,
    /// The HTTP method, such as `GET`.
    pub method: String,
    /// The path, such as `/api/admin/users/usr_…`: of a known operation.
    pub path: String,
    /// The query's names and values, in order.
    #[serde(default)]
    pub query: Vec<(String, String)>,
    /// `idempotency-key` and `x-proof`, where they are needed.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// The body, as the text of one JSON object.
    #[serde(default)]
    pub body: Option<String>,
}

/// A call that may leave.
#[derive(Debug)]
pub(super) struct CheckedCall {
    pub(super) operation: &'static Operation,
    pub(super) url: Url,
    pub(super) idempotency_key: Option<String>,
    /// What stands for the proof that was kept.
    pub(super) proof: Option<String>,
    pub(super) body: Option<String>,
}

impl Call {
    /// Checks the call against the table. Its address is made anew of what was found there.
    pub(super) fn check(self, base: &SiteAddress) -> Result<CheckedCall, CallError> {
        let (operation, url) = self.check_address(base)?;
        if operation.answer != AnswerKind::Json {
            // A file is written by the shell and does not pass through the window.
            return Err(CallError::UnknownOperation);
        }
        let body = check_body(operation, self.body)?;
        let (mut idempotency_key, mut proof) = (None, None);
        for (name, value) in self.headers {
            let is_plain = value.bytes().all(|byte| byte.is_ascii_graphic());
            if !is_plain || value.is_empty() || value.len() > HEADER_LENGTH_MAX {
                return Err(CallError::Malformed("header"));
            }
            match name.as_str() {
                IDEMPOTENCY_KEY if operation.is_once => idempotency_key = Some(value),
                PROOF => proof = Some(value),
                _ => return Err(CallError::Malformed("header")),
            }
        }
        Ok(CheckedCall { operation, url, idempotency_key, proof, body })
    }

    /// The operation, and where it is at the site.
    pub(super) fn check_address(&self, base: &SiteAddress) -> Result<(&'static Operation, Url), CallError> {
        let (operation, parts) =
            Operation::find(&self.method, &self.path).ok_or(CallError::UnknownOperation)?;
        let url = address_of(base, parts, operation, &self.query)?;
        Ok((operation, url))
    }
}

/// The address of an operation at a site.
pub(super) fn address_of<'a>(
    base: &SiteAddress,
    parts: impl IntoIterator<Item = &'a str>,
    operation: &Operation,
    query: &[(String, String)],
) -> Result<Url, CallError> {
    let bytes: usize = query.iter().map(|(name, value)| name.len() + value.len()).sum();
    let is_known = query.iter().all(|(name, _)| operation.query.contains(&name.as_str()));
    if !is_known || bytes > QUERY_BYTES_MAX || query.len() > QUERY_PARTS_MAX {
        return Err(CallError::Malformed("query"));
    }
    let mut url = base.join(parts);
    if !query.is_empty() {
        url.query_pairs_mut().extend_pairs(query);
    }
    Ok(url)
}

fn check_body(operation: &Operation, body: Option<String>) -> Result<Option<String>, CallError> {
    let Some(body) = body.filter(|body| !body.is_empty()) else { return Ok(None) };
    if body.len() > BODY_BYTES_MAX {
        return Err(CallError::TooLarge);
    }
    // Without the description of a body an empty object may come, as some programs send it always.
    let is_object = serde_json::from_str::<BTreeMap<String, Box<RawValue>>>(&body);
    match is_object {
        Ok(fields) if operation.has_body || fields.is_empty() => Ok(Some(body)),
        _ => Err(CallError::Malformed("body")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(method: &str, path: &str) -> Call {
        let (method, path) = (method.to_owned(), path.to_owned());
        let connection = ConnectionId::draw();
        Call { connection, method, path, query: Vec::new(), headers: BTreeMap::new(), body: None }
    }

    fn base() -> SiteAddress {
        "https://ai.example.com/base".parse().unwrap()
    }

    fn code(checked: Result<CheckedCall, CallError>) -> &'static str {
        checked.map_or_else(|error| error.code(), |checked| checked.operation.id)
    }

    #[test]
    fn a_known_call_goes_to_the_site_and_nowhere_else() {
        let mut call = call("GET", "/api/admin/users");
        call.query = vec![("q".to_owned(), "a&b=c#d".to_owned()), ("limit".to_owned(), "20".to_owned())];
        let checked = call.check(&base()).unwrap();
        assert_eq!(
            checked.url.as_str(),
            "https://ai.example.com/base/api/admin/users?q=a%26b%3Dc%23d&limit=20"
        );
    }

    #[test]
    fn a_query_that_the_operation_does_not_know_is_refused() {
        for query in
            [vec![("x", "1".to_owned())], vec![("q", "a".repeat(9_000))], vec![("q", "a".to_owned()); 33]]
        {
            let mut call = call("GET", "/api/admin/users");
            call.query = query.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
            assert_eq!(code(call.check(&base())), "malformed_call");
        }
    }

    #[test]
    fn a_body_is_one_json_object_of_a_bounded_size_where_one_is_taken() {
        let with_body = |method, path, body: &str| Call { body: Some(body.to_owned()), ..call(method, path) };
        let make = |body: &str| code(with_body("POST", "/api/admin/models", body).check(&base()));
        assert_eq!(make(r#"{"name":"m"}"#), "create_model");
        for body in ["[]", "1", "null", "{", "{}x", "\"x\"", r#"{"a":1,}"#] {
            assert_eq!(make(body), "malformed_call", "{body}");
        }
        assert_eq!(make(&format!(r#"{{"name":"{}"}}"#, "a".repeat(BODY_BYTES_MAX))), "call_too_large");
        assert_eq!(code(with_body("GET", "/api/me", r#"{"a":1}"#).check(&base())), "malformed_call");
        assert_eq!(
            code(with_body("DELETE", "/api/admin/channels/chn_1", "").check(&base())),
            "delete_channel"
        );
    }

    #[test]
    fn the_window_sends_two_headers_and_those_where_they_mean_something() {
        let with = |path: &str, name: &str, value: &str| {
            let mut call = call("POST", path);
            call.headers.insert(name.to_owned(), value.to_owned());
            call.body = Some("{}".to_owned());
            code(call.check(&base()))
        };
        let adjust = "/api/admin/users/usr_1/adjustments";
        assert_eq!(with(adjust, "idempotency-key", "4f0c"), "create_adjustment");
        assert_eq!(with(adjust, "x-proof", "prf_1"), "create_adjustment");
        assert_eq!(with("/api/admin/models", "idempotency-key", "4f0c"), "malformed_call");
        for (name, value) in [
            ("authorization", "Bearer x"),
            ("cookie", "a=b"),
            ("host", "evil.example"),
            ("x-forwarded-for", "127.0.0.1"),
            ("X-Proof", "prf_1"),
            ("x-proof", ""),
            ("x-proof", "a\r\nb: c"),
            ("x-proof", "é"),
        ] {
            assert_eq!(with(adjust, name, value), "malformed_call", "{name}: {value}");
        }
    }

    #[test]
    fn a_file_does_not_pass_through_the_window() {
        assert_eq!(code(call("GET", "/api/admin/revenue/export.csv").check(&base())), "unknown_operation");
        assert_eq!(code(call("GET", "/api/me/usage/export.json").check(&base())), "unknown_operation");
    }

    #[test]
    fn a_call_with_more_in_it_than_is_known_is_not_read() {
        let id = ConnectionId::draw();
        let read = |more: &str| {
            let text = format!(r#"{{"connection":"{id}","method":"GET","path":"/api/me"{more}}}"#);
            serde_json::from_str::<Call>(&text).is_ok()
        };
        assert!(read(""));
        assert!(!read(r#","url":"https://evil.example""#));
        assert!(!read(r#","token":"x""#));
    }
}
