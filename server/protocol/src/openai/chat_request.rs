//! A chat-completions request, read in one pass and left where it is.

use std::borrow::Cow;
use std::ops::Range;

use thiserror::Error;

use super::request_content::RequestContent;
use super::request_fields::{READ_FIELDS, read_field, read_other_field};
use crate::json::{DEPTH_MAX, JsonError, JsonKind, JsonReader};

/// Most choices a request may ask for (`n`), as at OpenAI.
pub const CHOICES_MAX: u64 = 128;

/// Largest output cap accepted, in tokens. Nothing real comes near; above it products could overflow.
pub const OUTPUT_CAP_MAX: u64 = 1 << 31;

/// What the relay needs to know of a request. It borrows the body and keeps the places of the values it
/// may have to change; every other field is left unread and unjudged.
#[derive(Clone, Debug)]
pub struct ChatRequest<'a> {
    /// The model asked for; never empty.
    pub model: Cow<'a, str>,
    /// Whether the answer is to be streamed.
    pub stream: bool,
    /// Choices that may be billed, from 1 to [`CHOICES_MAX`]: `n`, or `best_of` if that is more.
    pub choices: u64,
    /// The `max_tokens` cap, in tokens a choice.
    pub max_tokens: Option<u64>,
    /// The `max_completion_tokens` cap, in tokens a choice.
    pub max_completion_tokens: Option<u64>,
    /// Whether the client wants the usage chunk (`stream_options.include_usage`).
    pub include_usage: bool,
    /// The service tier asked for; it may change the price.
    pub service_tier: Option<Cow<'a, str>>,
    /// A field that some hosts obey and that no bound of ours covers, even if its value is null; a prepaid call
    /// with one must be refused.
    pub unbounded_field: Option<&'static str>,
    /// What the request needs a model to be able to do.
    pub needs: RequestNeeds,
    /// What the model is given to read.
    pub content: RequestContent,
    pub(super) body: &'a [u8],
    pub(super) places: Places,
}

impl ChatRequest<'_> {
    /// The output cap that an upstream surely keeps, in tokens a choice: the larger of the two, because a
    /// host may know only one of them.
    pub fn output_cap(&self) -> Option<u64> {
        self.max_tokens.max(self.max_completion_tokens)
    }
}

/// Features a request uses, for choosing a channel and for refusing what cannot be bounded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RequestNeeds {
    /// `tools` or `functions` that the client runs.
    pub tools: bool,
    /// A `response_format` other than plain text.
    pub structured_output: bool,
    /// A `response_format` with a JSON schema.
    pub json_schema: bool,
    /// `modalities` with `audio`.
    pub audio_output: bool,
    /// `modalities` with `image`.
    pub image_output: bool,
    /// `prediction`; rejected predictions are billed as output.
    pub prediction: bool,
    /// `logprobs`.
    pub logprobs: bool,
    /// Tools the upstream runs itself (web search, vendors' plug-ins): they cost fees and may read more
    /// than one context, so the token bound does not hold for them.
    pub server_tools: bool,
    /// A list of models to fall back to, which may be dearer than the one asked for.
    pub fallback_models: bool,
}

/// Where the values lie that a rewrite may change.
#[derive(Clone, Debug, Default)]
pub(super) struct Places {
    /// Just after the opening brace.
    pub members: usize,
    pub model: Range<usize>,
    pub max_tokens: Option<MemberPlace>,
    pub max_completion_tokens: Option<MemberPlace>,
    pub stream_options: StreamOptionsPlace,
}

/// A key with its quotes, and its value.
#[derive(Clone, Debug)]
pub(super) struct MemberPlace {
    pub key: Range<usize>,
    pub value: Range<usize>,
}

#[derive(Clone, Debug, Default)]
pub(super) enum StreamOptionsPlace {
    #[default]
    Absent,
    Null(Range<usize>),
    Object {
        /// Just after the opening brace.
        members: usize,
        is_empty: bool,
        include_usage: Option<Range<usize>>,
    },
}

