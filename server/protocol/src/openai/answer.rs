//! One pass over an answer object: a whole response or one chunk of a streamed one.

use std::borrow::Cow;
use std::ops::Range;

use super::cost_note::CostNote;
use super::usage::{ReportedUsage, UsagePlace, read_usage_object};
use super::usage_judgement::DeliveredOutput;
use crate::json::{JsonError, JsonKind, JsonReader, JsonText, Splice, member_removal, write_json_string};
use crate::text_size::TextSize;

/// What an answer object holds, with the places of the values that may be changed.
#[derive(Clone, Debug, Default)]
pub(super) struct Answer<'a> {
    /// Just after the opening brace.
    members: usize,
    is_empty: bool,
    /// Entries of `choices`; nothing when there is no such array.
    pub choices: Option<u64>,
    /// The indexes of the choices that name a finish reason here.
    pub finished_choices: Vec<u64>,
    /// The last finish reason named here.
    pub finish_reason: Option<Cow<'a, str>>,
    pub delivered: DeliveredOutput,
    pub usage: Option<ReportedUsage>,
    /// Whether `error` is there and truthy.
    pub has_error: bool,
    model: Option<JsonText<'a>>,
    usage_member: Option<UsageMember>,
}

/// The top-level `usage`.
#[derive(Clone, Debug)]
struct UsageMember {
    key_start: usize,
    value: Range<usize>,
    /// Nothing when the value is not an object.
    object: Option<UsagePlace>,
}

/// Reads an answer object from the whole of `data`.
pub(super) fn read_answer(data: &[u8]) -> Result<Answer<'_>, JsonError> {
    let mut reader = JsonReader::new(data);
    let mut answer = Answer { is_empty: true, ..Answer::default() };
    let mut nested_usage = None;
    let span = reader.read_object::<JsonError>(|reader, key| {
        answer.is_empty = false;
        let kind = reader.peek()?;
        match (key.name().as_ref(), kind) {
            ("choices", JsonKind::Array) => {
                let mut count = answer.choices.unwrap_or(0);
                reader.read_array(|reader, _| {
                    let place = count;
                    count += 1;
                    read_choice(reader, place, &mut answer, &mut nested_usage)
                })?;
                answer.choices = Some(count);
            }
            ("model", JsonKind::String) => answer.model = Some(reader.read_string()?),
            ("usage", JsonKind::Object) => {
                let start = key.start;
                let (usage, place) = read_usage_object(reader)?;
                let value = place.members - 1..reader.offset();
                answer.usage = Some(usage);
                answer.usage_member = Some(UsageMember { key_start: start, value, object: Some(place) });
            }
            ("usage", _) => {
                let value = reader.skip_value()?;
                answer.usage_member = Some(UsageMember { key_start: key.start, value, object: None });
            }
            ("x_groq", JsonKind::Object) => read_nested_usage(reader, &mut nested_usage)?,
            ("error", _) => {
                let text = reader.skip_value()?;
                answer.has_error |= is_truthy(kind, reader.text(text));
            }
            _ => reader.ignore_value()?,
        }
        Ok(())
    })?;
    reader.finish()?;
    answer.members = span.start + 1;
    answer.usage = answer.usage.or(nested_usage);
    Ok(answer)
}

impl Answer<'_> {
    /// Plans to exchange the model name, unless it is that name already.
    pub fn replace_model(&self, name: &str, splice: &mut Splice) {
        if let Some(model) = self.model
            && model.name() != name
        {
            let mut quoted = Vec::with_capacity(name.len() + 2);
            write_json_string(name, &mut quoted);
            splice.replace(model.start..model.start + model.quoted.len(), quoted);
        }
    }

    /// Plans to take out the `usage` member.
    pub fn remove_usage(&self, data: &[u8], splice: &mut Splice) {
        if let Some(member) = &self.usage_member {
            splice.replace(member_removal(data, member.key_start, member.value.end), Vec::new());
        }
    }

    /// Plans to add `cost` and `charged` to the usage, or a whole usage where there is none.
    pub fn add_cost(&self, note: &CostNote<'_>, splice: &mut Splice) {
        let Some(member) = &self.usage_member else {
            let comma = if self.is_empty { "" } else { "," };
            let usage = note.to_usage_json();
            splice.insert(self.members, [b"\"usage\":", usage.as_slice(), comma.as_bytes()].concat());
            return;
        };
        let Some(place) = &member.object else {
            splice.replace(member.value.clone(), note.to_usage_json());
            return;
        };
        let mut added = Vec::new();
        for (name, text, old) in [("cost", note.cost, &place.cost), ("charged", note.charged, &place.charged)]
        {
            let mut quoted = Vec::new();
            write_json_string(text, &mut quoted);
            match old {
                Some(span) => splice.replace(span.clone(), quoted),
                None => {
                    write_json_string(name, &mut added);
                    added.push(b':');
                    added.append(&mut quoted);
                    added.push(b',');
                }
            }
        }
        if place.is_empty {
            added.pop();
        }
        if !added.is_empty() {
            splice.insert(place.members, added);
        }
    }
}

