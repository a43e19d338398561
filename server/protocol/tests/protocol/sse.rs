use bytes::Bytes;
use proptest::prelude::*;
use waystation_protocol::openai::error::ErrorBody;
use waystation_protocol::sse::{
    DONE_EVENT, PING_COMMENT, SseDecoder, SseError, SseEvent, encode_data, encode_error, encode_event,
};

const STREAM: &str = ": keep-alive\n\ndata: {\"a\":\"中文🙂é\"}\n\nevent: error\nid: 7\nretry: 1500\ndata: one\ndata:two\n\n\
    data\ndata:  spaced\nunknown: x\n\n\n\ndata: [DONE]\n\n";

/// Decodes chunk by chunk; the remainder at the end is the last event.
fn decode(chunks: &[&[u8]]) -> Vec<SseEvent> {
    let mut decoder = SseDecoder::default();
    let mut events = Vec::new();
    for chunk in chunks {
        decoder.push(Bytes::copy_from_slice(chunk));
        while let Some(event) = decoder.next_event() {
            events.push(event.unwrap());
        }
    }
    events.extend(decoder.finish());
    events
}

/// Name, data, id and retry of an event.
type Meaning = (Option<Bytes>, Bytes, Option<Bytes>, Option<u64>);

/// What an event means, without the bytes it came in. Raw bytes may differ by the line feed of a CRLF
/// that was cut in two, and blank lines alone mean nothing.
fn meaning(events: &[SseEvent]) -> Vec<Meaning> {
    events
        .iter()
        .filter(|event| !event.is_comment_only)
        .map(|event| (event.event.clone(), event.data.clone(), event.id.clone(), event.retry_ms))
        .collect()
}

fn raw(events: &[SseEvent]) -> Vec<u8> {
    events.iter().flat_map(|event| event.raw.to_vec()).collect()
}

#[test]
fn fields_are_read_as_the_standard_says() {
    let events = decode(&[STREAM.as_bytes()]);
    assert!(events[0].is_comment_only);
    assert_eq!(events[0].raw, ": keep-alive\n\n");
    assert_eq!(events[1].data, "{\"a\":\"中文🙂é\"}");
    assert_eq!(events[2].event.as_deref(), Some(&b"error"[..]));
    assert_eq!(events[2].id.as_deref(), Some(&b"7"[..]));
    assert_eq!(events[2].retry_ms, Some(1500));
    assert_eq!(events[2].data, "one\ntwo");
    assert_eq!(events[3].data, "\n spaced");
    assert_eq!(events.last().unwrap().data, "[DONE]");
    assert!(events.iter().all(|event| event.is_terminated));
    assert_eq!(raw(&events), STREAM.as_bytes());
}

#[test]
fn every_split_and_every_line_ending_gives_the_same_events() {
    let expected = meaning(&decode(&[STREAM.as_bytes()]));
    assert_eq!(expected.len(), 4);
    for ending in ["\n", "\r\n", "\r"] {
        let stream = STREAM.replace('\n', ending);
        for split in 0..=stream.len() {
            let (head, tail) = stream.as_bytes().split_at(split);
            let events = decode(&[head, tail]);
            assert_eq!(meaning(&events), expected, "{ending:?} split at {split}");
            assert_eq!(raw(&events), stream.as_bytes());
        }
        let single: Vec<&[u8]> = stream.as_bytes().chunks(1).collect();
        assert_eq!(meaning(&decode(&single)), expected, "{ending:?} byte by byte");
    }
}

#[test]
fn a_byte_order_mark_is_skipped_at_the_start_only() {
    let marked = "\u{feff}data: a\n\n\u{feff}data: b\n\n";
    for split in 0..6 {
        let (head, tail) = marked.as_bytes().split_at(split);
        let events = decode(&[head, tail]);
        assert_eq!(events[0].data, "a");
        assert!(events[1].is_comment_only, "a mark inside the stream is part of an unknown field name");
    }
}

#[test]
fn an_event_that_ends_in_cr_is_not_waited_for() {
    let mut decoder = SseDecoder::default();
    decoder.push(Bytes::from_static(b"data: a\r\n\r"));
    assert_eq!(decoder.next_event().unwrap().unwrap().data, "a");
    assert!(decoder.next_event().is_none());
    decoder.push(Bytes::from_static(b"\ndata: b\r\n\r\n"));
    let second = decoder.next_event().unwrap().unwrap();
    assert_eq!(second.data, "b");
    assert_eq!(second.raw, "\ndata: b\r\n\r\n");
    assert!(decoder.next_event().is_none());
    assert!(decoder.finish().is_none());
}

