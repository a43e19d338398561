//! What HTTP/1.1 looks like on the line.

use super::Step;

/// The head of a stream that lasts as long as its connection.
pub fn stream_head() -> Step {
    packed_head("identity")
}

/// The same with a `content-encoding`.
pub fn packed_head(coding: &str) -> Step {
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-encoding: {coding}\r\n\
         connection: close\r\n\r\n"
    );
    Step::Send(head.into_bytes())
}

/// The head of a stream that comes in chunks and says where it ends, which the connection outlives.
pub fn chunked_head() -> Step {
    Step::Send(
        b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n".to_vec(),
    )
}

/// One chunk; an empty one ends the stream.
pub fn chunked(bytes: &[u8]) -> Step {
    let length = format!("{:x}\r\n", bytes.len());
    Step::Send([length.as_bytes(), bytes, b"\r\n"].concat())
}

/// A whole answer with this status line, further header lines (each with its line break) and body.
pub fn document(status: &str, headers: &str, body: &str) -> Vec<Step> {
    let length = body.len();
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n{headers}\r\n"
    );
    vec![Step::Send([head.as_bytes(), body.as_bytes()].concat()), Step::NextCall]
}
