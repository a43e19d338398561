use proptest::prelude::*;
use serde_json::{Map, Value, json};
use waystation_protocol::openai::chat_request::parse_chat_request;
use waystation_protocol::openai::request_rewrite::{
    CapNames, CapParameter, ChatRewrite, OutputCap, rewrite_chat_request,
};

const MESSAGES: &str = r#""messages":[ {"role":"user","content":"h\u0069"} ]"#;

fn rewrite(body: &str, rewrite: &ChatRewrite<'_>) -> Option<String> {
    let request = parse_chat_request(body.as_bytes()).unwrap();
    rewrite_chat_request(&request, rewrite).map(|bytes| String::from_utf8(bytes).unwrap())
}

fn cap(parameter: CapParameter, tokens: u64) -> ChatRewrite<'static> {
    ChatRewrite {
        output_cap: Some(OutputCap { names: CapNames::Both(parameter), tokens }),
        ..ChatRewrite::default()
    }
}

#[test]
fn nothing_to_change_gives_nothing() {
    let body =
        format!(r#"{{"model":"m","max_tokens":5,"stream_options":{{"include_usage":true}},{MESSAGES}}}"#);
    let same =
        ChatRewrite { model: Some("m"), include_usage: true, ..cap(CapParameter::MaxCompletionTokens, 5) };
    assert_eq!(rewrite(&body, &same), None);
    assert_eq!(rewrite(&body, &ChatRewrite::default()), None);
}

#[test]
fn the_model_is_exchanged_in_place() {
    let body = format!(r#"{{ "x" : 1.50 , "model" : "a\u0062" ,{MESSAGES}}}"#);
    let model = ChatRewrite { model: Some("up/\"x\""), ..ChatRewrite::default() };
    let expected = format!(r#"{{ "x" : 1.50 , "model" : "up/\"x\"" ,{MESSAGES}}}"#);
    assert_eq!(rewrite(&body, &model), Some(expected));
    assert_eq!(rewrite(&body, &ChatRewrite { model: Some("ab"), ..model }), None);
}

#[test]
fn a_missing_cap_is_inserted_and_a_higher_one_lowered() {
    use CapParameter::{MaxCompletionTokens, MaxTokens};
    for (members, change, expected) in [
        ("", cap(MaxTokens, 9), "\"max_tokens\":9,|"),
        ("", cap(MaxCompletionTokens, 9), "\"max_completion_tokens\":9,|"),
        ("\"max_tokens\":null,", cap(MaxTokens, 9), "|\"max_tokens\":9,"),
        (
            "\"max_tokens\":null,",
            cap(MaxCompletionTokens, 9),
            "\"max_completion_tokens\":9,|\"max_tokens\":null,",
        ),
        ("\"max_tokens\":10,", cap(MaxCompletionTokens, 9), "|\"max_tokens\":9,"),
        (
            "\"max_tokens\":10,\"max_completion_tokens\": 7,",
            cap(MaxTokens, 9),
            "|\"max_tokens\":9,\"max_completion_tokens\": 7,",
        ),
        (
            "\"max_tokens\":10,\"max_completion_tokens\": 70,",
            cap(MaxTokens, 9),
            "|\"max_tokens\":9,\"max_completion_tokens\": 9,",
        ),
    ] {
        let body = format!(r#"{{{members}"model":"m",{MESSAGES}}}"#);
        let expected = format!(r#"{{{}"model":"m",{MESSAGES}}}"#, expected.replace('|', ""));
        assert_eq!(rewrite(&body, &change), Some(expected));
    }
}

#[test]
fn a_cap_under_a_name_the_upstream_ignores_is_renamed() {
    use CapParameter::{MaxCompletionTokens, MaxTokens};
    for (members, parameter, expected) in [
        ("", MaxTokens, "\"max_tokens\":9,"),
        ("\"max_tokens\":null,", MaxTokens, "\"max_tokens\":9,"),
        ("\"max_completion_tokens\" : 5,", MaxTokens, "\"max_tokens\" : 5,"),
        ("\"max_completion_tokens\" : 50,", MaxTokens, "\"max_tokens\" : 9,"),
        ("\"max_tokens\":50,", MaxCompletionTokens, "\"max_completion_tokens\":9,"),
        ("\"max_to\\u006bens\":50,", MaxCompletionTokens, "\"max_completion_tokens\":9,"),
        (
            "\"max_tokens\":null,\"max_completion_tokens\":50,",
            MaxTokens,
            "\"max_tokens\":9,\"max_completion_tokens\":null,",
        ),
        (
            "\"max_completion_tokens\":5,\"max_tokens\":null,",
            MaxTokens,
            "\"max_completion_tokens\":null,\"max_tokens\":5,",
        ),
        (
            "\"max_completion_tokens\":50,\"max_tokens\":60,",
            MaxTokens,
            "\"max_completion_tokens\":9,\"max_tokens\":9,",
        ),
        ("\"max_completion_tokens\":null,", MaxTokens, "\"max_tokens\":9,\"max_completion_tokens\":null,"),
    ] {
        let body = format!(r#"{{{members}"model":"m",{MESSAGES}}}"#);
        let only = OutputCap { names: CapNames::Only(parameter), tokens: 9 };
        let change = ChatRewrite { output_cap: Some(only), ..ChatRewrite::default() };
        assert_eq!(rewrite(&body, &change), Some(format!(r#"{{{expected}"model":"m",{MESSAGES}}}"#)));
    }
}

#[test]
fn the_usage_chunk_is_asked_for_whatever_stands_there() {
    for (options, expected) in [
        ("", r#""stream_options":{"include_usage":true},"#),
        (r#""stream_options": null ,"#, r#""stream_options": {"include_usage":true} ,"#),
        (r#""stream_options":{ },"#, r#""stream_options":{"include_usage":true },"#),
        (r#""stream_options":{"x":1},"#, r#""stream_options":{"include_usage":true,"x":1},"#),
        (r#""stream_options":{"include_usage":false},"#, r#""stream_options":{"include_usage":true},"#),
        (
            r#""stream_options":{"x":1,"include_usage":null},"#,
            r#""stream_options":{"x":1,"include_usage":true},"#,
        ),
    ] {
        let body = format!(r#"{{{options}"model":"m",{MESSAGES}}}"#);
        let ask = ChatRewrite { include_usage: true, ..ChatRewrite::default() };
        assert_eq!(rewrite(&body, &ask), Some(format!(r#"{{{expected}"model":"m",{MESSAGES}}}"#)));
    }
}

fn unknown_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[a-z\"\\\\中]{0,4}", inner, 0..4)
                .prop_map(|members| Value::from(members.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

proptest! {
    #[test]
    fn a_rewrite_changes_its_fields_and_nothing_else(
        extra in prop::collection::btree_map("x[a-z]{0,3}", unknown_value(), 0..5),
        given_cap in prop::option::of(1u64..1000),
        given_options in prop::option::of(prop::option::of(prop::option::of(any::<bool>()))),
        tokens in 1u64..1000,
        model in "[a-z/\"\\\\é]{1,8}",
        order in any::<bool>(),
        pretty in any::<bool>(),
    ) {
        let mut members: Vec<(String, Value)> = vec![
            ("model".into(), json!("asked")),
            ("messages".into(), json!([{"role": "user", "content": "hi"}])),
        ];
        if let Some(cap) = given_cap {
            members.push(("max_completion_tokens".into(), json!(cap)));
        }
        if let Some(options) = &given_options {
            members.push(("stream_options".into(), match options {
                None => Value::Null,
                Some(None) => json!({"other": 1}),
                Some(Some(wanted)) => json!({"include_usage": wanted}),
            }));
        }
        members.extend(extra.clone());
        if order {
            members.reverse();
        }
        let space = if pretty { "\n " } else { "" };
        let text: Vec<String> = members.iter().map(|(name, value)| format!("{space}{}{space}:{space}{value}{space}", json!(name))).collect();
        let body = format!("{{{}}}", text.join(","));
        let change = ChatRewrite {
            model: Some(&model),
            output_cap: Some(OutputCap { names: CapNames::Both(CapParameter::MaxTokens), tokens }),
            include_usage: true,
        };
        let rewritten = rewrite(&body, &change).unwrap_or(body.clone());
        let mut expected: Value = serde_json::from_str(&body).unwrap();
        expected["model"] = json!(model);
        match given_cap {
            Some(cap) => expected["max_completion_tokens"] = json!(cap.min(tokens)),
            None => expected["max_tokens"] = json!(tokens),
        }
        match expected.get_mut("stream_options") {
            Some(Value::Object(options)) => drop(options.insert("include_usage".into(), json!(true))),
            _ => expected["stream_options"] = json!({"include_usage": true}),
        }
        prop_assert_eq!(serde_json::from_str::<Value>(&rewritten).unwrap(), expected);
        for (name, value) in &extra {
            let written = format!("{}{space}:{space}{value}", json!(name));
            prop_assert!(rewritten.contains(&written), "{} is byte for byte the client's", name);
        }
        // The upstream's reading agrees with ours.
        let read = parse_chat_request(rewritten.as_bytes()).unwrap();
        prop_assert!(read.include_usage && read.output_cap().is_some_and(|cap| cap <= tokens));
    }
}
