//! What an upstream reports to have used, read without believing it.

use std::ops::Range;

use crate::json::{JsonError, JsonKind, JsonReader};

/// One reported number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Count {
    /// Not reported, or `null`.
    #[default]
    Absent,
    /// A whole number of tokens, at most `i64::MAX`.
    Tokens(u64),
    /// Reported, and not a count: negative, fractional, text, or too large.
    Nonsense,
}

impl Count {
    /// The number, if one was reported.
    pub fn tokens(self) -> Option<u64> {
        match self {
            Count::Tokens(tokens) => Some(tokens),
            Count::Absent | Count::Nonsense => None,
        }
    }

    /// Joins two names of one number. The larger wins, because relays fill the name they do not use with
    /// zero; nonsense under either name is nonsense.
    fn join(&mut self, other: Count) {
        *self = match (*self, other) {
            (Count::Nonsense, _) | (_, Count::Nonsense) => Count::Nonsense,
            (Count::Absent, count) | (count, Count::Absent) => count,
            (Count::Tokens(one), Count::Tokens(two)) => Count::Tokens(one.max(two)),
        };
    }
}

/// A `usage` object of the OpenAI family, where cached and written tokens are part of the prompt and
/// reasoning is part of the completion. `text_tokens` is not read: some vendors count cached text in it
/// again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReportedUsage {
    /// Everything read (`prompt_tokens`, `input_tokens`, `prompt_eval_count`).
    pub prompt: Count,
    /// Everything written (`completion_tokens`, `output_tokens`, `eval_count`).
    pub completion: Count,
    /// `total_tokens`.
    pub total: Count,
    /// Read from a cache (`prompt_tokens_details.cached_tokens`, `prompt_cache_hit_tokens`, …).
    pub cached: Count,
    /// Not in the cache (`prompt_cache_miss_tokens`), for checking.
    pub cache_miss: Count,
    /// Written to OpenAI's cache (`cache_write_tokens`), of any duration.
    pub cache_write: Count,
    /// The part of `cache_write` kept for 12 hours.
    pub cache_write_12h: Count,
    /// Written to a cache of 5 minutes (`cache_creation_input_tokens`).
    pub cache_creation: Count,
    /// Audio read.
    pub prompt_audio: Count,
    /// Images read.
    pub prompt_image: Count,
    /// Hidden reasoning written.
    pub reasoning: Count,
    /// Audio written.
    pub completion_audio: Count,
    /// Images written.
    pub completion_image: Count,
}

/// Reads a `usage` object. Gives nothing when the text is not a JSON object.
pub fn read_usage(json: &[u8]) -> Option<ReportedUsage> {
    let mut reader = JsonReader::new(json);
    let (usage, _place) = read_usage_object(&mut reader).ok()?;
    reader.finish().ok()?;
    Some(usage)
}

/// Where a usage object lies, for adding to it.
#[derive(Clone, Debug, Default)]
pub(super) struct UsagePlace {
    /// Just after the opening brace.
    pub members: usize,
    pub is_empty: bool,
    pub cost: Option<Range<usize>>,
    pub charged: Option<Range<usize>>,
}

/// Reads the usage object that comes next.
pub(super) fn read_usage_object(
    reader: &mut JsonReader<'_>,
) -> Result<(ReportedUsage, UsagePlace), JsonError> {
    let mut usage = ReportedUsage::default();
    let mut place = UsagePlace { is_empty: true, ..UsagePlace::default() };
    let span = reader.read_object::<JsonError>(|reader, key| {
        place.is_empty = false;
        match key.name().as_ref() {
            "prompt_tokens" | "input_tokens" | "promptTokenCount" | "prompt_eval_count" => {
                usage.prompt.join(read_count(reader)?);
            }
            "completion_tokens" | "output_tokens" | "eval_count" => {
                usage.completion.join(read_count(reader)?)
            }
            "total_tokens" => usage.total.join(read_count(reader)?),
            "prompt_cache_miss_tokens" => usage.cache_miss.join(read_count(reader)?),
            "reasoning_tokens" => usage.reasoning.join(read_count(reader)?),
            "prompt_tokens_details" | "input_tokens_details" if reader.peek()? == JsonKind::Object => {
                read_prompt_details(reader, &mut usage)?;
            }
            "completion_tokens_details" | "output_tokens_details" if reader.peek()? == JsonKind::Object => {
                read_completion_details(reader, &mut usage)?;
            }
            "cost" => place.cost = Some(reader.skip_value()?),
            "charged" => place.charged = Some(reader.skip_value()?),
            name => read_cache_count(reader, name, &mut usage)?,
        }
        Ok(())
    })?;
    place.members = span.start + 1;
    Ok((usage, place))
}

fn read_prompt_details(reader: &mut JsonReader<'_>, usage: &mut ReportedUsage) -> Result<(), JsonError> {
    reader.read_object(|reader, key| {
        match key.name().as_ref() {
            "audio_tokens" => usage.prompt_audio.join(read_count(reader)?),
            "image_tokens" => usage.prompt_image.join(read_count(reader)?),
            name => read_cache_count(reader, name, usage)?,
        }
        Ok(())
    })?;
    Ok(())
}

fn read_completion_details(reader: &mut JsonReader<'_>, usage: &mut ReportedUsage) -> Result<(), JsonError> {
    reader.read_object(|reader, key| {
        match key.name().as_ref() {
            "reasoning_tokens" => usage.reasoning.join(read_count(reader)?),
            "audio_tokens" => usage.completion_audio.join(read_count(reader)?),
            "image_tokens" => usage.completion_image.join(read_count(reader)?),
            _ => reader.ignore_value()?,
        }
        Ok::<(), JsonError>(())
    })?;
    Ok(())
}

/// Cache counts stand at the top with some vendors and among the prompt's details with others.
fn read_cache_count(
    reader: &mut JsonReader<'_>,
    name: &str,
    usage: &mut ReportedUsage,
) -> Result<(), JsonError> {
    match name {
        "cached_tokens" | "prompt_cache_hit_tokens" | "cache_read_input_tokens" => {
            usage.cached.join(read_count(reader)?);
        }
        "cache_write_tokens" => usage.cache_write.join(read_count(reader)?),
        "cache_creation_input_tokens" => usage.cache_creation.join(read_count(reader)?),
        "cache_write_tokens_details" if reader.peek()? == JsonKind::Object => {
            reader.read_object(|reader, key| {
                if key.name() == "ttl_12h_tokens" {
                    usage.cache_write_12h.join(read_count(reader)?);
                } else {
                    reader.skip_value()?;
                }
                Ok::<(), JsonError>(())
            })?;
        }
        _ => reader.ignore_value()?,
    }
    Ok(())
}

fn read_count(reader: &mut JsonReader<'_>) -> Result<Count, JsonError> {
    match reader.peek()? {
        JsonKind::Null => {
            reader.skip_value()?;
            Ok(Count::Absent)
        }
        JsonKind::Number => {
            let digits = std::str::from_utf8(reader.read_number()?).unwrap_or_default();
            // Parsing as i64 keeps sums of a few counts inside u64.
            let count = digits.parse::<i64>().ok().filter(|_| !digits.starts_with('-'));
            Ok(count.and_then(|count| u64::try_from(count).ok()).map_or(Count::Nonsense, Count::Tokens))
        }
        _ => {
            reader.skip_value()?;
            Ok(Count::Nonsense)
        }
    }
}
