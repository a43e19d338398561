use std::ops::Range;

use bytes::{Bytes, BytesMut};
use memchr::memchr2;
use thiserror::Error;

/// Largest event a decoder accepts unless told otherwise, in bytes: 16 MiB, room for a base64 image.
pub const EVENT_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Why a stream of events cannot be read on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum SseError {
    /// One event is larger than the limit.
    #[error("an event is larger than {limit} bytes")]
    EventTooLarge {
        /// The limit, in bytes.
        limit: usize,
    },
}

/// One event: the fields that matter and the bytes it came in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SseEvent {
    /// The event exactly as received, its blank line included. The raw bytes of all events together are
    /// the stream.
    pub raw: Bytes,
    /// The `event` field.
    pub event: Option<Bytes>,
    /// The `data` lines joined by a line feed; empty when there is none.
    pub data: Bytes,
    /// The `id` field. One that contains a NUL is ignored, as the standard says.
    pub id: Option<Bytes>,
    /// The `retry` field, in milliseconds.
    pub retry_ms: Option<u64>,
    /// Whether there is no `data` field: comments, blank lines, or fields that dispatch nothing.
    pub is_comment_only: bool,
    /// Whether the blank line that ends an event was seen; false only for what [`SseDecoder::finish`]
    /// finds at the end of a stream.
    pub is_terminated: bool,
}

/// Splits a byte stream into events, however it is cut into chunks.
///
/// Lines may end in LF, CRLF or CR. An event that lies inside one chunk is handed out as slices of that
/// chunk; only what straddles chunks is copied. Each byte is searched once.
///
/// A CR that ends an event at the very end of a chunk dispatches the event at once; if the next chunk
/// begins with the LF of that CRLF, this LF leads the raw bytes of the following event.
#[derive(Debug)]
pub struct SseDecoder {
    buffer: Buffer,
    event_bytes_max: usize,
    /// Start of the line being read, from the start of the event.
    line_start: usize,
    /// How far the line being read has been searched for its end.
    searched: usize,
    /// The last byte was a CR whose LF may still come.
    line_feed_may_follow: bool,
    /// Nothing has been read yet, so a byte order mark may come.
    at_stream_start: bool,
    failed: bool,
    fields: Fields,
}

impl Default for SseDecoder {
    fn default() -> Self {
        SseDecoder::new(EVENT_BYTES_MAX)
    }
}

impl SseDecoder {
    /// A decoder that refuses events of more than `event_bytes_max` bytes.
    pub fn new(event_bytes_max: usize) -> Self {
        SseDecoder {
            buffer: Buffer::default(),
            event_bytes_max,
            line_start: 0,
            searched: 0,
            line_feed_may_follow: false,
            at_stream_start: true,
            failed: false,
            fields: Fields::default(),
        }
    }

    /// Takes the next chunk. Call [`SseDecoder::next_event`] until it gives nothing before the next push,
    /// so that memory stays bounded.
    pub fn push(&mut self, chunk: Bytes) {
        if !self.failed {
            self.buffer.push(chunk);
        }
    }

    /// The next complete event. After an error there is none.
    pub fn next_event(&mut self) -> Option<Result<SseEvent, SseError>> {
        if self.failed {
            return None;
        }
        loop {
            let bytes = self.buffer.bytes();
            if self.line_feed_may_follow {
                match bytes.get(self.searched) {
                    None => break,
                    Some(b'\n') => {
                        self.searched += 1;
                        self.line_start = self.searched;
                    }
                    Some(_) => {}
                }
                self.line_feed_may_follow = false;
            }
            let unsearched = bytes.get(self.searched..).unwrap_or_default();
            let Some(found) = memchr2(b'\n', b'\r', unsearched) else {
                self.searched = bytes.len();
                break;
            };
            let line_end = self.searched + found;
            let mut next_line = line_end + 1;
            if bytes.get(line_end) == Some(&b'\r') {
                match bytes.get(next_line) {
                    Some(b'\n') => next_line += 1,
                    Some(_) => {}
                    None => self.line_feed_may_follow = true,
                }
            }
            let line = self.line_start..line_end;
            self.line_start = next_line;
            self.searched = next_line;
            if line.is_empty() {
                return Some(self.dispatch(next_line, true));
            }
            self.fields.read_line(bytes, line, self.at_stream_start);
            self.at_stream_start = false;
        }
        if self.buffer.bytes().len() > self.event_bytes_max {
            return Some(Err(self.fail()));
        }
        self.buffer.keep_remainder();
        None
    }

