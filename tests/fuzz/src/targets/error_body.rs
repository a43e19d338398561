//! The reader of upstreams' errors: short, printable and without secrets; and the writer of ours.

use serde_json::Value;
use waystation_protocol::openai::error::{ErrorBody, error_type};
use waystation_protocol::openai::upstream_error::{MESSAGE_CHARS_MAX, read_upstream_error, redact};

use super::{has_replacement, take_choices};

pub(super) fn check(bytes: &[u8]) {
    let ([low, high], body) = take_choices::<2>(bytes);
    let error = read_upstream_error(body);
    for word in [&error.code, &error.kind].into_iter().flatten() {
        assert!(word.len() <= 64 && word.is_ascii() && !word.contains(char::is_whitespace), "{word:?}");
    }
    if let Some(message) = &error.message {
        assert!(!message.is_empty());
        assert!(has_replacement(body) || body.contains(&b'\\') || !message.contains('\u{fffd}'));
        check_message(message);
    }
    let text = String::from_utf8_lossy(body);
    check_message(&redact(&text));
    check_error_body(u16::from(low) | u16::from(high) << 8, &text);
}

fn check_message(message: &str) {
    // One more for the dots of a text that was cut.
    assert!(message.chars().count() <= MESSAGE_CHARS_MAX + 1, "{message:?}");
    assert!(!message.contains(char::is_control), "{message:?}");
    let mut after_bearer = false;
    for word in message.split(' ') {
        let bare =
            word.trim_matches(|edge: char| !edge.is_alphanumeric() && edge != '/').to_ascii_lowercase();
        for secret in ["sk-", "://", "@", "**"] {
            assert!(!bare.contains(secret), "{secret:?} in {message:?}");
        }
        for secret in ["eyj", "aiza", "ghp_"] {
            assert!(!bare.starts_with(secret), "{secret:?} in {message:?}");
        }
        assert!(
            !after_bearer || "[redacted]".starts_with(word.trim_end_matches('…')),
            "a token in {message:?}"
        );
        after_bearer = bare.ends_with("bearer");
    }
}

/// An error of ours is JSON whatever its text is, and its parts come back as they were.
fn check_error_body(status: u16, message: &str) {
    let param = message.get(..message.len().min(3));
    let body = ErrorBody::new(status, "a_code", message).with_param(param);
    let read: Value = serde_json::from_slice(&body.to_json()).expect("an error body is JSON");
    assert_eq!(read["error"]["message"], message);
    assert_eq!(read["error"]["type"], error_type(status));
    assert_eq!(read["error"]["code"], "a_code");
    assert_eq!(read["error"]["param"].as_str(), param);
}
