//! Streams as vendors write them, cut at every byte and with every line ending: the same text, the same usage.

use bytes::Bytes;
use waystation_protocol::openai::chat_stream::{ChatStreamMeter, StreamAction, StreamVerdict, StreamView};
use waystation_protocol::sse::{SseDecoder, SseEvent, encode_data};

/// Chinese and emoji, one of them of five code points, in the form of the first vendor.
const CHINESE: &str = "data: {\"id\":\"c\",\"model\":\"up\",\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"},\"finish_reason\":null}],\"usage\":null}\n\n\
    data: {\"id\":\"c\",\"model\":\"up\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"你好，\"},\"finish_reason\":null}],\"usage\":null}\n\n\
    data: {\"id\":\"c\",\"model\":\"up\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"世界👩‍👩‍👧\"},\"finish_reason\":null}],\"usage\":null}\n\n\
    data: {\"id\":\"c\",\"model\":\"up\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}],\"usage\":null}\n\n\
    data: {\"id\":\"c\",\"model\":\"up\",\"choices\":[],\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":7,\"total_tokens\":16}}\n\n\
    data: [DONE]\n\n";

/// Reasoning first, usage beside the last choice, a comment to keep the line open, and no space after the colon.
const REASONING: &str = ": keep-alive\n\n\
    data:{\"choices\":[{\"index\":0,\"delta\":{\"reasoning_content\":\"思考🤔\"}}],\"model\":\"up\"}\n\n\
    : keep-alive\n\n\
    data:{\"choices\":[{\"index\":0,\"delta\":{\"content\":\"é\"}}],\"model\":\"up\"}\n\n\
    data:{\"choices\":[{\"index\":0,\"delta\":{\"content\":\"\"},\"finish_reason\":\"stop\"}],\"model\":\"up\",\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":4,\"total_tokens\":7}}\n\n\
    data:[DONE]\n\n";

/// Named events with ids, a payload of two lines, tools, and a last event that nothing ends.
const TOOLS: &str = "event: message\nid: 1\nretry: 100\ndata: {\"model\":\"up\",\"choices\":[{\"index\":0,\ndata: \"delta\":{\"tool_calls\":[{\"index\":0,\"function\":{\"name\":\"查\",\"arguments\":\"{\\\"q\\\":\"}}]}}]}\n\n\
    event: message\nid: 2\ndata: {\"model\":\"up\",\"choices\":[{\"index\":1,\"delta\":{\"content\":\"🙂\"},\"finish_reason\":\"length\"}]}\n\n\
    data: {\"model\":\"up\",\"choices\":[],\"usage\":{\"prompt_tokens\":5,\"completion_tokens\":6}}\n\n\
    data: [DONE]";

/// An error amid the answer.
const FAILING: &str = "data: {\"model\":\"up\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"半\"}}]}\n\n\
    event: error\ndata: {\"error\":{\"message\":\"过载\",\"code\":503}}\n\n\
    data: [DONE]\n\n";

/// What a caller gets of a stream, and what the books learn.
#[derive(Debug, PartialEq)]
struct Passage {
    shown: Vec<u8>,
    verdict: StreamVerdict,
}

fn pass(chunks: &[&[u8]], view: &StreamView) -> Passage {
    let mut decoder = SseDecoder::default();
    let mut meter = ChatStreamMeter::new(view.clone());
    let mut shown = Vec::new();
    let mut show = |meter: &mut ChatStreamMeter, event: SseEvent| match meter.observe(&event) {
        StreamAction::Forward | StreamAction::Terminal => shown.extend_from_slice(&event.raw),
        StreamAction::ForwardData(data) => encode_data(&data, &mut shown),
        StreamAction::Error(error) => shown.extend_from_slice(format!("{error:?}").as_bytes()),
        StreamAction::HoldUsage(_) | StreamAction::SwallowUsage | StreamAction::Ignore => {}
    };
    for chunk in chunks {
        decoder.push(Bytes::copy_from_slice(chunk));
        while let Some(event) = decoder.next_event() {
            show(&mut meter, event.unwrap());
        }
    }
    if let Some(event) = decoder.finish() {
        show(&mut meter, event);
    }
    Passage { shown, verdict: meter.finish() }
}

/// Line feeds only, so that passages with different line endings compare. What leads an event after a CRLF cut in two
/// is a blank line more, which means nothing.
fn with_plain_ends(shown: &[u8]) -> String {
    let mut text = String::from_utf8(shown.to_vec()).unwrap().replace("\r\n", "\n").replace('\r', "\n");
    while text.contains("\n\n\n") {
        text = text.replace("\n\n\n", "\n\n");
    }
    text
}

#[test]
fn every_cut_of_every_stream_with_every_line_ending_is_the_same_stream() {
    let renamed = StreamView { model: Some("shown".to_owned()), ..StreamView::default() };
    let asking = StreamView { wants_usage: true, ..StreamView::default() };
    for (name, stream) in
        [("chinese", CHINESE), ("reasoning", REASONING), ("tools", TOOLS), ("failing", FAILING)]
    {
        for mark in ["", "\u{feff}"] {
            for view in [&StreamView::default(), &asking, &renamed] {
                let plain = format!("{mark}{stream}");
                let expected = pass(&[plain.as_bytes()], view);
                let expected_text = with_plain_ends(&expected.shown);
                for ending in ["\n", "\r\n", "\r"] {
                    let sent = plain.replace('\n', ending);
                    for cut in 0..=sent.len() {
                        let (head, tail) = sent.as_bytes().split_at(cut);
                        let passage = pass(&[head, tail], view);
                        let about = format!("{name} {ending:?} cut at {cut}");
                        assert_eq!(passage.verdict, expected.verdict, "{about}");
                        assert_eq!(with_plain_ends(&passage.shown), expected_text, "{about}");
                    }
                    for size in [1, 2, 3, 5, 7] {
                        let chunks: Vec<&[u8]> = sent.as_bytes().chunks(size).collect();
                        let passage = pass(&chunks, view);
                        assert_eq!(passage.verdict, expected.verdict, "{name} {ending:?} by {size}");
                        assert_eq!(
                            with_plain_ends(&passage.shown),
                            expected_text,
                            "{name} {ending:?} by {size}"
                        );
                    }
                }
            }
        }
    }
}

#[test]
fn the_streams_are_read_as_they_are_meant() {
    let of = |stream: &str| pass(&[stream.as_bytes()], &StreamView::default()).verdict;
    let tokens = |stream: &str| of(stream).usage.and_then(|usage| usage.completion.tokens());
    assert_eq!([CHINESE, REASONING, TOOLS, FAILING].map(tokens), [Some(7), Some(4), Some(6), None]);
    assert_eq!(of(CHINESE).delivered.text.bytes(), "你好，世界👩‍👩‍👧".len() as u64);
    assert_eq!(of(REASONING).delivered.reasoning.bytes(), "思考🤔".len() as u64);
    assert_eq!(of(TOOLS).delivered.text.bytes(), "查{\"q\":🙂".len() as u64);
    assert_eq!(of(FAILING).delivered.text.bytes(), "半".len() as u64);
}
