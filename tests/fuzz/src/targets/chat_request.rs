//! The reader of chat requests: its bounds cover the request, and a rewrite changes what it was asked to and nothing
//! else.

use serde_json::Value;
use waystation_protocol::openai::chat_request::{
    CHOICES_MAX, ChatRequest, ChatRequestError, OUTPUT_CAP_MAX, parse_chat_request,
};
use waystation_protocol::openai::request_rewrite::{
    CapNames, CapParameter, ChatRewrite, OutputCap, rewrite_chat_request,
};
use waystation_protocol::openai::token_bound::{
    bound_input_tokens, bound_output_tokens, estimate_input_tokens,
};

use super::{has_replacement, take_choices};
use crate::json_members::Members;

const CHANGEABLE: [&str; 4] = ["model", "max_tokens", "max_completion_tokens", "stream_options"];

pub(super) fn check(bytes: &[u8]) {
    let ([choice, cap], body) = take_choices::<2>(bytes);
    let request = match parse_chat_request(body) {
        Ok(request) => request,
        Err(error) => return check_refusal(body, &error),
    };
    let members = Members::read(body).expect("what was accepted is a JSON object");
    check_reading(&request, &members);
    check_bounds(&request, body);
    let rewrite = choose_rewrite(choice, cap, &request);
    match rewrite_chat_request(&request, &rewrite) {
        None => check_obeyed(&request, &request, &rewrite),
        Some(rewritten) => {
            assert_ne!(rewritten, body, "a change that changes nothing");
            check_rewrite(&request, &members, &rewrite, &rewritten);
        }
    }
}

fn check_refusal(body: &[u8], error: &ChatRequestError) {
    assert!(!error.to_string().is_empty());
    if let ChatRequestError::NotJson { at } = error {
        assert!(*at <= body.len(), "an error outside of the body");
        let accepted = serde_json::from_slice::<Value>(body);
        assert!(accepted.is_err(), "refused as no JSON: {}", body.escape_ascii());
    }
    if *error == ChatRequestError::NotUtf8 {
        assert!(std::str::from_utf8(body).is_err());
    }
}

fn check_reading(request: &ChatRequest<'_>, members: &Members) {
    assert!(!request.model.is_empty());
    let model: String = serde_json::from_str(members.last("model").expect("a model is required")).unwrap();
    assert_eq!(request.model, model);
    for name in ["model", "messages", "n", "stream", "max_tokens", "max_completion_tokens", "stream_options"]
    {
        assert!(members.all(name).len() <= 1, "`{name}` twice");
    }
    let number = |name: &str| members.last(name).and_then(|text| text.parse::<u64>().ok());
    assert_eq!(request.max_tokens, number("max_tokens"));
    assert_eq!(request.max_completion_tokens, number("max_completion_tokens"));
    assert_eq!(request.choices, number("n").unwrap_or(1).max(number("best_of").unwrap_or(1)));
    assert!((1..=CHOICES_MAX).contains(&request.choices));
    assert!(request.output_cap().is_none_or(|cap| (1..=OUTPUT_CAP_MAX).contains(&cap)));
    assert_eq!(request.stream, members.last("stream") == Some("true"));
}

/// No tokenizer makes more tokens than bytes of the text that is certainly shown to the model.
fn check_bounds(request: &ChatRequest<'_>, body: &[u8]) {
    let bound = bound_input_tokens(request, None);
    let estimate = estimate_input_tokens(request, bound);
    assert!(estimate <= bound.tokens, "an estimate over the bound");
    for context in [1, 1000, u64::MAX] {
        let within = bound_input_tokens(request, Some(context));
        assert!(within.tokens <= context, "a bound over the context");
        assert!(within.needs_context || within.tokens <= bound.tokens);
    }
    // Numbers that serde cannot hold and lone surrogates are no reason to refuse a request.
    if let Ok(value) = serde_json::from_slice::<Value>(body) {
        let shown = shown_bytes(&value["messages"])
            + [&value["tools"], &value["functions"]].map(json_bytes).iter().sum::<u64>();
        assert!(bound.tokens >= shown, "{} tokens bound {shown} bytes", bound.tokens);
    }
    let output = bound_output_tokens(request, 100);
    assert!(output >= 100 * request.choices);
}

/// Bytes of the texts of a conversation: roles, names, contents and the texts among their parts.
fn shown_bytes(messages: &Value) -> u64 {
    let mut sum = 0;
    for message in messages.as_array().into_iter().flatten() {
        for (name, value) in message.as_object().into_iter().flatten() {
            match (name.as_str(), value) {
                ("content", Value::Array(parts)) => {
                    sum += parts.iter().map(|part| length_of(&part["text"])).sum::<u64>();
                }
                ("content" | "role" | "name" | "refusal" | "reasoning_content" | "tool_call_id", text) => {
                    sum += length_of(text);
                }
                ("tool_calls", calls) => sum += json_bytes(calls),
                _ => {}
            }
        }
    }
    sum
}

