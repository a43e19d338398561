//! The top-level fields of a chat-completions request, one by one.

use std::borrow::Cow;
use std::ops::Range;

use super::chat_request::{
    CHOICES_MAX, ChatRequest, ChatRequestError, MemberPlace, OUTPUT_CAP_MAX, StreamOptionsPlace,
};
use super::request_content::{measure_json, measure_message, measure_strings};
use crate::json::{JsonKind, JsonReader};
use crate::text_size::TextSize;

/// The fields that are read. What they say decides the price or the bound, so each may come once only.
pub(super) const READ_FIELDS: [&str; 21] = [
    "messages",
    "model",
    "stream",
    "stream_options",
    "max_completion_tokens",
    "max_tokens",
    "n",
    "tools",
    "functions",
    "response_format",
    "service_tier",
    "modalities",
    "prediction",
    "logprobs",
    "web_search_options",
    "search_parameters",
    "enable_search",
    "plugins",
    "models",
    "chat_template",
    "best_of",
];

/// Fields that no template renders.
const UNRENDERED_FIELDS: [&str; 30] = [
    "temperature",
    "top_p",
    "seed",
    "stop",
    "presence_penalty",
    "frequency_penalty",
    "logit_bias",
    "top_logprobs",
    "tool_choice",
    "parallel_tool_calls",
    "function_call",
    "reasoning_effort",
    "verbosity",
    "audio",
    "store",
    "metadata",
    "user",
    "safety_identifier",
    "prompt_cache_key",
    "prompt_cache_options",
    "prompt_cache_retention",
    "moderation",
    "top_k",
    "min_p",
    "repetition_penalty",
    "thinking",
    "enable_thinking",
    "thinking_budget",
    "reasoning",
    "provider",
];

/// Fields of single hosts that get past the bounds of a call: other names of the output cap and of `n`, which some
/// hosts let win over the standard ones (llama.cpp: `n_predict`), wrappers that may hold them, other models, and
/// input that lies at the upstream or grows there.
const UNBOUNDED_FIELDS: [&str; 15] = [
    "n_predict",
    "num_predict",
    "max_new_tokens",
    "max_output_tokens",
    "max_tokens_to_sample",
    "n_cmpl",
    "num_return_sequences",
    "generation_config",
    "generationconfig",
    "extra_body",
    "fallbacks",
    "preset",
    "cached_content",
    "data_sources",
    "mm_processor_kwargs",
];

/// Reads one of [`READ_FIELDS`], whose value comes next.
pub(super) fn read_field<'a>(
    reader: &mut JsonReader<'a>,
    field: &'static str,
    key: Range<usize>,
    request: &mut ChatRequest<'a>,
) -> Result<(), ChatRequestError> {
    let kind = reader.peek()?;
    if kind == JsonKind::Null && !matches!(field, "model" | "messages") {
        return read_null_field(reader, field, key, request);
    }
    match field {
        "model" => {
            let model = read_text(reader, kind, field)?;
            (request.model, request.places.model) = model;
        }
        "messages" => {
            require(kind == JsonKind::Array, field, "an array of messages")?;
            read_messages(reader, request)?;
        }
        "stream" => request.stream = read_flag(reader, kind, field)?,
        "stream_options" => {
            require(kind == JsonKind::Object, field, "an object")?;
            let (place, include_usage) = read_stream_options(reader)?;
            (request.places.stream_options, request.include_usage) = (place, include_usage);
        }
        "max_tokens" => {
            let (cap, span) = read_count(reader, kind, field, OUTPUT_CAP_MAX)?;
            request.max_tokens = Some(cap);
            request.places.max_tokens = Some(MemberPlace { key, value: span });
        }
        "max_completion_tokens" => {
            let (cap, span) = read_count(reader, kind, field, OUTPUT_CAP_MAX)?;
            request.max_completion_tokens = Some(cap);
            request.places.max_completion_tokens = Some(MemberPlace { key, value: span });
        }
        "n" => request.choices = request.choices.max(read_count(reader, kind, field, CHOICES_MAX)?.0),
        // Some hosts generate `best_of` choices and bill them all, though they answer with `n`.
        "best_of" => request.choices = request.choices.max(read_count(reader, kind, field, CHOICES_MAX)?.0),
        "tools" | "functions" => {
            require(kind == JsonKind::Array, field, "an array")?;
            read_tools(reader, request)?;
        }
        "response_format" => {
            require(kind == JsonKind::Object, field, "an object")?;
            read_response_format(reader, request)?;
        }
        "service_tier" => request.service_tier = Some(read_text(reader, kind, field)?.0),
        "modalities" => {
            require(kind == JsonKind::Array, field, "an array of strings")?;
            read_modalities(reader, field, request)?;
        }
        "prediction" => {
            request.needs.prediction = true;
            measure_strings(reader, &mut request.content.prediction)?;
        }
        "logprobs" => request.needs.logprobs = read_flag(reader, kind, field)?,
        "models" => {
            request.needs.fallback_models = true;
            reader.skip_value()?;
        }
        "chat_template" => {
            request.content.unmeasured += 1;
            reader.skip_value()?;
        }
        // What is left asks the upstream to search or run plug-ins; only a plain `false` does not.
        _ => {
            request.needs.server_tools |= kind != JsonKind::False;
            reader.skip_value()?;
        }
    }
    Ok(())
}