#[test]
fn what_stands_after_the_last_blank_line_is_given_at_the_end() {
    for (tail, data) in
        [("data: [DONE]", "[DONE]"), ("data: [DONE]\n", "[DONE]"), ("data: x\ndata: y", "x\ny")]
    {
        let events = decode(&[b"data: a\n\n", tail.as_bytes()]);
        assert_eq!(events[1].data, data);
        assert!(!events[1].is_terminated);
        assert_eq!(events[1].raw, tail);
    }
}

#[test]
fn an_id_with_nul_and_a_retry_that_is_no_number_are_ignored() {
    let events = decode(&[b"id: a\0b\nretry: 1e3\ndata: x\n\n"]);
    assert_eq!((events[0].id.clone(), events[0].retry_ms), (None, None));
    let events = decode(&[b"retry: 99999999999999999999999\ndata: x\n\n"]);
    assert_eq!(events[0].retry_ms, None);
}

#[test]
fn an_event_inside_one_chunk_is_not_copied() {
    let chunk = Bytes::from_static(b"data: one\n\ndata: two\n\n");
    let mut decoder = SseDecoder::default();
    decoder.push(chunk.clone());
    for _ in 0..2 {
        let event = decoder.next_event().unwrap().unwrap();
        assert!(chunk.as_ptr_range().contains(&event.raw.as_ptr()));
        assert!(chunk.as_ptr_range().contains(&event.data.as_ptr()));
    }
}

#[test]
fn an_event_above_the_limit_ends_the_stream() {
    for chunk_size in [1, 7, 100] {
        let stream = format!("data: ok\n\ndata: {}\n\ndata: never\n\n", "x".repeat(50));
        let mut decoder = SseDecoder::new(40);
        let mut seen = Vec::new();
        for chunk in stream.as_bytes().chunks(chunk_size) {
            decoder.push(Bytes::copy_from_slice(chunk));
            while let Some(event) = decoder.next_event() {
                seen.push(event.map(|event| event.data));
            }
        }
        assert_eq!(seen, [Ok(Bytes::from_static(b"ok")), Err(SseError::EventTooLarge { limit: 40 })]);
        assert!(decoder.finish().is_none());
    }
}

#[test]
fn what_is_encoded_is_decoded_again() {
    for data in ["", "x", "[DONE]", "a\nb", "a\n\nb", "\n", " lead"] {
        let mut out = Vec::new();
        encode_data(data.as_bytes(), &mut out);
        let events = decode(&[&out]);
        assert_eq!(events.len(), 1);
        assert_eq!(events[0].data, data);
    }
    let mut out = Vec::new();
    encode_event("ping\ndata: forged", b"{}", &mut out);
    let events = decode(&[&out]);
    assert_eq!(events[0].event.as_deref(), Some(&b"ping"[..]));
    assert_eq!(events[0].data, "{}");
    assert_eq!(decode(&[DONE_EVENT])[0].data, "[DONE]");
    assert!(decode(&[PING_COMMENT])[0].is_comment_only);
    let mut out = Vec::new();
    encode_error(&ErrorBody::new(502, "upstream_error", "It broke.\nTwice."), &mut out);
    assert!(decode(&[&out])[0].data.starts_with(b"{\"error\":{\"message\":\"It broke.\\nTwice.\""));
}

proptest! {
    #[test]
    fn chunking_never_matters(
        lines in prop::collection::vec("(data: ?|event: |: |id: |)(中|🙂|a|b|\u{feff}){0,3}", 0..20),
        ending in prop::sample::select(vec!["\n", "\r\n", "\r"]),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..12),
    ) {
        let stream: String = lines.iter().map(|line| format!("{line}{ending}")).collect();
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(stream.len() + 1)).collect();
        cuts.sort_unstable();
        cuts.insert(0, 0);
        cuts.push(stream.len());
        let chunks: Vec<&[u8]> = cuts.windows(2).map(|pair| &stream.as_bytes()[pair[0]..pair[1]]).collect();
        let (whole, pieces) = (decode(&[stream.as_bytes()]), decode(&chunks));
        prop_assert_eq!(meaning(&pieces), meaning(&whole));
        prop_assert_eq!(raw(&pieces), stream.as_bytes());
        prop_assert_eq!(raw(&whole), stream.as_bytes());
    }

    #[test]
    fn arbitrary_bytes_lose_nothing_and_never_panic(
        chunks in prop::collection::vec(prop::collection::vec(prop::sample::select(b"\r\n:data x\0\xff\xef\xbb\xbf".to_vec()), 0..12), 0..12),
    ) {
        let slices: Vec<&[u8]> = chunks.iter().map(Vec::as_slice).collect();
        let events = decode(&slices);
        // A line feed left over from a cut CRLF at the very end of the stream means nothing.
        let whole = chunks.concat();
        let events = raw(&events);
        prop_assert!(events == whole || [&events[..], b"\n"].concat() == whole);
    }
}
