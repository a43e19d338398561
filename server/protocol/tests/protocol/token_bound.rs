use proptest::prelude::*;
use serde_json::{Value, json};
use waystation_protocol::openai::chat_request::parse_chat_request;
use waystation_protocol::openai::token_bound::{
    IMAGE_TOKENS_MAX, InputBound, bound_input_tokens, bound_output_tokens, estimate_input_tokens,
};

fn bound(body: &Value, context: Option<u64>) -> InputBound {
    bound_input_tokens(&parse_chat_request(body.to_string().as_bytes()).unwrap(), context)
}

fn user(content: Value) -> Value {
    json!({"model": "m", "messages": [{"role": "user", "content": content}]})
}

#[test]
fn a_short_text_is_bounded_by_its_bytes_and_the_template() {
    assert_eq!(
        bound(&user(json!("hello")), None),
        InputBound { tokens: 4 + 5 + 16 + 64, needs_context: false }
    );
    assert_eq!(bound(&user(json!("hello")), Some(50)).tokens, 50);
}

#[test]
fn tools_and_schemas_count_twice_with_a_preamble() {
    let mut body = user(json!(""));
    let plain = bound(&body, None).tokens;
    let tool = json!({"type": "function", "function": {"name": "f", "parameters": {}}});
    body["tools"] = json!([tool]);
    assert_eq!(bound(&body, None).tokens, plain - 64 + 2048 + 64 + 2 * tool.to_string().len() as u64);
    let mut body = user(json!(""));
    let format = json!({"type": "json_schema", "json_schema": {"schema": {"a": "中"}}});
    body["response_format"] = format.clone();
    assert_eq!(bound(&body, None).tokens, plain - 64 + 2048 + 2 * format.to_string().len() as u64);
}

#[test]
fn input_outside_the_request_is_bounded_by_the_context_only() {
    for part in [
        json!({"type": "image_url", "image_url": {"url": "https://host/a.png"}}),
        json!({"type": "file", "file": {"file_id": "f"}}),
        json!({"type": "file", "file": {"file_data": "data:application/pdf;base64,AAAA"}}),
        json!({"type": "input_video", "input_video": {"data": "AAAA"}}),
    ] {
        let body = user(json!([part]));
        assert_eq!(bound(&body, Some(128_000)), InputBound { tokens: 128_000, needs_context: true });
        assert!(bound(&body, None).needs_context);
    }
    let inline = user(json!([{"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}]));
    let inline = bound(&inline, None);
    assert!(!inline.needs_context && inline.tokens >= IMAGE_TOKENS_MAX);
}

#[test]
fn output_is_bounded_by_choices_caps_and_predictions() {
    let mut body = user(json!("x"));
    body["n"] = json!(4);
    let text = body.to_string();
    assert_eq!(bound_output_tokens(&parse_chat_request(text.as_bytes()).unwrap(), 100), 400);
    body["prediction"] = json!({"type": "content", "content": "12345"});
    let text = body.to_string();
    let request = parse_chat_request(text.as_bytes()).unwrap();
    assert!(bound_output_tokens(&request, 100) >= 4 * 105);
    assert_eq!(bound_output_tokens(&request, u64::MAX), u64::MAX);
}

proptest! {
    #[test]
    fn the_estimate_is_within_the_bound_and_the_bound_above_the_bytes(
        texts in prop::collection::vec(any::<String>(), 1..6),
        context in prop::option::of(1u64..5000),
    ) {
        let messages: Vec<Value> = texts.iter().map(|text| json!({"role": "user", "content": text})).collect();
        let body = json!({"model": "m", "messages": messages}).to_string();
        let request = parse_chat_request(body.as_bytes()).unwrap();
        let bound = bound_input_tokens(&request, context);
        let bytes: usize = texts.iter().map(String::len).sum();
        prop_assert!(bound.tokens >= (bytes as u64).min(context.unwrap_or(u64::MAX)));
        let estimate = estimate_input_tokens(&request, bound);
        prop_assert!(estimate > 0 && estimate <= bound.tokens);
    }
}