/// Why a request is refused, always the client's fault: status 400, code `invalid_request`.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ChatRequestError {
    /// The body is not valid UTF-8.
    #[error("The body is not valid UTF-8.")]
    NotUtf8,
    /// The body is not JSON.
    #[error("The body is not valid JSON (at byte {at}).")]
    NotJson {
        /// Offset of the first byte that does not fit.
        at: usize,
    },
    /// The body is nested too deeply.
    #[error("The body is nested deeper than {DEPTH_MAX} levels.")]
    TooDeep,
    /// The body is JSON, but not an object.
    #[error("The body must be a JSON object.")]
    NotAnObject,
    /// A required field is missing.
    #[error("The field `{param}` is required.")]
    Missing {
        /// The field.
        param: &'static str,
    },
    /// A field has the wrong type.
    #[error("The field `{param}` must be {expected}.")]
    WrongType {
        /// The field, as a path.
        param: Cow<'static, str>,
        /// What it must be, with its article.
        expected: &'static str,
    },
    /// A number is out of its range.
    #[error("The field `{param}` must be a whole number from 1 to {max}.")]
    OutOfRange {
        /// The field.
        param: &'static str,
        /// The largest value accepted.
        max: u64,
    },
    /// A field is given twice, or in another spelling that some servers read as the same field.
    #[error("The field `{param}` is given twice or in another spelling.")]
    Ambiguous {
        /// The field.
        param: &'static str,
    },
}

impl ChatRequestError {
    /// The request field at fault, for the `param` of the error body.
    pub fn param(&self) -> Option<&str> {
        match self {
            ChatRequestError::Missing { param }
            | ChatRequestError::OutOfRange { param, .. }
            | ChatRequestError::Ambiguous { param } => Some(param),
            ChatRequestError::WrongType { param, .. } => Some(param),
            _ => None,
        }
    }
}

impl From<JsonError> for ChatRequestError {
    fn from(error: JsonError) -> Self {
        match error {
            JsonError::Syntax { at } => ChatRequestError::NotJson { at },
            JsonError::TooDeep => ChatRequestError::TooDeep,
        }
    }
}

/// Reads a chat-completions request body.
pub fn parse_chat_request(body: &[u8]) -> Result<ChatRequest<'_>, ChatRequestError> {
    if std::str::from_utf8(body).is_err() {
        return Err(ChatRequestError::NotUtf8);
    }
    let mut reader = JsonReader::new(body);
    if reader.peek()? != JsonKind::Object {
        reader.skip_value()?;
        reader.finish()?;
        return Err(ChatRequestError::NotAnObject);
    }
    let mut request = ChatRequest {
        model: Cow::Borrowed(""),
        stream: false,
        choices: 1,
        max_tokens: None,
        max_completion_tokens: None,
        include_usage: false,
        service_tier: None,
        unbounded_field: None,
        needs: RequestNeeds::default(),
        content: RequestContent::default(),
        body,
        places: Places::default(),
    };
    let mut seen: Vec<&'static str> = Vec::with_capacity(READ_FIELDS.len());
    let span = reader.read_object::<ChatRequestError>(|reader, key| {
        let name = key.name();
        let Some(field) = READ_FIELDS.iter().copied().find(|field| *field == name) else {
            return read_other_field(reader, &name, &mut request);
        };
        if seen.contains(&field) {
            return Err(ChatRequestError::Ambiguous { param: field });
        }
        seen.push(field);
        read_field(reader, field, key.start..key.start + key.quoted.len(), &mut request)
    })?;
    reader.finish()?;
    request.places.members = span.start + 1;
    for param in ["model", "messages"] {
        if !seen.contains(&param) {
            return Err(ChatRequestError::Missing { param });
        }
    }
    if request.content.messages == 0 {
        let expected = "an array of at least one message";
        return Err(ChatRequestError::WrongType { param: Cow::Borrowed("messages"), expected });
    }
    Ok(request)
}
