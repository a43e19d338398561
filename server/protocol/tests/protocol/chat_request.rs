use proptest::prelude::*;
use serde_json::json;
use waystation_protocol::openai::chat_request::{ChatRequestError, parse_chat_request};
use waystation_protocol::text_size::TextSize;

const FULL: &str = r#"{
  "model": "gpt-x", "stream": true, "n": 3, "max_tokens": 100, "max_completion_tokens": 200,
  "stream_options": {"include_obfuscation": false, "include_usage": true}, "service_tier": "flex",
  "tools": [{"type": "function", "function": {"name": "f"}}], "logprobs": true,
  "response_format": {"type": "json_schema", "json_schema": {"name": "s", "schema": {}}},
  "modalities": ["text", "audio"], "prediction": {"type": "content", "content": "abc"},
  "messages": [{"role": "user", "content": "hi"}], "vendor_field": {"deep": [1, 2.5e3, null]}
}"#;

fn with(member: &str) -> String {
    format!(r#"{{"model":"m","messages":[{{"role":"user","content":"hi"}}],{member}}}"#)
}

#[test]
fn everything_that_matters_is_read() {
    let request = parse_chat_request(FULL.as_bytes()).unwrap();
    assert_eq!(request.model, "gpt-x");
    assert!(request.stream && request.include_usage);
    assert_eq!(
        (request.choices, request.max_tokens, request.max_completion_tokens),
        (3, Some(100), Some(200))
    );
    assert_eq!(request.output_cap(), Some(200));
    assert_eq!(request.service_tier.as_deref(), Some("flex"));
    let needs = request.needs;
    assert!(needs.tools && needs.json_schema && needs.structured_output && needs.audio_output);
    assert!(needs.prediction && needs.logprobs);
    assert!(!needs.server_tools && !needs.image_output && !needs.fallback_models);
    assert_eq!((request.content.messages, request.content.tools), (1, 1));
}

#[test]
fn a_plain_request_needs_nothing() {
    let body = r#"{"messages":[{}],"model":"m","n":null,"stream":null,"max_tokens":null,"tools":null}"#;
    let request = parse_chat_request(body.as_bytes()).unwrap();
    assert_eq!(request.needs, Default::default());
    assert_eq!((request.choices, request.stream, request.output_cap()), (1, false, None));
    assert!(!request.content.has_media());
}

#[test]
fn what_is_not_a_request_is_refused() {
    use ChatRequestError as E;
    let check = |body: &[u8]| parse_chat_request(body).map(drop).unwrap_err();
    assert_eq!(check(b"{\"model\":\"\xff\"}"), E::NotUtf8);
    for body in ["", "{", "nope", "{\"model\":\"m\",}", "{\"model\":\"m\"} x", "\u{feff}{}"] {
        assert!(matches!(check(body.as_bytes()), E::NotJson { .. }), "{body}");
    }
    for body in ["[]", "1", "null", "\"text\""] {
        assert_eq!(check(body.as_bytes()), E::NotAnObject, "{body}");
    }
    assert_eq!(check(b"{}"), E::Missing { param: "model" });
    assert_eq!(check(br#"{"model":"m"}"#), E::Missing { param: "messages" });
    let deep = format!("{}1{}", "[".repeat(64), "]".repeat(64));
    assert_eq!(check(with(&format!("\"x\":{deep}")).as_bytes()), E::TooDeep);
    let bomb = format!("{{\"model\":\"m\",\"messages\":{}", "[".repeat(100_000));
    assert!(matches!(check(bomb.as_bytes()), E::TooDeep | E::WrongType { .. }));
}

#[test]
fn wrong_types_name_the_field() {
    for (member, param) in [
        (r#""stream":"true""#, "stream"),
        (r#""stream":1"#, "stream"),
        (r#""stream_options":true"#, "stream_options"),
        (r#""stream_options":{"include_usage":"yes"}"#, "stream_options.include_usage"),
        (r#""service_tier":1"#, "service_tier"),
        (r#""tools":{}"#, "tools"),
        (r#""functions":"f""#, "functions"),
        (r#""response_format":"json""#, "response_format"),
        (r#""modalities":"audio""#, "modalities"),
        (r#""modalities":[1]"#, "modalities"),
        (r#""logprobs":"yes""#, "logprobs"),
    ] {
        let body = with(member);
        let error = parse_chat_request(body.as_bytes()).unwrap_err();
        assert!(matches!(error, ChatRequestError::WrongType { .. }), "{member}");
        assert_eq!(error.param(), Some(param));
    }
    for (body, param) in [
        (r#"{"model":"m","messages":[]}"#, "messages"),
        (r#"{"model":1,"messages":[{}]}"#, "model"),
        (r#"{"model":null,"messages":[{}]}"#, "model"),
        (r#"{"model":"","messages":[{}]}"#, "model"),
        (r#"{"model":"\ud800","messages":[{}]}"#, "model"),
        (r#"{"model":"m","messages":{}}"#, "messages"),
        (r#"{"model":"m","messages":null}"#, "messages"),
        (r#"{"model":"m","messages":[{},"x"]}"#, "messages[1]"),
    ] {
        assert_eq!(parse_chat_request(body.as_bytes()).unwrap_err().param(), Some(param), "{body}");
    }
}

#[test]
fn quantities_are_whole_numbers_in_range() {
    for param in ["max_tokens", "max_completion_tokens", "n"] {
        for value in [
            "0",
            "-1",
            "-0",
            "1.0",
            "1e2",
            "1e308",
            "2147483649",
            "9007199254740993",
            "9223372036854775807",
            "9223372036854775808",
            "18446744073709551615",
            "18446744073709551616",
            "\"5\"",
            "\"NaN\"",
            "true",
            "[]",
            "{}",
        ] {
            let body = with(&format!("\"{param}\":{value}"));
            let error = parse_chat_request(body.as_bytes()).unwrap_err();
            assert_eq!(error.param(), Some(param), "{param}: {value}");
        }
        for value in ["NaN", "01", "+1", "1.", "0x1"] {
            let body = with(&format!("\"{param}\":{value}"));
            assert!(parse_chat_request(body.as_bytes()).is_err(), "{param}: {value}");
        }
    }
    assert_eq!(
        parse_chat_request(with("\"max_tokens\":2147483648").as_bytes()).unwrap().max_tokens,
        Some(1 << 31)
    );
    assert_eq!(parse_chat_request(with("\"n\":128").as_bytes()).unwrap().choices, 128);
    assert_eq!(parse_chat_request(with("\"n\":129").as_bytes()).unwrap_err().param(), Some("n"));
    assert_eq!(parse_chat_request(with("\"n\":2,\"best_of\":9").as_bytes()).unwrap().choices, 9);
}

#[test]
fn a_field_given_twice_or_in_another_spelling_is_refused() {
    for (member, param) in [
        (r#""model":"dear""#, "model"),
        (r#""mod\u0065l":"dear""#, "model"),
        (r#""Model":"dear""#, "model"),
        (r#""MESSAGES":[]"#, "messages"),
        (r#""max_tokens":1,"max_tokens":1"#, "max_tokens"),
        (r#""n":null,"n":128"#, "n"),
        (r#""N":128"#, "n"),
        (r#""max_to\u212Aens":9"#, "max_tokens"),
        (r#""ſtream":true"#, "stream"),
        (r#""stream_options":{"include_usage":true,"include_usage":false}"#, "stream_options.include_usage"),
    ] {
        let body = with(member);
        let error = parse_chat_request(body.as_bytes()).unwrap_err();
        assert!(matches!(error, ChatRequestError::Ambiguous { .. }), "{member}");
        assert_eq!(error.param(), Some(param));
    }
    assert!(
        parse_chat_request(with(r#""x":1,"x":2,"X":3"#).as_bytes()).is_ok(),
        "unknown fields are not judged"
    );
}

#[test]
fn server_tools_and_fallbacks_are_noticed() {
    for member in [
        r#""web_search_options":{}"#,
        r#""search_parameters":{"mode":"on"}"#,
        r#""enable_search":true"#,
        r#""plugins":[{"id":"web"}]"#,
        r#""tools":[{"type":"web_search"}]"#,
    ] {
        assert!(parse_chat_request(with(member).as_bytes()).unwrap().needs.server_tools, "{member}");
    }
    assert!(!parse_chat_request(with(r#""enable_search":false"#).as_bytes()).unwrap().needs.server_tools);
    assert!(parse_chat_request(with(r#""models":["dear"]"#).as_bytes()).unwrap().needs.fallback_models);
}

#[test]
fn fields_that_get_past_the_bounds_are_noticed() {
    for (member, field) in [
        (r#""n_predict":100000"#, "n_predict"),
        (r#""N_Predict":null"#, "n_predict"),
        (r#""n_cmpl":64"#, "n_cmpl"),
        (r#""generationConfig":{"maxOutputTokens":9}"#, "generationconfig"),
        (r#""extra_body":{"n_predict":9}"#, "extra_body"),
        (r#""fallbacks":["dear"]"#, "fallbacks"),
    ] {
        let body = with(member);
        assert_eq!(parse_chat_request(body.as_bytes()).unwrap().unbounded_field, Some(field), "{member}");
    }
    let body = with(r#""metadata":{"n_predict":9},"unknown":{"n_predict":9}"#);
    assert_eq!(parse_chat_request(body.as_bytes()).unwrap().unbounded_field, None);
}

#[test]
fn messages_are_measured_by_decoded_bytes() {
    let body = json!({"model": "m", "messages": [
        {"role": "user", "content": "中"},
        {"role": "user", "content": [{"type": "text", "text": "ab\n"}]},
        {"role": "tool", "tool_call_id": "c1", "content": null},
    ]});
    let escaped = serde_json::to_string(&body).unwrap().replace('中', "\\u4e2d");
    for text in [serde_json::to_string(&body).unwrap(), escaped] {
        let content = parse_chat_request(text.as_bytes()).unwrap().content;
        assert_eq!(content.messages, 3);
        // user, user, ab\n, tool, c1; the null is four bytes of JSON.
        assert_eq!(content.text, TextSize { ascii: 4 + 4 + 3 + 4 + 2, other: 3 });
        assert_eq!(content.json.bytes(), 4);
    }
}

#[test]
fn media_are_counted_by_kind() {
    let body = json!({"model": "m", "messages": [{"role": "user", "content": [
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA", "detail": "low"}},
        {"type": "image_url", "image_url": {"url": "https://host/x.png"}},
        {"type": "image_url", "image_url": "DATA:IMAGE/png;base64,AAAA"},
        {"type": "image_url", "image_url": {"url": "data:video/mp4;base64,AAAA"}},
        {"type": "input_audio", "input_audio": {"data": "AAAAAAAA", "format": "wav"}},
        {"type": "file", "file": {"file_id": "f1"}},
        {"type": "video_url", "video_url": {"url": "https://host/x.mp4"}},
    ]}, {"role": "assistant", "audio": {"id": "a1"}, "images": []}, {"role": "assistant", "images": ["AAAA"]},
    {"role": "user", "content": {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}}]});
    let text = body.to_string();
    let content = parse_chat_request(text.as_bytes()).unwrap().content;
    assert_eq!((content.images_inline, content.images_remote), (3, 2));
    assert_eq!((content.audio_bytes, content.files, content.unmeasured), (6, 1, 3));
    assert!(content.has_media());
    assert_eq!(content.text.bytes(), "userassistantassistantuser".len() as u64, "base64 is not text");
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(body in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = parse_chat_request(&body);
    }

    #[test]
    fn mutated_requests_never_panic(
        at in any::<prop::sample::Index>(),
        removed in 0usize..8,
        inserted in prop::collection::vec(any::<u8>(), 0..8),
    ) {
        let mut body = FULL.as_bytes().to_vec();
        let start = at.index(body.len());
        let end = (start + removed).min(body.len());
        body.splice(start..end, inserted);
        let accepted = parse_chat_request(&body).is_ok();
        prop_assert!(!accepted || serde_json::from_slice::<serde_json::Value>(&body).is_ok());
    }
}
