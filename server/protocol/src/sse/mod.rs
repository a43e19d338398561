//! Server-sent events: a decoder that keeps the original bytes, and the few events we write ourselves.

mod decoder;
mod encoder;

pub use decoder::{EVENT_BYTES_MAX, SseDecoder, SseError, SseEvent};
pub use encoder::{DONE_EVENT, PING_COMMENT, encode_data, encode_error, encode_event};