/// A field we do not read: forwarded untouched. Some servers match field names without regard to case, so
/// another spelling of a field we do read could slip past what we checked; it is refused.
pub(super) fn read_other_field(
    reader: &mut JsonReader<'_>,
    name: &str,
    request: &mut ChatRequest<'_>,
) -> Result<(), ChatRequestError> {
    if UNRENDERED_FIELDS.contains(&name) {
        reader.skip_value()?;
        return Ok(());
    }
    let folded: String = name
        .chars()
        .map(|letter| match letter {
            // The two letters outside ASCII that fold onto ASCII ones.
            '\u{17f}' => 's',
            '\u{212a}' => 'k',
            _ => letter.to_ascii_lowercase(),
        })
        .collect();
    if let Some(param) = READ_FIELDS.iter().copied().find(|field| *field == folded) {
        return Err(ChatRequestError::Ambiguous { param });
    }
    if let Some(field) = UNBOUNDED_FIELDS.iter().copied().find(|field| *field == folded) {
        request.unbounded_field = Some(field);
    }
    Ok(measure_json(reader, &mut request.content.json)?)
}

/// A field that is null is as good as left out; its place is kept where a rewrite may have to replace it.
fn read_null_field(
    reader: &mut JsonReader<'_>,
    field: &'static str,
    key: Range<usize>,
    request: &mut ChatRequest<'_>,
) -> Result<(), ChatRequestError> {
    let value = reader.skip_value()?;
    match field {
        "stream_options" => request.places.stream_options = StreamOptionsPlace::Null(value),
        "max_tokens" => request.places.max_tokens = Some(MemberPlace { key, value }),
        "max_completion_tokens" => request.places.max_completion_tokens = Some(MemberPlace { key, value }),
        _ => {}
    }
    Ok(())
}

fn read_messages(reader: &mut JsonReader<'_>, request: &mut ChatRequest<'_>) -> Result<(), ChatRequestError> {
    reader.read_array::<ChatRequestError>(|reader, index| {
        if reader.peek()? != JsonKind::Object {
            let param = Cow::Owned(format!("messages[{index}]"));
            return Err(ChatRequestError::WrongType { param, expected: "an object" });
        }
        Ok(measure_message(reader, &mut request.content)?)
    })?;
    Ok(())
}

fn read_modalities(
    reader: &mut JsonReader<'_>,
    field: &'static str,
    request: &mut ChatRequest<'_>,
) -> Result<(), ChatRequestError> {
    reader.read_array::<ChatRequestError>(|reader, _| {
        require(reader.peek()? == JsonKind::String, field, "an array of strings")?;
        match reader.read_string()?.name().as_ref() {
            "audio" => request.needs.audio_output = true,
            "image" => request.needs.image_output = true,
            _ => {}
        }
        Ok(())
    })?;
    Ok(())
}

fn read_stream_options(reader: &mut JsonReader<'_>) -> Result<(StreamOptionsPlace, bool), ChatRequestError> {
    const PARAM: &str = "stream_options.include_usage";
    let mut place = None;
    let mut is_empty = true;
    let mut wanted = false;
    let span = reader.read_object::<ChatRequestError>(|reader, key| {
        is_empty = false;
        if !key.name().eq_ignore_ascii_case("include_usage") {
            reader.skip_value()?;
            return Ok(());
        }
        if place.is_some() || key.name() != "include_usage" {
            return Err(ChatRequestError::Ambiguous { param: PARAM });
        }
        let kind = reader.peek()?;
        let is_flag = matches!(kind, JsonKind::True | JsonKind::False | JsonKind::Null);
        require(is_flag, PARAM, "a boolean")?;
        wanted = kind == JsonKind::True;
        place = Some(reader.skip_value()?);
        Ok(())
    })?;
    Ok((StreamOptionsPlace::Object { members: span.start + 1, is_empty, include_usage: place }, wanted))
}

