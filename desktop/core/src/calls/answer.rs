//! What the window is told of an answer.

use std::collections::BTreeMap;

use reqwest::Response;
use reqwest::header::HeaderMap;
use serde::Serialize;

use crate::calls::CallError;

const BYTES_MAX: usize = 16 * 1024 * 1024;
/// What means something to the window, and nothing else: no cookie, no address.
const HEADERS: [&str; 4] = ["content-type", "retry-after", "x-request-id", "idempotency-replayed"];

/// An answer of a site's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// Those headers that mean something.
    pub headers: BTreeMap<&'static str, String>,
    /// The body as text; JSON unless empty.
    pub body: String,
}

/// Reads an answer to its end, or up to what answers may have.
pub(super) async fn read_answer(mut response: Response) -> Result<Answer, CallError> {
    let status = response.status().as_u16();
    let headers = allowed_headers(response.headers());
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| CallError::of_request(error, None))? {
        if body.len() + chunk.len() > BYTES_MAX {
            return Err(CallError::AnswerTooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    let body = String::from_utf8(body).map_err(|_| CallError::Answer)?;
    Ok(Answer { status, headers, body })
}

fn allowed_headers(headers: &HeaderMap) -> BTreeMap<&'static str, String> {
    let told = HEADERS.iter().filter_map(|name| Some((*name, headers.get(*name)?.to_str().ok()?.to_owned())));
    told.collect()
}

impl Answer {
    /// Refuses an answer that repeats a secret, as a site may that echoes what it is sent.
    pub(super) fn check_secrets<'a>(
        &self,
        secrets: impl IntoIterator<Item = &'a str>,
    ) -> Result<(), CallError> {
        let holds = |secret: &str| {
            !secret.is_empty()
                && (self.body.contains(secret) || self.headers.values().any(|value| value.contains(secret)))
        };
        if secrets.into_iter().any(holds) { Err(CallError::Answer) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderValue;

    use super::*;

    #[test]
    fn only_headers_that_mean_something_are_told() {
        let mut headers = HeaderMap::new();
        for name in ["content-type", "retry-after", "set-cookie", "authorization", "location", "server"] {
            headers.insert(name, HeaderValue::from_static("x"));
        }
        let told: Vec<_> = allowed_headers(&headers).into_keys().collect();
        assert_eq!(told, ["content-type", "retry-after"]);
    }

    #[test]
    fn an_answer_that_repeats_a_secret_is_none() {
        let answer = |body: &str, header: &str| Answer {
            status: 200,
            headers: BTreeMap::from([("x-request-id", header.to_owned())]),
            body: body.to_owned(),
        };
        assert!(answer("{}", "req_1").check_secrets(["canary", ""]).is_ok());
        assert!(answer(r#"{"seen":"Bearer canary"}"#, "req_1").check_secrets(["canary"]).is_err());
        assert!(answer("{}", "canary").check_secrets(["other", "canary"]).is_err());
    }
}
