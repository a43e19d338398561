//! What the load generator asks for and the mock upstream answers. Both are this program, so they can agree on more
//! than the API says: the text of a message tells how to stream, and the text of a chunk when it was sent.

use crate::message::{find, read_number};

/// The model that is asked for; every party knows it under this name.
pub(crate) const MODEL: &str = "bench";
/// What an answer in one piece weighs without its head.
pub(crate) const ANSWER_BYTES: usize = 1024;

const STAMP_DIGITS: u8 = 20;
const STAMP_MARK: u8 = b'@';

/// How an answer is streamed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct StreamPlan {
    /// How many chunks carry text.
    pub chunks: usize,
    /// The pause between two of them, in milliseconds: drawn between these.
    pub every_ms: (u64, u64),
}

impl StreamPlan {
    /// So many chunks at an even pace.
    pub fn steady(chunks: usize, every_ms: u64) -> StreamPlan {
        StreamPlan { chunks, every_ms: (every_ms, every_ms) }
    }

    /// Reads the plan from a request's body; nothing when it asks for an answer in one piece.
    pub fn read(body: &[u8]) -> Option<StreamPlan> {
        let text = &body[find(body, b"plan chunks=")? + 5..];
        let value = |name: &[u8]| {
            let digits = &text[find(text, name)? + name.len()..];
            let length = digits.iter().take_while(|byte| byte.is_ascii_digit()).count();
            read_number(&digits[..length])
        };
        let every = |name: &[u8]| u64::try_from(value(name)?).ok();
        Some(StreamPlan { chunks: value(b"chunks=")?, every_ms: (every(b"from_ms=")?, every(b"to_ms=")?) })
    }

    fn text(self) -> String {
        format!("plan chunks={} from_ms={} to_ms={};", self.chunks, self.every_ms.0, self.every_ms.1)
    }
}

