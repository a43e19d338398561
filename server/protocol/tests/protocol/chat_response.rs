use serde_json::{Value, json};
use waystation_pricing::{Bucket, Usage, UsageSource};
use waystation_protocol::openai::chat_response::{ChatResponseError, read_chat_response};
use waystation_protocol::openai::cost_note::CostNote;
use waystation_protocol::openai::usage::Count;

const ANSWER: &str = r#"{ "id":"c", "model" : "up", "choices":[{"index":0,"message":{"role":"assistant","content":"Hi 中",
  "reasoning_content":"hm"},"finish_reason":"stop"}], "usage":{"prompt_tokens":5,"completion_tokens":4} , "extra": 1.50 }"#;

#[test]
fn an_answer_is_measured() {
    let answer = read_chat_response(ANSWER.as_bytes()).unwrap();
    assert_eq!(answer.usage().unwrap().prompt, Count::Tokens(5));
    assert_eq!(answer.delivered().text.bytes(), 6);
    assert_eq!(answer.delivered().reasoning.bytes(), 2);
    assert_eq!((answer.choices(), answer.finish_reason()), (1, Some("stop")));
    assert_eq!(answer.rewrite(None, None), None);
    assert_eq!(answer.rewrite(Some("up"), None), None);
}

#[test]
fn the_model_and_the_cost_are_spliced_in() {
    let usage = Usage::none(UsageSource::Estimated).with(Bucket::Input, 9).with(Bucket::Reasoning, 2);
    let note = CostNote { cost: "0.1", charged: "0.05", usage: &usage };
    let answer = read_chat_response(ANSWER.as_bytes()).unwrap();
    let expected = ANSWER
        .replace("\"up\"", "\"asked\"")
        .replace("{\"prompt_tokens\"", "{\"cost\":\"0.1\",\"charged\":\"0.05\",\"prompt_tokens\"");
    assert_eq!(String::from_utf8(answer.rewrite(Some("asked"), Some(&note)).unwrap()).unwrap(), expected);

    let counted = json!({"prompt_tokens": 9, "completion_tokens": 2, "total_tokens": 11, "cost": "0.1", "charged": "0.05"});
    for (usage, expected) in [
        (",\"usage\":null", counted.clone()),
        ("", counted.clone()),
        (",\"usage\":7", counted),
        (",\"usage\":{}", json!({"cost": "0.1", "charged": "0.05"})),
        (",\"usage\":{\"cost\":0.5,\"x\":1}", json!({"cost": "0.1", "charged": "0.05", "x": 1})),
        (",\"usage\":{\"charged\":1,\"cost\":null}", json!({"cost": "0.1", "charged": "0.05"})),
    ] {
        let body = format!("{{\"choices\":[{{}}]{usage}}}");
        let rewritten = read_chat_response(body.as_bytes()).unwrap().rewrite(None, Some(&note)).unwrap();
        let shown: Value = serde_json::from_slice(&rewritten).unwrap();
        assert_eq!(shown["usage"], expected, "{body}");
        assert_eq!(rewritten.windows(6).filter(|bytes| bytes == b"\"cost\"").count(), 1);
    }
}

#[test]
fn garbage_is_refused() {
    for body in ["", "<html>", "[]", "null", "{\"choices\":[{}]", "{\"choices\":[{}]} trailing"] {
        assert_eq!(
            read_chat_response(body.as_bytes()).unwrap_err(),
            ChatResponseError::NotAnObject,
            "{body}"
        );
    }
    for body in ["{}", "{\"choices\":[]}", "{\"choices\":{}}", "{\"choices\":null,\"usage\":{}}"] {
        let error = read_chat_response(body.as_bytes()).unwrap_err();
        assert!(matches!(error, ChatResponseError::NoChoices(_)), "{body}");
    }
    let error = read_chat_response(
        br#"{"base_resp":{"status_code":1008,"status_msg":"insufficient balance"},"choices":null}"#,
    );
    let ChatResponseError::NoChoices(account) = error.unwrap_err() else { panic!() };
    assert_eq!(
        (account.message.as_deref(), account.code.as_deref()),
        (Some("insufficient balance"), Some("1008"))
    );
    let error = read_chat_response(br#"{"error":{"message":"boom"},"choices":[{}]}"#).unwrap_err();
    assert!(matches!(error, ChatResponseError::Failed(_)));
}