/// Reads one entry of `choices`; `place` is its index where it does not name one.
fn read_choice<'a>(
    reader: &mut JsonReader<'a>,
    place: u64,
    answer: &mut Answer<'a>,
    nested_usage: &mut Option<ReportedUsage>,
) -> Result<(), JsonError> {
    if reader.peek()? != JsonKind::Object {
        return reader.ignore_value();
    }
    let (mut index, mut is_finished) = (place, false);
    reader.read_object(|reader, key| {
        match (key.name().as_ref(), reader.peek()?) {
            ("index", JsonKind::Number) => {
                let digits = std::str::from_utf8(reader.read_number()?).unwrap_or_default();
                index = digits.parse().unwrap_or(place);
            }
            ("delta" | "message", JsonKind::Object) => measure_message(reader, &mut answer.delivered)?,
            ("text", JsonKind::String) => {
                measure(reader, |delivered| &mut delivered.text, &mut answer.delivered)?;
            }
            ("finish_reason", JsonKind::String) => {
                answer.finish_reason = Some(reader.read_string()?.name());
                is_finished = true;
            }
            ("usage", JsonKind::Object) => *nested_usage = Some(read_usage_object(reader)?.0),
            _ => reader.ignore_value()?,
        }
        Ok(())
    })?;
    if is_finished {
        answer.finished_choices.push(index);
    }
    Ok(())
}

fn read_nested_usage(
    reader: &mut JsonReader<'_>,
    usage: &mut Option<ReportedUsage>,
) -> Result<(), JsonError> {
    reader.read_object(|reader, key| {
        if key.name() == "usage" && reader.peek()? == JsonKind::Object {
            *usage = Some(read_usage_object(reader)?.0);
        } else {
            reader.skip_value()?;
        }
        Ok::<(), JsonError>(())
    })?;
    Ok(())
}

/// Measures a `message` or a `delta`.
fn measure_message(reader: &mut JsonReader<'_>, delivered: &mut DeliveredOutput) -> Result<(), JsonError> {
    reader.read_object(|reader, key| {
        let kind = reader.peek()?;
        match (key.name().as_ref(), kind) {
            ("role" | "id" | "name" | "annotations" | "obfuscation", _) => reader.ignore_value()?,
            ("content" | "refusal", _) => measure(reader, |delivered| &mut delivered.text, delivered)?,
            ("reasoning_content" | "reasoning" | "thinking", _) => {
                measure(reader, |delivered| &mut delivered.reasoning, delivered)?;
            }
            ("tool_calls", JsonKind::Array) => {
                reader.read_array(|reader, _| measure_call(reader, delivered))?;
            }
            ("function_call", _) => measure_call(reader, delivered)?,
            ("audio", JsonKind::Object) => measure_audio(reader, delivered)?,
            // Images, encrypted reasoning and what comes next year: seen, without a size.
            _ => {
                let span = reader.skip_value()?;
                delivered.is_produced |=
                    matches!(kind, JsonKind::String | JsonKind::Array | JsonKind::Object)
                        && !matches!(reader.text(span), b"\"\"" | b"[]" | b"{}");
            }
        }
        Ok::<(), JsonError>(())
    })?;
    Ok(())
}

/// A tool call: its function's (or custom tool's) name and its arguments (or input).
fn measure_call(reader: &mut JsonReader<'_>, delivered: &mut DeliveredOutput) -> Result<(), JsonError> {
    if reader.peek()? != JsonKind::Object {
        return reader.ignore_value();
    }
    reader.read_object(|reader, key| {
        match (key.name().as_ref(), reader.peek()?) {
            ("function" | "custom", JsonKind::Object) => measure_call(reader, delivered)?,
            ("name" | "arguments" | "input", _) => {
                measure(reader, |delivered| &mut delivered.text, delivered)?
            }
            _ => reader.ignore_value()?,
        }
        Ok::<(), JsonError>(())
    })?;
    Ok(())
}

fn measure_audio(reader: &mut JsonReader<'_>, delivered: &mut DeliveredOutput) -> Result<(), JsonError> {
    reader.read_object(|reader, key| {
        match (key.name().as_ref(), reader.peek()?) {
            ("data", JsonKind::String) => {
                let encoded = reader.read_string()?.size.bytes();
                delivered.audio_bytes =
                    delivered.audio_bytes.saturating_add(encoded.div_ceil(4).saturating_mul(3));
                delivered.is_produced |= encoded > 0;
            }
            ("transcript", _) => measure(reader, |delivered| &mut delivered.text, delivered)?,
            _ => reader.ignore_value()?,
        }
        Ok::<(), JsonError>(())
    })?;
    Ok(())
}

/// Measures a text that may also be a list of parts; of these all strings but the type names count.
fn measure(
    reader: &mut JsonReader<'_>,
    size: fn(&mut DeliveredOutput) -> &mut TextSize,
    delivered: &mut DeliveredOutput,
) -> Result<(), JsonError> {
    match reader.peek()? {
        JsonKind::String => {
            let text = reader.read_string()?.size;
            let sum = size(delivered);
            *sum = sum.plus(text);
            delivered.is_produced |= text.bytes() > 0;
        }
        JsonKind::Array => {
            reader.read_array(|reader, _| measure(reader, size, delivered))?;
        }
        JsonKind::Object => {
            reader.read_object(|reader, key| {
                if key.name() == "type" { reader.ignore_value() } else { measure(reader, size, delivered) }
            })?;
        }
        _ => reader.ignore_value()?,
    }
    Ok(())
}

/// Truthy as JavaScript has it, the stricter of the official clients: empty objects are errors too.
fn is_truthy(kind: JsonKind, text: &[u8]) -> bool {
    match kind {
        JsonKind::Null | JsonKind::False => false,
        JsonKind::Number => text.iter().any(|byte| matches!(byte, b'1'..=b'9')),
        JsonKind::String => text != b"\"\"",
        JsonKind::True | JsonKind::Array | JsonKind::Object => true,
    }
}