/// A whole request for a chat completion, head and body.
pub(crate) fn chat_request(host: &str, secret: &str, plan: Option<StreamPlan>) -> Vec<u8> {
    let (streaming, plan) = match plan {
        Some(plan) => {
            (r#""stream":true,"stream_options":{"include_usage":true},"max_tokens":4096"#, plan.text())
        }
        None => (r#""stream":false,"max_tokens":512"#, String::new()),
    };
    let body = format!(
        r#"{{"model":"{MODEL}",{streaming},"temperature":0.7,"messages":[{{"role":"system","content":"{plan}You answer questions about trains, timetables and stations in short, plain sentences, and you say so when you do not know."}},{{"role":"user","content":"The 7:42 from the coast arrives at platform 4, and my connection leaves from platform 11 six minutes later. Is that enough time for somebody with two suitcases, and what would you do if it is not?"}}]}}"#
    );
    post_request(host, "/v1/chat/completions", secret, &[], &body)
}

/// A whole `POST` with a JSON body.
pub(crate) fn post_request(
    host: &str,
    path: &str,
    secret: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Vec<u8> {
    let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let length = body.len();
    format!(
        "POST {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {secret}\r\nContent-Type: application/json\r\n\
         {headers}Content-Length: {length}\r\n\r\n{body}"
    )
    .into_bytes()
}

/// A whole `GET`.
pub(crate) fn get_request(host: &str, path: &str, secret: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {secret}\r\n\r\n").into_bytes()
}

/// An answer in one piece, head and body.
pub(crate) fn whole_answer() -> Vec<u8> {
    let frame = |content: &str| {
        format!(
            r#"{{"id":"chatcmpl-bench","object":"chat.completion","created":1790000000,"model":"{MODEL}","choices":[{{"index":0,"message":{{"role":"assistant","content":"{content}"}},"finish_reason":"stop"}}],"usage":{{"prompt_tokens":96,"completion_tokens":150,"total_tokens":246}}}}"#
        )
    };
    let words = "Six minutes are enough if the lift works, and the next train leaves half an hour later. ";
    let room = ANSWER_BYTES - frame("").len();
    let body = frame(&words.repeat(room / words.len() + 1)[..room]);
    format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// The head of a streamed answer.
pub(crate) fn stream_head() -> &'static [u8] {
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-cache\r\nTransfer-Encoding: chunked\r\n\r\n"
}

/// One event of a stream with its framing, whose text is the time it was sent at.
pub(crate) fn stamped_chunk(sent_at_ns: u64) -> Vec<u8> {
    frame_event(&format!(
        r#"{{"id":"chatcmpl-bench","object":"chat.completion.chunk","created":1790000000,"model":"{MODEL}","choices":[{{"index":0,"delta":{{"content":"@{sent_at_ns:020}"}},"logprobs":null,"finish_reason":null}}]}}"#
    ))
}

/// The end of a stream with its usage and framing.
pub(crate) fn stream_end(chunks: usize) -> Vec<u8> {
    let head = format!(
        r#"{{"id":"chatcmpl-bench","object":"chat.completion.chunk","created":1790000000,"model":"{MODEL}""#
    );
    let total = chunks + 96;
    let mut end = frame_event(&format!(
        r#"{head},"choices":[{{"index":0,"delta":{{}},"logprobs":null,"finish_reason":"stop"}}]}}"#
    ));
    end.extend(frame_event(&format!(
        r#"{head},"choices":[],"usage":{{"prompt_tokens":96,"completion_tokens":{chunks},"total_tokens":{total}}}}}"#
    )));
    end.extend(frame_event("[DONE]"));
    end.extend_from_slice(b"0\r\n\r\n");
    end
}

fn frame_event(data: &str) -> Vec<u8> {
    let size = data.len() + 8;
    format!("{size:x}\r\ndata: {data}\n\n\r\n").into_bytes()
}

/// Finds the stamps in a stream's payload, however it is cut.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct StampReader {
    /// Digits seen of a stamp, and their value.
    partial: Option<(u8, u64)>,
}

impl StampReader {
    /// Gives each stamp that ends in this piece to `take`.
    pub fn read(&mut self, mut piece: &[u8], mut take: impl FnMut(u64)) {
        loop {
            let Some((digits, value)) = self.partial else {
                let Some(mark) = piece.iter().position(|byte| *byte == STAMP_MARK) else { return };
                piece = &piece[mark + 1..];
                self.partial = Some((0, 0));
                continue;
            };
            if digits == STAMP_DIGITS {
                self.partial = None;
                take(value);
                continue;
            }
            let Some((byte, rest)) = piece.split_first() else { return };
            piece = rest;
            self.partial = byte
                .is_ascii_digit()
                .then(|| (digits + 1, value.wrapping_mul(10).wrapping_add(u64::from(byte - b'0'))));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::{ChunkReader, Framing, read_head};

    fn body_of(message: &[u8]) -> &[u8] {
        let head = read_head(message).unwrap().unwrap();
        assert_eq!(head.body, Framing::Length(message.len() - head.size));
        &message[head.size..]
    }

    #[test]
    fn a_plan_survives_its_way_through_a_request() {
        for plan in [StreamPlan::steady(200, 50), StreamPlan { chunks: 1, every_ms: (15_000, 30_000) }] {
            let request = chat_request("localhost", "secret", Some(plan));
            assert_eq!(StreamPlan::read(body_of(&request)), Some(plan));
        }
        assert_eq!(StreamPlan::read(body_of(&chat_request("localhost", "secret", None))), None);
    }

    #[test]
    fn requests_and_answers_are_json_of_the_promised_size() {
        let answer = whole_answer();
        assert_eq!(body_of(&answer).len(), ANSWER_BYTES);
        let answer: serde_json::Value = serde_json::from_slice(body_of(&answer)).unwrap();
        assert_eq!(answer["usage"]["completion_tokens"], 150);
        let request = chat_request("localhost", "secret", Some(StreamPlan::steady(2, 1)));
        let request: serde_json::Value = serde_json::from_slice(body_of(&request)).unwrap();
        assert_eq!(request["stream"], true);
    }

    #[test]
    fn stamps_are_found_however_a_stream_is_cut() {
        let sent = [1_u64, 12_345_678_901_234, u64::MAX];
        let mut wire: Vec<u8> = sent.iter().flat_map(|stamp| stamped_chunk(*stamp)).collect();
        wire.extend(stream_end(sent.len()));
        for size in 1..=wire.len() {
            let (mut framing, mut stamps) = (ChunkReader::default(), StampReader::default());
            let (mut found, mut text, mut ended) = (Vec::new(), Vec::new(), false);
            for piece in wire.chunks(size) {
                ended = framing
                    .read(piece, |data| {
                        text.extend_from_slice(data);
                        stamps.read(data, |stamp| found.push(stamp));
                    })
                    .unwrap();
            }
            assert!(ended);
            assert_eq!(found, sent, "pieces of {size}");
            assert!(text.ends_with(b"data: [DONE]\n\n"));
        }
    }
}
