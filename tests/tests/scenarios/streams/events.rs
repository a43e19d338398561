//! The events of a stream, as bytes. The usage is that of the honest mock: 12 tokens read, 5 written.

use waystation_tests::{Step, stream_head};

pub const ROLE: &str =
    "data: {\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}]}\n\n";
pub const STOP: &str = "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n";
pub const USAGE: &str =
    "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":12,\"completion_tokens\":5,\"total_tokens\":17}}\n\n";
pub const DONE: &str = "data: [DONE]\n\n";

/// A whole answer with the same usage.
pub const ANSWER: &str = "{\"object\":\"chat.completion\",\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\",\
    \"content\":\"one two three four five\"},\"finish_reason\":\"stop\"}],\
    \"usage\":{\"prompt_tokens\":12,\"completion_tokens\":5,\"total_tokens\":17}}";

/// An event with this content.
pub fn word(content: &str) -> String {
    delta(&format!("{{\"content\":\"{content}\"}}"))
}

/// An event of the first choice with this delta.
pub fn delta(delta: &str) -> String {
    format!("data: {{\"choices\":[{{\"index\":0,\"delta\":{delta}}}]}}\n\n")
}

/// A step that sends this.
pub fn say(text: &str) -> Step {
    Step::Send(text.as_bytes().to_vec())
}

/// A stream of these pieces, after which the connection ends.
pub fn stream(pieces: &[&str]) -> Vec<Step> {
    std::iter::once(stream_head()).chain(pieces.iter().map(|piece| say(piece))).collect()
}

/// The same, where each piece waits for a permit.
pub fn stepwise(pieces: &[&str]) -> Vec<Step> {
    let steps = pieces.iter().flat_map(|piece| [Step::Permit, say(piece)]);
    std::iter::once(stream_head()).chain(steps).collect()
}
