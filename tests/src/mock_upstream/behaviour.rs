//! What the mock does with a call.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One script. The default is an honest upstream that answers `one two three four five` and counts 12 tokens read
/// and 5 written.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Behaviour {
    /// The HTTP status.
    pub status: u16,
    /// Further headers of the answer.
    pub headers: Vec<(String, String)>,
    /// Sent as it is instead of an answer made from the rest.
    pub raw_body: Option<String>,
    /// The same for bytes that are no text.
    pub raw_bytes: Option<Vec<u8>>,
    /// The pieces of the answer; a stream sends each as an event, so many tokens are counted.
    pub pieces: Vec<String>,
    /// What is reported as usage instead of the honest count.
    pub usage: Option<Value>,
    /// No usage is reported at all.
    pub without_usage: bool,
    /// Milliseconds before the head of the answer.
    pub head_delay_ms: u64,
    /// Milliseconds before each piece of a stream.
    pub piece_delay_ms: u64,
    /// A stream's bytes are sent in chunks of so many bytes, whatever events they tear apart; 0: an event a chunk.
    pub chunk_bytes: usize,
    /// The connection is cut after so many pieces of a stream, or within a plain body.
    pub cut_after: Option<usize>,
    /// Where the mock falls silent for good.
    pub hang: Option<Hang>,
    /// The call waits until the test opens the gate: before the head, or in a stream after the first piece.
    pub gated: bool,
    /// Sent as an event after the pieces of a stream.
    pub error_event: Option<Value>,
    /// A stream ends without `[DONE]`.
    pub without_done: bool,
}

/// Where the mock falls silent, with the connection open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Hang {
    /// Before the head of the answer.
    BeforeHead,
    /// After the pieces of a stream, or after the head of a plain answer.
    BeforeEnd,
}

impl Default for Behaviour {
    fn default() -> Self {
        Behaviour {
            status: 200,
            headers: Vec::new(),
            raw_body: None,
            raw_bytes: None,
            pieces: ["one", " two", " three", " four", " five"].map(str::to_owned).to_vec(),
            usage: None,
            without_usage: false,
            head_delay_ms: 0,
            piece_delay_ms: 0,
            chunk_bytes: 0,
            cut_after: None,
            hang: None,
            gated: false,
            error_event: None,
            without_done: false,
        }
    }
}

impl Behaviour {
    /// Answers with this status and body.
    pub fn raw(status: u16, body: &str) -> Behaviour {
        Behaviour { status, raw_body: Some(body.to_owned()), ..Behaviour::default() }
    }

    /// Answers with this status and an error in the OpenAI form.
    pub fn failing(status: u16) -> Behaviour {
        Behaviour::raw(
            status,
            r#"{"error":{"message":"scripted failure","type":"server_error","code":null}}"#,
        )
    }

    /// Waits at the gate.
    pub fn gated() -> Behaviour {
        Behaviour { gated: true, ..Behaviour::default() }
    }

    /// Reports this as usage.
    pub fn lying(usage: Value) -> Behaviour {
        Behaviour { usage: Some(usage), ..Behaviour::default() }
    }
}
