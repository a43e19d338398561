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

/// Which names of the output cap an upstream obeys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CapNames {
    /// Only this one. A cap under the other name would be ignored, and output beyond what was reserved
    /// would come; so such a cap is renamed.
    Only(CapParameter),
    /// Both; this one is used when the request has none.
    Both(CapParameter),
}

/// The output cap to send upstream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutputCap {
    /// The names the upstream obeys.
    pub names: CapNames,
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
        splice_output_cap(request, cap, &mut splice);
    }
    if rewrite.include_usage && !request.include_usage {
        match &places.stream_options {
            StreamOptionsPlace::Absent => {
                splice.insert(places.members, br#""stream_options":{"include_usage":true},"#.to_vec());
            }
            StreamOptionsPlace::Null(span) => {
                splice.replace(span.clone(), br#"{"include_usage":true}"#.to_vec())
            }
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

fn splice_output_cap(request: &ChatRequest<'_>, cap: OutputCap, splice: &mut Splice) {
    let max_tokens = (CapParameter::MaxTokens, request.max_tokens, &request.places.max_tokens);
    let max_completion_tokens = (
        CapParameter::MaxCompletionTokens,
        request.max_completion_tokens,
        &request.places.max_completion_tokens,
    );
    let (CapNames::Only(wanted) | CapNames::Both(wanted)) = cap.names;
    let (main, other) = match wanted {
        CapParameter::MaxTokens => (max_tokens, max_completion_tokens),
        CapParameter::MaxCompletionTokens => (max_completion_tokens, max_tokens),
    };
    let (parameter, given, main_place) = main;
    if let (Some(tokens), None, Some(null), Some(place), CapNames::Only(_)) =
        (other.1, given, main_place, other.2, cap.names)
    {
        // The obeyed name is there with a null: it takes the number, and the other name the null.
        splice.replace(null.value.clone(), number(tokens.min(cap.tokens)));
        splice.replace(place.value.clone(), b"null".to_vec());
        return;
    }
    for (_, tokens, place) in [main, other] {
        if let (Some(tokens), Some(place)) = (tokens, place)
            && tokens > cap.tokens
        {
            splice.replace(place.value.clone(), number(cap.tokens));
        }
    }
    match (given, other.1, other.2, main_place) {
        (Some(_), ..) => {}
        (None, Some(_), Some(place), _) => {
            if matches!(cap.names, CapNames::Only(_)) {
                splice.replace(place.key.clone(), format!("\"{}\"", parameter.name()).into_bytes());
            }
        }
        (None, _, _, Some(null)) => splice.replace(null.value.clone(), number(cap.tokens)),
        (None, _, _, None) => {
            let member = format!("\"{}\":{},", parameter.name(), cap.tokens);
            splice.insert(request.places.members, member.into_bytes());
        }
    }
}

fn number(tokens: u64) -> Vec<u8> {
    tokens.to_string().into_bytes()
}