fn length_of(text: &Value) -> u64 {
    text.as_str().map_or(0, |text| text.len() as u64)
}

/// Floats are left out: serde may write them longer than they were.
fn json_bytes(value: &Value) -> u64 {
    match value {
        Value::Null => 0,
        Value::Array(values) => values.iter().map(json_bytes).sum(),
        Value::Object(members) => {
            members.iter().map(|(name, value)| name.len() as u64 + json_bytes(value)).sum()
        }
        text => length_of(text),
    }
}

fn choose_rewrite(choice: u8, cap: u8, request: &ChatRequest<'_>) -> ChatRewrite<'static> {
    let parameter = if choice & 1 == 0 { CapParameter::MaxTokens } else { CapParameter::MaxCompletionTokens };
    let names = if choice & 2 == 0 { CapNames::Only(parameter) } else { CapNames::Both(parameter) };
    let tokens = 1 + u64::from(cap) * u64::from(cap);
    ChatRewrite {
        model: (choice & 4 != 0).then_some("vendor/\"m\u{f6}del\"\u{1}\\"),
        output_cap: (choice & 8 == 0).then_some(OutputCap { names, tokens }),
        include_usage: choice & 16 != 0 && request.stream,
    }
}

fn check_rewrite(request: &ChatRequest<'_>, members: &Members, rewrite: &ChatRewrite<'_>, rewritten: &[u8]) {
    let shown = rewritten.escape_ascii();
    let again = match parse_chat_request(rewritten) {
        Ok(again) => again,
        Err(error) => panic!("a rewritten request is refused: {error} {shown}"),
    };
    let changed = Members::read(rewritten).expect("a rewritten request is a JSON object");
    assert_eq!(changed.without(&CHANGEABLE), members.without(&CHANGEABLE), "other members changed: {shown}");
    assert_eq!(again.content, request.content, "{shown}");
    assert_eq!(again.needs, request.needs, "{shown}");
    assert_eq!((again.stream, again.choices), (request.stream, request.choices), "{shown}");
    assert_eq!(again.unbounded_field, request.unbounded_field, "{shown}");
    check_obeyed(request, &again, rewrite);
    if let (Some(before), Some(after)) = (members.last("stream_options"), changed.last("stream_options"))
        && let (Some(before), Some(after)) =
            (Members::read(before.as_bytes()), Members::read(after.as_bytes()))
    {
        assert_eq!(before.without(&["include_usage"]), after.without(&["include_usage"]), "{shown}");
    }
    assert!(has_replacement(request_text(members).as_bytes()) || !has_replacement(rewritten), "{shown}");
    assert_eq!(rewrite_chat_request(&again, rewrite), None, "not at rest after one rewrite: {shown}");
}

fn request_text(members: &Members) -> String {
    members
        .0
        .iter()
        .map(|(key, value)| format!("{}{}", String::from_utf8_lossy(&key.0), value.get()))
        .collect()
}

/// What the rewrite asks for holds of what is sent.
fn check_obeyed(before: &ChatRequest<'_>, after: &ChatRequest<'_>, rewrite: &ChatRewrite<'_>) {
    assert_eq!(after.model, rewrite.model.unwrap_or(&before.model));
    assert_eq!(after.include_usage, rewrite.include_usage || before.include_usage);
    let Some(cap) = rewrite.output_cap else {
        assert_eq!(after.max_tokens, before.max_tokens);
        assert_eq!(after.max_completion_tokens, before.max_completion_tokens);
        return;
    };
    let (CapNames::Only(parameter) | CapNames::Both(parameter)) = cap.names;
    let of = |request: &ChatRequest<'_>| match parameter {
        CapParameter::MaxTokens => (request.max_tokens, request.max_completion_tokens),
        CapParameter::MaxCompletionTokens => (request.max_completion_tokens, request.max_tokens),
    };
    let ((given, other), (sent, sent_other)) = (of(before), of(after));
    assert!(after.output_cap().is_some_and(|sent| sent <= cap.tokens), "a cap over the bound is sent");
    let wanted = given.or(other).map_or(cap.tokens, |given| given.min(cap.tokens));
    match cap.names {
        CapNames::Only(_) => assert_eq!(sent, Some(wanted), "the name that is obeyed has another cap"),
        CapNames::Both(_) => assert_eq!(sent.or(sent_other), Some(wanted)),
    }
}
