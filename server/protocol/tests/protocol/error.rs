use proptest::prelude::*;
use serde_json::{Value, json};
use waystation_protocol::openai::error::{ErrorBody, error_type};
use waystation_protocol::openai::upstream_error::{MESSAGE_CHARS_MAX, read_upstream_error, redact};

#[test]
fn the_body_is_what_clients_parse() {
    let body = ErrorBody::new(400, "invalid_request", "Not \"so\".\n")
        .with_param(Some("n"))
        .with_request_id("req_1")
        .to_json();
    let body: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(
        body,
        json!({"error": {"message": "Not \"so\".\n", "type": "invalid_request_error", "param": "n", "code": "invalid_request", "request_id": "req_1"}})
    );
    let bare =
        ErrorBody { message: "m", kind: "server_error", param: None, code: None, request_id: None }.to_json();
    assert_eq!(bare, br#"{"error":{"message":"m","type":"server_error","param":null,"code":null}}"#);
}

#[test]
fn the_type_follows_the_status() {
    for (status, kind) in [
        (400, "invalid_request_error"),
        (401, "invalid_request_error"),
        (402, "insufficient_quota"),
        (403, "permission_error"),
        (404, "invalid_request_error"),
        (413, "invalid_request_error"),
        (429, "rate_limit_error"),
        (500, "server_error"),
        (502, "server_error"),
        (503, "service_unavailable_error"),
        (504, "server_error"),
    ] {
        assert_eq!(error_type(status), kind);
    }
}

#[test]
fn every_vendors_message_is_found() {
    for body in [
        r#"{"error":{"message":"bad","type":"t","code":"c"}}"#,
        r#"{"error":{"msg":"bad"}}"#,
        r#"{"error":"bad"}"#,
        r#"{"message":"bad","code":7}"#,
        r#"{"msg":"bad"}"#,
        r#"{"base_resp":{"status_code":1,"status_msg":"bad"}}"#,
        r#"{"detail":"bad"}"#,
        r#"[{"error":{"message":"bad"}}]"#,
        r#"{"detail":"other","message":"bad"}"#,
        r#"{"message":"other","error":{"message":"bad"}}"#,
        r#"{"error":{"message":"bad"},"torn":"#,
    ] {
        assert_eq!(read_upstream_error(body.as_bytes()).message.as_deref(), Some("bad"), "{body}");
    }
    for body in [
        "",
        "<html>502</html>",
        "{}",
        r#"{"error":{}}"#,
        r#"{"error":{"message":""}}"#,
        r#"{"error":{"message":5}}"#,
    ] {
        assert_eq!(read_upstream_error(body.as_bytes()), Default::default(), "{body}");
    }
    let account = read_upstream_error(br#"{"error":{"message":"m","type":"rate_limit_error","code":429}}"#);
    assert_eq!((account.kind.as_deref(), account.code.as_deref()), (Some("rate_limit_error"), Some("429")));
    let account = read_upstream_error(br#"{"error":{"message":"m","type":"a b","code":"https://x"}}"#);
    assert_eq!((account.kind, account.code), (None, None));
}

#[test]
fn secrets_addresses_and_hosts_are_taken_out() {
    for private in [
        "sk-proj-abc",
        "sk-abcd****wxyz",
        "AIzaSyA1234",
        "0123456789abcdef0123456789abcdef.AbCdEfGh12345678",
        "https://api.upstream.example/v1/chat",
        "api.upstream.example",
        "(api.upstream.example:8443)",
        "10.0.0.12:8080",
        "[fe80::1]:443",
        "localhost:11434",
        "admin@upstream.example",
        "'eyJhbGciOiJIUzI1NiJ9.e30.abc'",
        "org-12ab",
    ] {
        let shown = redact(&format!("Incorrect key {private} provided."));
        assert_eq!(shown, "Incorrect key [redacted] provided.", "{private}");
    }
    for (told, shown) in [
        ("Authorization: Bearer hunter2 failed", "Authorization: Bearer [redacted] failed"),
        ("sent {\"authorization\":\"Bearer hunter2\"}", "sent {\"authorization\":\"Bearer [redacted]"),
        (
            "sent \u{3}Bearer\u{3}hunter2\u{7f} ghp_1\u{0}ghp_2",
            "sent Bearer [redacted] [redacted] [redacted]",
        ),
    ] {
        assert_eq!(redact(told), shown);
    }
}

#[test]
fn half_a_secret_is_not_shown() {
    // The message is cut before it is split; what the cut goes through no longer looks like a secret.
    let secret = "10.11.12.13";
    for spaces in 2_380..2_405 {
        let shown = redact(&format!("no{}{secret}", " ".repeat(spaces)));
        assert!(["no", "no [redacted]"].contains(&shown.as_str()), "{spaces}: {shown}");
    }
}

#[test]
fn ordinary_words_stay() {
    for plain in [
        "The model claude-opus-4-5-20251101 does not exist.",
        "Use gpt-4.1 or gpt-5.6-mini instead.",
        "max_tokens is too large: 200000 (maximum 128,000).",
        "请求过多，请稍后再试。",
        "insufficient_quota at 12:30:05, e.g. today",
    ] {
        assert_eq!(redact(plain), plain);
    }
}

proptest! {
    #[test]
    fn accounts_are_short_and_never_panic(body in prop::collection::vec(any::<u8>(), 0..200), text in "(\\PC{0,12} ){0,80}") {
        let _ = read_upstream_error(&body);
        let account = read_upstream_error(json!({"error": {"message": text}}).to_string().as_bytes());
        prop_assert!(account.message.is_none_or(|message| message.chars().count() <= MESSAGE_CHARS_MAX + 1));
    }
}
