use bytes::Bytes;
use proptest::prelude::*;
use serde_json::{Value, json};
use waystation_pricing::{Bucket, Usage, UsageSource};
use waystation_protocol::openai::chat_stream::{
    ChatStreamMeter, StreamAction, StreamEnd, StreamVerdict, StreamView, add_chunk_cost,
};
use waystation_protocol::openai::cost_note::CostNote;
use waystation_protocol::openai::usage::Count;
use waystation_protocol::sse::{SseDecoder, SseEvent};
use waystation_protocol::text_size::TextSize;

const USAGE: &str = r#"{"id":"c","model":"up","choices":[],"usage":{"prompt_tokens":3,"completion_tokens":2,"total_tokens":5}}"#;

fn event(data: &str) -> SseEvent {
    let mut decoder = SseDecoder::default();
    decoder.push(Bytes::from(format!("data: {data}\n\n")));
    decoder.next_event().unwrap().unwrap()
}

fn chunk(delta: &str, finish: &str) -> String {
    format!(
        r#"{{"id":"c","model":"up","choices":[{{"index":0,"delta":{delta},"finish_reason":{finish}}}],"usage":null}}"#
    )
}

fn run(view: StreamView, events: &[String]) -> (Vec<StreamAction>, StreamVerdict) {
    let mut meter = ChatStreamMeter::new(view);
    let actions = events.iter().map(|data| meter.observe(&event(data))).collect();
    (actions, meter.finish())
}

fn text_of(action: &StreamAction) -> &str {
    match action {
        StreamAction::ForwardData(data) | StreamAction::HoldUsage(data) => std::str::from_utf8(data).unwrap(),
        other => panic!("{other:?} carries no data"),
    }
}

