//! How much a request asks a model to read, measured without copying any of it.

use crate::json::{JsonError, JsonKind, JsonReader};
use crate::text_size::TextSize;

/// What the model is given to read. Sizes are of decoded text; media are counted, not looked into.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RequestContent {
    /// Messages in the conversation.
    pub messages: u64,
    /// Text that templates render as it stands: contents, refusals, reasoning, names, ids.
    pub text: TextSize,
    /// JSON that templates may render anew, with other spacing and escapes: tools, schemas, tool-call
    /// arguments, values of fields we do not know.
    pub json: TextSize,
    /// Tools and old-style functions offered.
    pub tools: u64,
    /// Text of `prediction`; what the model rejects of it is billed as output.
    pub prediction: TextSize,
    /// Images that are in the body (`data:` addresses).
    pub images_inline: u64,
    /// Images the upstream would fetch.
    pub images_remote: u64,
    /// Bytes of audio in the body, after base64.
    pub audio_bytes: u64,
    /// Files, in the body or by id; their text cannot be measured here.
    pub files: u64,
    /// Other input that lies outside the request or is of a kind we cannot measure: earlier audio answers
    /// by id, unknown part types, videos, a chat template.
    pub unmeasured: u64,
}

impl RequestContent {
    /// Whether any image, audio, file or unknown medium is present.
    pub fn has_media(&self) -> bool {
        self.images_inline + self.images_remote + self.audio_bytes + self.files + self.unmeasured > 0
    }
}

/// Measures one message, whose opening brace comes next.
pub(super) fn measure_message(
    reader: &mut JsonReader<'_>,
    content: &mut RequestContent,
) -> Result<(), JsonError> {
    content.messages += 1;
    reader.read_object(|reader, key| {
        let kind = reader.peek()?;
        match (key.name().as_ref(), kind) {
            ("content", JsonKind::Array) => {
                reader.read_array(|reader, _| measure_part(reader, content)).map(drop)
            }
            // Not in the standard, but some hosts take a lone part without its list.
            ("content", JsonKind::Object) => measure_part(reader, content),
            // Media beside the content, as some hosts take them: small in bytes, large in tokens.
            ("images" | "image" | "videos" | "video" | "audios" | "files" | "attachments", _) => {
                let span = reader.skip_value()?;
                content.unmeasured += u64::from(!matches!(reader.text(span), b"[]" | b"null" | b"\"\""));
                Ok(())
            }
            ("tool_calls" | "function_call", _) => measure_json(reader, &mut content.json),
            ("audio", JsonKind::Object) => {
                // An earlier spoken answer, kept by the upstream under its id.
                content.unmeasured += 1;
                reader.ignore_value()
            }
            (_, JsonKind::String) => measure_string(reader, &mut content.text),
            ("cache_control" | "prompt_cache_breakpoint", _) => reader.ignore_value(),
            _ => measure_json(reader, &mut content.json),
        }
    })?;
    Ok(())
}

/// Measures the strings of a `prediction`, or of any value that is rendered as text.
pub(super) fn measure_strings(reader: &mut JsonReader<'_>, text: &mut TextSize) -> Result<(), JsonError> {
    match reader.peek()? {
        JsonKind::String => measure_string(reader, text),
        JsonKind::Array => reader.read_array(|reader, _| measure_strings(reader, text)).map(drop),
        JsonKind::Object => reader.read_object(|reader, _| measure_strings(reader, text)).map(drop),
        _ => reader.ignore_value(),
    }
}

/// Measures a value by the JSON text it stands in, keys and punctuation included. Escapes make that text
/// only longer than what it decodes to.
pub(super) fn measure_json(reader: &mut JsonReader<'_>, json: &mut TextSize) -> Result<(), JsonError> {
    let span = reader.skip_value()?;
    *json = json.plus(TextSize::of_bytes(reader.text(span)));
    Ok(())
}

fn measure_string(reader: &mut JsonReader<'_>, text: &mut TextSize) -> Result<(), JsonError> {
    *text = text.plus(reader.read_string()?.size);
    Ok(())
}

fn measure_part(reader: &mut JsonReader<'_>, content: &mut RequestContent) -> Result<(), JsonError> {
    match reader.peek()? {
        JsonKind::String => return measure_string(reader, &mut content.text),
        JsonKind::Object => {}
        _ => return measure_json(reader, &mut content.json),
    }
    let mut is_known_type = true;
    reader.read_object(|reader, key| {
        let kind = reader.peek()?;
        match (key.name().as_ref(), kind) {
            ("type", JsonKind::String) => {
                let part_type = reader.read_string()?.name();
                is_known_type =
                    matches!(part_type.as_ref(), "text" | "refusal" | "image_url" | "input_audio" | "file");
                Ok(())
            }
            ("image_url", _) => measure_image(reader, content),
            ("input_audio", JsonKind::Object) => measure_audio(reader, content),
            ("file", _) => {
                content.files += 1;
                reader.ignore_value()
            }
            ("cache_control" | "prompt_cache_breakpoint", _) => reader.ignore_value(),
            (_, JsonKind::String) => measure_string(reader, &mut content.text),
            _ => measure_json(reader, &mut content.json),
        }
    })?;
    if !is_known_type {
        content.unmeasured += 1;
    }
    Ok(())
}

/// `image_url` is an object with `url`; some vendors take the address alone.
fn measure_image(reader: &mut JsonReader<'_>, content: &mut RequestContent) -> Result<(), JsonError> {
    let mut is_inline = None;
    match reader.peek()? {
        JsonKind::String => is_inline = Some(is_inline_image(reader.read_string()?.inner())),
        JsonKind::Object => {
            reader.read_object(|reader, key| {
                if key.name() == "url" && reader.peek()? == JsonKind::String {
                    let inline = is_inline_image(reader.read_string()?.inner());
                    is_inline = Some(is_inline.unwrap_or(true) && inline);
                    Ok(())
                } else {
                    reader.ignore_value()
                }
            })?;
        }
        _ => reader.ignore_value()?,
    }
    match is_inline {
        Some(true) => content.images_inline += 1,
        Some(false) | None => content.images_remote += 1,
    }
    Ok(())
}

/// A slash may be escaped in JSON; an address that hides behind other escapes counts as remote, which is
/// the careful side.
fn is_inline_image(address: &[u8]) -> bool {
    let starts =
        |prefix: &[u8]| address.get(..prefix.len()).is_some_and(|head| head.eq_ignore_ascii_case(prefix));
    starts(b"data:image/") || starts(b"data:image\\/")
}

fn measure_audio(reader: &mut JsonReader<'_>, content: &mut RequestContent) -> Result<(), JsonError> {
    let mut found = false;
    reader.read_object(|reader, key| {
        if key.name() == "data" && reader.peek()? == JsonKind::String {
            // Four base64 characters hold three bytes; rounding up covers missing padding.
            let encoded = reader.read_string()?.size.bytes();
            content.audio_bytes = content.audio_bytes.saturating_add(encoded.div_ceil(4).saturating_mul(3));
            found = true;
            Ok(())
        } else {
            reader.ignore_value()
        }
    })?;
    if !found {
        content.unmeasured += 1;
    }
    Ok(())
}