    /// The end of the stream. Gives what stood after the last blank line, for servers that do not end
    /// their last event; it is marked as not terminated, and may as well be an event that was cut off.
    pub fn finish(&mut self) -> Option<SseEvent> {
        let end = self.buffer.bytes().len();
        if self.failed || end == 0 {
            return None;
        }
        if self.line_start < end {
            let line = self.line_start..end;
            self.fields.read_line(self.buffer.bytes(), line, self.at_stream_start);
        }
        self.at_stream_start = false;
        self.dispatch(end, false).ok()
    }

    fn dispatch(&mut self, end: usize, is_terminated: bool) -> Result<SseEvent, SseError> {
        if end > self.event_bytes_max {
            return Err(self.fail());
        }
        let raw = self.buffer.split_to(end);
        self.at_stream_start = false;
        self.line_start = 0;
        self.searched = 0;
        Ok(self.fields.take_event(raw, is_terminated))
    }

    fn fail(&mut self) -> SseError {
        self.failed = true;
        self.buffer = Buffer::default();
        SseError::EventTooLarge { limit: self.event_bytes_max }
    }
}

/// Bytes received and not yet handed out: a shared chunk while events lie inside it, a copy once an event
/// straddles chunks. At most one of the two is filled.
#[derive(Debug, Default)]
struct Buffer {
    chunk: Bytes,
    joined: BytesMut,
}

impl Buffer {
    fn push(&mut self, chunk: Bytes) {
        if self.bytes().is_empty() {
            self.joined.clear();
            self.chunk = chunk;
        } else {
            self.keep_remainder();
            self.joined.extend_from_slice(&chunk);
        }
    }

    fn bytes(&self) -> &[u8] {
        if self.joined.is_empty() { &self.chunk } else { &self.joined }
    }

    /// Copies what is left of a chunk, so that a small remainder does not keep a large chunk alive.
    fn keep_remainder(&mut self) {
        if !self.chunk.is_empty() {
            self.joined.extend_from_slice(&self.chunk);
            self.chunk = Bytes::new();
        }
    }

    fn split_to(&mut self, end: usize) -> Bytes {
        if self.joined.is_empty() { self.chunk.split_to(end) } else { self.joined.split_to(end).freeze() }
    }
}

/// Where the fields of the event being read lie, from the start of the event.
#[derive(Debug, Default)]
struct Fields {
    first_data: Option<Range<usize>>,
    more_data: Vec<Range<usize>>,
    event: Option<Range<usize>>,
    id: Option<Range<usize>>,
    retry_ms: Option<u64>,
}

impl Fields {
    fn read_line(&mut self, bytes: &[u8], mut line: Range<usize>, at_stream_start: bool) {
        const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
        if at_stream_start && bytes.get(line.clone()).is_some_and(|text| text.starts_with(BYTE_ORDER_MARK)) {
            line.start += BYTE_ORDER_MARK.len();
        }
        let text = bytes.get(line.clone()).unwrap_or_default();
        // Nearly every line is `data: …`; a search for the colon would run through long lines without one.
        let name_end = match text {
            [b'd', b'a', b't', b'a', b':', ..] => 4,
            _ => text.iter().position(|byte| *byte == b':').unwrap_or(text.len()),
        };
        let space = usize::from(text.get(name_end + 1) == Some(&b' '));
        let value = (line.start + name_end + 1 + space).min(line.end)..line.end;
        match text.get(..name_end).unwrap_or_default() {
            b"data" if self.first_data.is_none() => self.first_data = Some(value),
            b"data" => self.more_data.push(value),
            b"event" => self.event = Some(value),
            b"id" if !bytes.get(value.clone()).is_some_and(|id| id.contains(&0)) => self.id = Some(value),
            b"retry" => {
                let digits = std::str::from_utf8(bytes.get(value).unwrap_or_default()).unwrap_or_default();
                if digits.bytes().all(|byte| byte.is_ascii_digit()) {
                    self.retry_ms = digits.parse().ok().or(self.retry_ms);
                }
            }
            // Comments (an empty name) and unknown fields are ignored, as the standard says.
            _ => {}
        }
    }

    fn take_event(&mut self, raw: Bytes, is_terminated: bool) -> SseEvent {
        let first = self.first_data.take();
        let is_comment_only = first.is_none();
        let first = raw.slice(first.unwrap_or(0..0));
        let data = if self.more_data.is_empty() {
            first
        } else {
            let mut joined = BytesMut::from(first.as_ref());
            for range in self.more_data.drain(..) {
                joined.extend_from_slice(b"\n");
                joined.extend_from_slice(raw.get(range).unwrap_or_default());
            }
            joined.freeze()
        };
        SseEvent {
            data,
            event: self.event.take().map(|range| raw.slice(range)),
            id: self.id.take().map(|range| raw.slice(range)),
            retry_ms: self.retry_ms.take(),
            is_comment_only,
            is_terminated,
            raw,
        }
    }
}