#[test]
fn an_ordinary_stream_is_forwarded_and_its_usage_swallowed() {
    let events = [
        chunk(r#"{"role":"assistant","content":""}"#, "null"),
        chunk(r#"{"content":"Hé"}"#, "null"),
        chunk("{}", "\"stop\""),
        USAGE.to_owned(),
        "[DONE]".to_owned(),
    ];
    let (actions, verdict) = run(StreamView::default(), &events);
    use StreamAction::{Forward, SwallowUsage, Terminal};
    assert_eq!(actions, [Forward, Forward, Forward, SwallowUsage, Terminal]);
    assert_eq!(verdict.end, StreamEnd::Complete);
    assert_eq!(verdict.usage.unwrap().completion, Count::Tokens(2));
    assert_eq!(verdict.delivered.text, TextSize { ascii: 1, other: 2 });
    assert_eq!((verdict.finish_reason.as_deref(), verdict.finished_choices), (Some("stop"), 1));
}

#[test]
fn usage_is_forwarded_or_held_when_asked_for() {
    let view = StreamView { wants_usage: true, ..StreamView::default() };
    let (actions, _) = run(view.clone(), &[USAGE.to_owned()]);
    assert_eq!(actions, [StreamAction::Forward]);
    let (actions, _) = run(StreamView { holds_usage: true, ..view }, &[USAGE.to_owned()]);
    let usage = Usage::none(UsageSource::Reported).with(Bucket::Input, 3).with(Bucket::Output, 2);
    let note = CostNote { cost: "0.000002150", charged: "0", usage: &usage };
    let StreamAction::HoldUsage(held) = &actions[0] else { panic!("{actions:?}") };
    let shown: Value = serde_json::from_slice(&add_chunk_cost(held, &note)).unwrap();
    assert_eq!(
        shown["usage"],
        json!({"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5, "cost": "0.000002150", "charged": "0"})
    );
    assert_eq!(add_chunk_cost(b"[DONE]", &note).as_ref(), b"[DONE]");
}

#[test]
fn a_mapped_model_is_shown_under_the_asked_name() {
    let view = StreamView { model: Some("a\"sked".into()), ..StreamView::default() };
    let (actions, _) =
        run(view, &[chunk(r#"{"content":"x"}"#, "null"), r#"{"choices":[{}],"model":"a\"sked"}"#.into()]);
    assert_eq!(text_of(&actions[0]), chunk(r#"{"content":"x"}"#, "null").replace("\"up\"", "\"a\\\"sked\""));
    assert_eq!(actions[1], StreamAction::Forward);
}

#[test]
fn null_usage_is_taken_out_on_request() {
    let view = StreamView { strips_usage: true, ..StreamView::default() };
    for (data, expected) in [
        (r#"{"choices":[{}],"usage":null}"#, r#"{"choices":[{}]}"#),
        (r#"{"usage":null , "choices":[{}]}"#, r#"{ "choices":[{}]}"#),
        (r#"{"usage":null}"#, "{}"),
        (r#"{"choices":[{}],"usage":{"a":[1,{}]},"x":1}"#, r#"{"choices":[{}],"x":1}"#),
    ] {
        let (actions, _) = run(view.clone(), &[data.to_owned()]);
        assert_eq!(text_of(&actions[0]), expected);
    }
}

#[test]
fn usage_is_found_wherever_vendors_put_it() {
    for data in [
        r#"{"choices":[{"delta":{},"finish_reason":"stop","usage":{"completion_tokens":7}}]}"#,
        r#"{"choices":[{"delta":{}}],"x_groq":{"id":"r","usage":{"completion_tokens":7}}}"#,
        r#"{"choices":[{"delta":{}}],"usage":{"completion_tokens":7}}"#,
        r#"{"choices":[{"delta":{},"usage":{"completion_tokens":1}}],"usage":{"completion_tokens":7}}"#,
    ] {
        let (actions, verdict) = run(StreamView::default(), &[data.to_owned(), chunk("{}", "null")]);
        assert_eq!(actions[0], StreamAction::Forward, "a choice beside the usage is the client's");
        assert_eq!(verdict.usage.unwrap().completion, Count::Tokens(7), "{data}");
    }
}

#[test]
fn all_that_is_delivered_is_measured() {
    let deltas = [
        (r#"{"refusal":"no"}"#, 2, 0),
        (r#"{"reasoning_content":"abc"}"#, 0, 3),
        (r#"{"reasoning":"abcd","reasoning_details":[{"text":"abcd"}]}"#, 0, 4),
        (
            r#"{"tool_calls":[{"index":0,"id":"call_1","type":"function","function":{"name":"f","arguments":"{}"}}]}"#,
            3,
            0,
        ),
        (r#"{"tool_calls":[{"index":0,"custom":{"name":"g","input":"12"}}]}"#, 3, 0),
        (r#"{"function_call":{"name":"f","arguments":"{}"}}"#, 3, 0),
        (r#"{"content":[{"type":"text","text":"abc"}]}"#, 3, 0),
        (r#"{"audio":{"id":"a","data":"AAAA","transcript":"xy"}}"#, 2, 0),
    ];
    for (delta, text, reasoning) in deltas {
        let (_, verdict) = run(StreamView::default(), &[chunk(delta, "null")]);
        let delivered = verdict.delivered;
        assert_eq!((delivered.text.bytes(), delivered.reasoning.bytes()), (text, reasoning), "{delta}");
        assert!(delivered.is_produced);
    }
    for delta in [r#"{"role":"assistant"}"#, r#"{"content":""}"#, r#"{"content":null,"images":[]}"#, "{}"] {
        let (_, verdict) = run(StreamView::default(), &[chunk(delta, "null")]);
        assert!(!verdict.delivered.is_produced, "{delta}");
    }
    let (_, verdict) = run(StreamView::default(), &[chunk(r#"{"images":[{"image_url":{}}]}"#, "null")]);
    assert!(verdict.delivered.is_produced);
    let both = r#"{"choices":[{"delta":{"content":"a"}},{"delta":{"content":"b"}}]}"#;
    assert_eq!(run(StreamView::default(), &[both.into()]).1.delivered.text.bytes(), 2, "all choices count");
}

#[test]
fn a_choice_that_finishes_twice_is_one_choice() {
    let finished = |index: &str| format!(r#"{{"choices":[{{{index}"delta":{{}},"finish_reason":"stop"}}]}}"#);
    let count = |events: &[String]| run(StreamView::default(), events).1.finished_choices;
    assert_eq!(count(&[finished("\"index\":1,"), finished("\"index\":1,")]), 1);
    assert_eq!(count(&[finished(""), finished("\"index\":0,"), finished("\"index\":-1,")]), 1);
    assert_eq!(count(&[finished("\"index\":1,"), finished("\"index\":0,")]), 2);
    let both = r#"{"choices":[{"finish_reason":"stop"},{"finish_reason":"length"},{"finish_reason":null}]}"#;
    assert_eq!(count(&[both.to_owned(), both.to_owned()]), 2);
    let many: Vec<String> = (0..5_000).map(|index| finished(&format!("\"index\":{index},"))).collect();
    assert_eq!(count(&many), 128, "an upstream cannot make the meter grow");
}

#[test]
fn an_error_ends_the_stream() {
    for data in [
        r#"{"error":{"message":"Overloaded","code":529}}"#,
        r#"{"error":"Overloaded","choices":[]}"#,
        r#"{"error":true,"message":"Overloaded"}"#,
    ] {
        let (actions, verdict) =
            run(StreamView::default(), &[chunk(r#"{"content":"x"}"#, "null"), data.into(), "[DONE]".into()]);
        let StreamAction::Error(error) = &actions[1] else { panic!("{data}: {actions:?}") };
        assert_eq!(error.message.as_deref(), Some("Overloaded"));
        assert_eq!(actions[2], StreamAction::Ignore);
        assert_eq!(verdict.end, StreamEnd::Failed(error.clone()));
        assert!(verdict.delivered.is_produced);
    }
    for data in
        [r#"{"error":null,"choices":[{}]}"#, r#"{"error":false}"#, r#"{"error":""}"#, r#"{"error":0.0}"#]
    {
        assert_eq!(run(StreamView::default(), &[data.into()]).0, [StreamAction::Forward], "{data}");
    }
    let named = SseEvent { event: Some(Bytes::from_static(b"error")), ..event("{\"message\":\"Bad\"}") };
    assert!(matches!(ChatStreamMeter::default().observe(&named), StreamAction::Error(_)));
}

#[test]
fn what_comes_after_the_end_is_ignored() {
    let (actions, verdict) = run(
        StreamView::default(),
        &[
            chunk(r#"{"content":"x"}"#, "null"),
            "[DONE]".into(),
            USAGE.into(),
            "[DONE]".into(),
            chunk(r#"{"content":"y"}"#, "null"),
        ],
    );
    assert_eq!(actions[2..], [StreamAction::Ignore, StreamAction::Ignore, StreamAction::Ignore]);
    assert_eq!((verdict.usage, verdict.delivered.text.bytes()), (None, 1));
    assert_eq!(verdict.end, StreamEnd::Complete);
}

#[test]
fn a_stream_without_done_is_cut_wherever_it_ends() {
    let stream = format!(
        "data: {}\n\ndata: {}\n\ndata: [DONE]\n\n",
        chunk(r#"{"content":"中"}"#, "null"),
        chunk("{}", "\"stop\"")
    );
    let done_from = stream.len() - 2;
    for end in 0..=stream.len() {
        let mut decoder = SseDecoder::default();
        decoder.push(Bytes::copy_from_slice(&stream.as_bytes()[..end]));
        let mut meter = ChatStreamMeter::new(StreamView::default());
        let mut shown = Vec::new();
        let mut show = |meter: &mut ChatStreamMeter, event: SseEvent| match meter.observe(&event) {
            StreamAction::Forward => shown.push(event.data),
            StreamAction::ForwardData(data) => shown.push(data.into()),
            _ => {}
        };
        while let Some(event) = decoder.next_event() {
            show(&mut meter, event.unwrap());
        }
        if let Some(event) = decoder.finish() {
            show(&mut meter, event);
        }
        assert_eq!(meter.finish().end == StreamEnd::Complete, end >= done_from, "cut at {end}");
        assert!(
            shown.iter().all(|data| serde_json::from_slice::<Value>(data).is_ok()),
            "torn JSON shown at {end}"
        );
    }
}

#[test]
fn comments_are_forwarded_and_count_nothing() {
    let mut decoder = SseDecoder::default();
    decoder.push(Bytes::from_static(b": OPENROUTER PROCESSING\n\n"));
    let comment = decoder.next_event().unwrap().unwrap();
    let mut meter = ChatStreamMeter::default();
    assert_eq!(meter.observe(&comment), StreamAction::Forward);
    assert!(!meter.delivered().is_produced);
}

#[test]
fn broken_json_is_passed_on_and_counted() {
    let (actions, verdict) = run(
        StreamView::default(),
        &["{\"choices\":[{\"delta\"".into(), "plain text".into(), "[DONE]".into()],
    );
    assert_eq!(actions[..2], [StreamAction::Forward, StreamAction::Forward]);
    assert_eq!(verdict.delivered.text.bytes(), 30);
    assert_eq!(verdict.end, StreamEnd::Complete);
}

proptest! {
    #[test]
    fn no_data_makes_the_meter_panic(
        datas in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..80), 0..6),
        at in any::<prop::sample::Index>(),
        byte in any::<u8>(),
        strips_usage in any::<bool>(),
    ) {
        let view = StreamView { strips_usage, model: Some("m".into()), ..StreamView::default() };
        let mut meter = ChatStreamMeter::new(view);
        let mut mutated = chunk(r#"{"content":"中","tool_calls":[{"function":{"arguments":"{}"}}]}"#, "\"stop\"").into_bytes();
        let place = at.index(mutated.len());
        mutated[place] = byte;
        for data in datas.into_iter().chain([mutated]) {
            let whole = Bytes::from(data);
            let event = SseEvent { raw: whole.clone(), data: whole, is_terminated: true, ..SseEvent::default() };
            meter.observe(&event);
        }
        meter.finish();
    }
}