fn read_tools(reader: &mut JsonReader<'_>, request: &mut ChatRequest<'_>) -> Result<(), ChatRequestError> {
    reader.read_array::<ChatRequestError>(|reader, _| {
        request.content.tools += 1;
        if reader.peek()? != JsonKind::Object {
            return Ok(measure_json(reader, &mut request.content.json)?);
        }
        let mut runs_here = false;
        let span = reader.read_object::<ChatRequestError>(|reader, key| {
            if key.name() == "type" && reader.peek()? == JsonKind::String {
                let tool_type = reader.read_string()?.name();
                runs_here |= !matches!(tool_type.as_ref(), "function" | "custom");
            } else {
                reader.skip_value()?;
            }
            Ok(())
        })?;
        let size = TextSize::of_bytes(reader.text(span));
        request.content.json = request.content.json.plus(size);
        request.needs.server_tools |= runs_here;
        request.needs.tools |= !runs_here;
        Ok(())
    })?;
    Ok(())
}

fn read_response_format(
    reader: &mut JsonReader<'_>,
    request: &mut ChatRequest<'_>,
) -> Result<(), ChatRequestError> {
    let mut format_type = Cow::Borrowed("text");
    let mut has_schema = false;
    let span = reader.read_object::<ChatRequestError>(|reader, key| {
        match (key.name().as_ref(), reader.peek()?) {
            ("type", JsonKind::String) => format_type = reader.read_string()?.name(),
            (name, kind) => {
                has_schema |= matches!(name, "json_schema" | "schema") && kind == JsonKind::Object;
                reader.skip_value()?;
            }
        }
        Ok(())
    })?;
    request.needs.structured_output |= format_type != "text" || has_schema;
    request.needs.json_schema |= format_type == "json_schema" || has_schema;
    let size = TextSize::of_bytes(reader.text(span));
    request.content.json = request.content.json.plus(size);
    Ok(())
}

fn read_text<'a>(
    reader: &mut JsonReader<'a>,
    kind: JsonKind,
    param: &'static str,
) -> Result<(Cow<'a, str>, Range<usize>), ChatRequestError> {
    const EXPECTED: &str = "a non-empty string";
    require(kind == JsonKind::String, param, EXPECTED)?;
    let text = reader.read_string()?;
    match text.decode() {
        Some(decoded) if !decoded.is_empty() => Ok((decoded, text.start..text.start + text.quoted.len())),
        _ => Err(wrong_type(param, EXPECTED)),
    }
}

fn read_flag(
    reader: &mut JsonReader<'_>,
    kind: JsonKind,
    param: &'static str,
) -> Result<bool, ChatRequestError> {
    require(matches!(kind, JsonKind::True | JsonKind::False), param, "a boolean")?;
    reader.skip_value()?;
    Ok(kind == JsonKind::True)
}

/// A whole number written in digits: no sign, fraction, exponent or string.
fn read_count(
    reader: &mut JsonReader<'_>,
    kind: JsonKind,
    param: &'static str,
    max: u64,
) -> Result<(u64, Range<usize>), ChatRequestError> {
    require(kind == JsonKind::Number, param, "a whole number")?;
    let span = reader.skip_value()?;
    let digits = reader.text(span.clone());
    let count = std::str::from_utf8(digits).ok().and_then(|digits| digits.parse::<u64>().ok());
    match count {
        Some(count) if (1..=max).contains(&count) => Ok((count, span)),
        _ => Err(ChatRequestError::OutOfRange { param, max }),
    }
}

fn require(holds: bool, param: &'static str, expected: &'static str) -> Result<(), ChatRequestError> {
    if holds { Ok(()) } else { Err(wrong_type(param, expected)) }
}

fn wrong_type(param: &'static str, expected: &'static str) -> ChatRequestError {
    ChatRequestError::WrongType { param: Cow::Borrowed(param), expected }
}
