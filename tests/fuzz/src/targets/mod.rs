//! What is promised of each reader of outside bytes, one function a target.

mod answer;
mod chat_request;
mod chat_stream;
mod credential;
mod error_body;
mod model_list;
mod sse;
mod usage;

/// One reader and its promises.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// Its name, also of its folder of seeds.
    pub name: &'static str,
    /// Feeds it these bytes and panics when a promise is broken.
    pub check: fn(&[u8]),
}

/// Every target.
pub const TARGETS: [Target; 8] = [
    Target { name: "sse", check: sse::check },
    Target { name: "chat_request", check: chat_request::check },
    Target { name: "chat_stream", check: chat_stream::check },
    Target { name: "answer", check: answer::check },
    Target { name: "usage", check: usage::check },
    Target { name: "error_body", check: error_body::check },
    Target { name: "model_list", check: model_list::check },
    Target { name: "credential", check: credential::check },
];

/// Takes the first `N` bytes as choices of the target, missing ones as zero; the rest is what the reader gets.
fn take_choices<const N: usize>(bytes: &[u8]) -> ([u8; N], &[u8]) {
    let mut choices = [0; N];
    let (head, rest) = bytes.split_at(N.min(bytes.len()));
    choices[..head.len()].copy_from_slice(head);
    (choices, rest)
}

/// Whether the bytes hold U+FFFD, which stands for text that somebody failed to decode.
fn has_replacement(bytes: &[u8]) -> bool {
    bytes.windows(3).any(|three| three == "\u{fffd}".as_bytes())
}
