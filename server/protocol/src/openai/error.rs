//! The error body of OpenAI's dialect.

use crate::json::write_json_string;

/// An error as OpenAI clients read it: `{"error":{"message","type","param","code"}}`.
///
/// Clients choose the exception class by the HTTP status alone and show `message`; `code` is what
/// programs branch on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ErrorBody<'a> {
    /// What happened and what to do, for people.
    pub message: &'a str,
    /// The family of errors, see [`error_type`].
    pub kind: &'a str,
    /// The request field at fault, such as `max_tokens`.
    pub param: Option<&'a str>,
    /// The stable code.
    pub code: Option<&'a str>,
    /// Which call it was, for whoever keeps the body alone. OpenAI's clients do not mind a further field.
    pub request_id: Option<&'a str>,
}

impl<'a> ErrorBody<'a> {
    /// The body for an HTTP status, its `type` chosen by [`error_type`].
    pub fn new(status: u16, code: &'a str, message: &'a str) -> Self {
        ErrorBody { message, kind: error_type(status), param: None, code: Some(code), request_id: None }
    }

    /// The same error naming the request field at fault.
    #[must_use]
    pub fn with_param(self, param: Option<&'a str>) -> Self {
        ErrorBody { param, ..self }
    }

    /// The same error naming the call.
    #[must_use]
    pub fn with_request_id(self, request_id: &'a str) -> Self {
        ErrorBody { request_id: Some(request_id), ..self }
    }

    /// The JSON text.
    pub fn to_json(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.message.len() + 96);
        out.extend_from_slice(br#"{"error":{"message":"#);
        write_json_string(self.message, &mut out);
        for (name, value) in [("type", Some(self.kind)), ("param", self.param), ("code", self.code)] {
            out.push(b',');
            write_json_string(name, &mut out);
            out.push(b':');
            match value {
                Some(text) => write_json_string(text, &mut out),
                None => out.extend_from_slice(b"null"),
            }
        }
        if let Some(request_id) = self.request_id {
            out.extend_from_slice(br#","request_id":"#);
            write_json_string(request_id, &mut out);
        }
        out.extend_from_slice(b"}}");
        out
    }
}

/// The `type` OpenAI's clients expect beside an HTTP status.
pub fn error_type(status: u16) -> &'static str {
    match status {
        402 => "insufficient_quota",
        403 => "permission_error",
        429 => "rate_limit_error",
        503 => "service_unavailable_error",
        500.. => "server_error",
        _ => "invalid_request_error",
    }
}
