//! The decoder of server-sent events: however the bytes are cut, the same events.

use bytes::Bytes;
use waystation_protocol::sse::{EVENT_BYTES_MAX, SseDecoder, SseError, SseEvent, encode_data};

use super::take_choices;

/// What was decoded before the end or the first error.
pub(super) struct Decoded {
    pub events: Vec<SseEvent>,
    pub error: Option<SseError>,
}

pub(super) fn check(bytes: &[u8]) {
    let ([limit, cut], stream) = take_choices::<2>(bytes);
    let limit = match limit % 4 {
        0 => 8 + usize::from(limit),
        _ => EVENT_BYTES_MAX,
    };
    let whole = decode(stream, limit, |_| usize::MAX);
    check_events(stream, limit, &whole);
    let mut state = u32::from(cut);
    let uneven = |_| {
        state = state.wrapping_mul(1_103_515_245).wrapping_add(12_345);
        1 + (state >> 16) as usize % 7
    };
    for parts in [decode(stream, limit, uneven), decode(stream, limit, |_| 1)] {
        check_events(stream, limit, &parts);
        // The line feed of a CRLF that was cut in two belongs to the next event and may push it over the limit.
        let may_differ = stream.contains(&b'\r') && (whole.error.is_some() || parts.error.is_some());
        if !may_differ {
            assert_eq!(meanings(&whole), meanings(&parts), "another cut gave other events");
            assert_eq!(whole.error, parts.error, "another cut gave another error");
        }
    }
    check_encoder(stream);
}

/// Decodes a stream in chunks whose sizes `chunk` chooses.
pub(super) fn decode(stream: &[u8], limit: usize, mut chunk: impl FnMut(usize) -> usize) -> Decoded {
    let mut decoder = SseDecoder::new(limit);
    let mut events = Vec::new();
    let mut at = 0;
    while at < stream.len() {
        let end = at + chunk(at).min(stream.len() - at);
        decoder.push(Bytes::copy_from_slice(&stream[at..end]));
        at = end;
        while let Some(event) = decoder.next_event() {
            match event {
                Ok(event) => events.push(event),
                Err(error) => {
                    assert!(decoder.next_event().is_none() && decoder.finish().is_none(), "it went on");
                    return Decoded { events, error: Some(error) };
                }
            }
        }
    }
    events.extend(decoder.finish());
    Decoded { events, error: None }
}

fn check_events(stream: &[u8], limit: usize, decoded: &Decoded) {
    let raw: Vec<u8> = decoded.events.iter().flat_map(|event| event.raw.iter().copied()).collect();
    if decoded.error.is_none() {
        assert_eq!(raw, stream, "bytes were lost or made up");
    } else {
        assert!(stream.starts_with(&raw), "bytes were lost or made up");
    }
    for (number, event) in decoded.events.iter().enumerate() {
        assert!(event.raw.len() <= limit, "an event over the limit");
        assert!(event.is_terminated || number + 1 == decoded.events.len(), "an open event in the middle");
        assert!(!event.data.contains(&b'\r'), "a line end inside of data");
        assert!(event.data.len() <= event.raw.len(), "data from nowhere");
        if event.is_terminated {
            assert!(event.raw.ends_with(b"\n") || event.raw.ends_with(b"\r"), "an end from nowhere");
        }
    }
}

type Meaning<'a> = (Option<&'a [u8]>, &'a [u8], Option<&'a [u8]>, Option<u64>, bool);

/// Blank lines and comments mean nothing.
fn meanings(decoded: &Decoded) -> Vec<Meaning<'_>> {
    decoded
        .events
        .iter()
        .filter(|event| !event.is_comment_only)
        .map(|event| {
            (event.event.as_deref(), &*event.data, event.id.as_deref(), event.retry_ms, event.is_terminated)
        })
        .collect()
}

/// What is written as data is read as the same data, but for the kind of line end.
fn check_encoder(data: &[u8]) {
    let mut encoded = Vec::new();
    encode_data(data, &mut encoded);
    let decoded = decode(&encoded, EVENT_BYTES_MAX, |_| usize::MAX);
    assert_eq!(decoded.events.len(), 1, "one event became several");
    let mut expected = Vec::with_capacity(data.len());
    let mut bytes = data.iter().copied().peekable();
    while let Some(byte) = bytes.next() {
        if byte == b'\r' {
            bytes.next_if_eq(&b'\n');
            expected.push(b'\n');
        } else {
            expected.push(byte);
        }
    }
    assert_eq!(&*decoded.events[0].data, expected, "data changed on the way");
}
