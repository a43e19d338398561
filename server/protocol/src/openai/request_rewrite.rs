//! The request as the upstream gets it: the client's bytes with a few values exchanged.

use super::chat_request::{ChatRequest, StreamOptionsPlace};
use crate::json::{Splice, write_json_string};

/// The two names of the output cap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CapParameter {
    /// `max_tokens`, the old name, which most compatible hosts know.
    MaxTokens,
    /// `max_completion_tokens`, which covers reasoning and is required by OpenAI's reasoning models.
    MaxCompletionTokens,
}

impl CapParameter {
    /// The field name.
    pub fn name(self) -> &'static str {
        match self {
            CapParameter::MaxTokens => "max_tokens",
            CapParameter::MaxCompletionTokens => "max_completion_tokens",
        }
    }
}

/// The output cap to send upstream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutputCap {
    /// The name to use when the request has no cap under either name.
    pub parameter: CapParameter,
    /// The most tokens a choice may have. A higher cap in the request, under either name, is lowered to
    /// this; a lower one stays.
    pub tokens: u64,
}

/// What to change in a request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ChatRewrite<'a> {
    /// The upstream's name for the model.
    pub model: Option<&'a str>,
    /// The output cap to enforce.
    pub output_cap: Option<OutputCap>,
    /// Ask for the usage chunk. Only for streamed requests: OpenAI refuses `stream_options` otherwise.
    pub include_usage: bool,
}

/// The body to send upstream, or nothing when the client's bytes can be sent as they are. All bytes but
/// the changed values are the client's.
pub fn rewrite_chat_request(request: &ChatRequest<'_>, rewrite: &ChatRewrite<'_>) -> Option<Vec<u8>> {
    let places = &request.places;
    let mut splice = Splice::default();
    if let Some(model) = rewrite.model.filter(|model| *model != request.model) {
        let mut quoted = Vec::with_capacity(model.len() + 2);
        write_json_string(model, &mut quoted);
        splice.replace(places.model.clone(), quoted);
    }
    if let Some(cap) = rewrite.output_cap {
        let given = [
            (CapParameter::MaxTokens, request.max_tokens, &places.max_tokens),
            (CapParameter::MaxCompletionTokens, request.max_completion_tokens, &places.max_completion_tokens),
        ];
        let is_missing = request.output_cap().is_none();
        for (parameter, tokens, place) in given {
            let is_inserted = is_missing && parameter == cap.parameter;
            match place {
                Some(span) if is_inserted || tokens.is_some_and(|tokens| tokens > cap.tokens) => {
                    splice.replace(span.clone(), cap.tokens.to_string().into_bytes());
                }
                None if is_inserted => {
                    let member = format!("\"{}\":{},", parameter.name(), cap.tokens);
                    splice.insert(places.members, member.into_bytes());
                }
                _ => {}
            }
        }
    }
    if rewrite.include_usage && !request.include_usage {
        match &places.stream_options {
            StreamOptionsPlace::Absent => {
                splice.insert(places.members, br#""stream_options":{"include_usage":true},"#.to_vec());
            }
            StreamOptionsPlace::Null(span) => splice.replace(span.clone(), br#"{"include_usage":true}"#.to_vec()),
            StreamOptionsPlace::Object { include_usage: Some(span), .. } => {
                splice.replace(span.clone(), b"true".to_vec());
            }
            StreamOptionsPlace::Object { members, is_empty, include_usage: None } => {
                let comma = if *is_empty { "" } else { "," };
                splice.insert(*members, format!("\"include_usage\":true{comma}").into_bytes());
            }
        }
    }
    if splice.is_empty() { None } else { Some(splice.apply(request.body)) }
}
