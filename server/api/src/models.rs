//! The models that users may ask for.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use thiserror::Error;
use utoipa::ToSchema;
use waystation_ids::ModelId;

use crate::error::FieldCode;
use crate::patch::given;
use crate::time::Time;

const NAME_LENGTH_MAX: usize = 191;
const TOKENS_MAX: u64 = 1_000_000_000;
/// A call has 15 minutes in all.
const FIRST_BYTE_MS_MAX: u64 = 900_000;
const DEFAULT_OUTPUT_TOKENS: u64 = 8_192;
const CAPABILITIES_MAX: usize = 64;

/// What a model is called by callers or upstreams: 1 to 191 visible characters without spaces.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, ToSchema)]
#[schema(value_type = String, min_length = 1, max_length = 191, example = "gpt-5.2")]
pub struct ModelName(String);

/// The text cannot name a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("a model's name is 1 to 191 visible characters without spaces")]
pub struct ModelNameError;

impl ModelName {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name as plain text.
    pub fn into_string(self) -> String {
        self.0
    }
}

impl FromStr for ModelName {
    type Err = ModelNameError;

    fn from_str(text: &str) -> Result<Self, ModelNameError> {
        let length = text.chars().count();
        let visible = |letter: char| !letter.is_control() && !letter.is_whitespace() && !is_invisible(letter);
        if (1..=NAME_LENGTH_MAX).contains(&length) && text.chars().all(visible) {
            Ok(ModelName(text.to_owned()))
        } else {
            Err(ModelNameError)
        }
    }
}

impl fmt::Display for ModelName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for ModelName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for ModelName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

/// Which field carries the output cap upstream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OutputCapParameter {
    /// `max_completion_tokens`, which covers hidden reasoning.
    #[default]
    MaxCompletionTokens,
    /// `max_tokens`, which older servers know alone.
    MaxTokens,
}

/// A model to make.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ModelCreate {
    /// What users ask for; unique.
    pub name: ModelName,
    /// What people read, up to 191 characters; the name, unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 191)]
    pub display_name: Option<String>,
    /// The most tokens input and output may have together, where known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 1_000_000_000)]
    pub context_length: Option<u64>,
    /// The most tokens an answer may have, where known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 1_000_000_000)]
    pub max_output_tokens: Option<u64>,
    /// How long an upstream may take to begin its answer, in milliseconds; without it as the site's settings say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 900_000)]
    pub first_byte_ms: Option<u64>,
    /// The output cap of calls that state none, in tokens.
    #[serde(default = "default_output_tokens")]
    #[schema(minimum = 1, maximum = 1_000_000_000, default = 8192)]
    pub default_output_tokens: u64,
    /// Which field carries the cap upstream.
    #[serde(default)]
    pub output_cap_parameter: OutputCapParameter,
    /// What it can do, such as `chat`, `vision` or `tools`.
    #[serde(default = "chat_alone")]
    #[schema(example = json!(["chat", "vision", "tools"]))]
    pub capabilities: Vec<String>,
    /// Whether it may be asked for.
    #[serde(default = "yes")]
    #[schema(default = true)]
    pub active: bool,
}

/// What to change of a model. Fields left out stay as they are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ModelUpdate {
    /// What users ask for. Channels that serve the model follow; keys and grants that name it do not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<ModelName>,
    /// What people read, up to 191 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 191)]
    pub display_name: Option<String>,
    /// The most tokens input and output may have together; null: not known.
    #[serde(deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<u64>, minimum = 1, maximum = 1_000_000_000)]
    pub context_length: Option<Option<u64>>,
    /// The most tokens an answer may have; null: not known.
    #[serde(deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<u64>, minimum = 1, maximum = 1_000_000_000)]
    pub max_output_tokens: Option<Option<u64>>,
    /// How long an upstream may take to begin its answer, in milliseconds; null: as the site's settings say.
    #[serde(deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<u64>, minimum = 1, maximum = 900_000)]
    pub first_byte_ms: Option<Option<u64>>,
    /// The output cap of calls that state none, in tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 1_000_000_000)]
    pub default_output_tokens: Option<u64>,
    /// Which field carries the cap upstream.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output_cap_parameter: Option<OutputCapParameter>,
    /// What it can do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub capabilities: Option<Vec<String>>,
    /// Whether it may be asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub active: Option<bool>,
}

/// A model that users may ask for by its name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Model {
    /// Its id.
    #[schema(value_type = String, example = "mdl_06ft3r5yx1v2k4m7q9s0t2w6z0")]
    pub id: ModelId,
    /// What users ask for.
    pub name: String,
    /// What people read.
    pub display_name: String,
    /// The most tokens input and output may have together; null: not known.
    pub context_length: Option<u64>,
    /// The most tokens an answer may have; null: not known.
    pub max_output_tokens: Option<u64>,
    /// How long an upstream may take to begin its answer, in milliseconds; null: as the site's settings say.
    pub first_byte_ms: Option<u64>,
    /// The output cap of calls that state none, in tokens.
    pub default_output_tokens: u64,
    /// Which field carries the cap upstream.
    pub output_cap_parameter: OutputCapParameter,
    /// What it can do.
    pub capabilities: Vec<String>,
    /// Whether it may be asked for.
    pub active: bool,
    /// When it was made.
    pub created_at: Time,
    /// When it was last changed.
    pub updated_at: Time,
}

/// A field of a model whose value cannot be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ModelFieldError {
    /// The field's number of tokens is out of range.
    #[error("is between 1 and 1000000000")]
    Tokens(&'static str),
    /// The time to the first byte is out of range.
    #[error("is between 1 and 900000 milliseconds")]
    FirstByte,
    /// The display name is empty, too long, or holds what cannot be seen.
    #[error("is 1 to 191 characters, none of them a control character")]
    DisplayName,
    /// A capability is not a short plain word, or there are too many.
    #[error("holds at most 64 words of 1 to 32 lower-case letters, digits, - and _")]
    Capabilities,
}

impl ModelFieldError {
    /// The field at fault.
    pub fn field(self) -> &'static str {
        match self {
            ModelFieldError::Tokens(field) => field,
            ModelFieldError::FirstByte => "first_byte_ms",
            ModelFieldError::DisplayName => "display_name",
            ModelFieldError::Capabilities => "capabilities",
        }
    }

    /// What is wrong with it.
    pub const fn code(self) -> FieldCode {
        match self {
            ModelFieldError::Tokens(_) | ModelFieldError::FirstByte => FieldCode::OutOfRange,
            ModelFieldError::DisplayName | ModelFieldError::Capabilities => FieldCode::Invalid,
        }
    }
}

impl ModelCreate {
    /// Whether every field can be.
    pub fn check(&self) -> Result<(), ModelFieldError> {
        check_tokens("context_length", self.context_length)?;
        check_tokens("max_output_tokens", self.max_output_tokens)?;
        check_first_byte(self.first_byte_ms)?;
        check_tokens("default_output_tokens", Some(self.default_output_tokens))?;
        check_display_name(self.display_name.as_deref())?;
        check_capabilities(&self.capabilities)
    }
}

impl ModelUpdate {
    /// Whether every field that is given can be.
    pub fn check(&self) -> Result<(), ModelFieldError> {
        check_tokens("context_length", self.context_length.flatten())?;
        check_tokens("max_output_tokens", self.max_output_tokens.flatten())?;
        check_first_byte(self.first_byte_ms.flatten())?;
        check_tokens("default_output_tokens", self.default_output_tokens)?;
        check_display_name(self.display_name.as_deref())?;
        self.capabilities.as_deref().map_or(Ok(()), check_capabilities)
    }
}

fn check_tokens(field: &'static str, tokens: Option<u64>) -> Result<(), ModelFieldError> {
    match tokens {
        Some(tokens) if !(1..=TOKENS_MAX).contains(&tokens) => Err(ModelFieldError::Tokens(field)),
        _ => Ok(()),
    }
}

fn check_first_byte(limit_ms: Option<u64>) -> Result<(), ModelFieldError> {
    match limit_ms {
        Some(limit_ms) if !(1..=FIRST_BYTE_MS_MAX).contains(&limit_ms) => Err(ModelFieldError::FirstByte),
        _ => Ok(()),
    }
}

fn check_display_name(name: Option<&str>) -> Result<(), ModelFieldError> {
    // PostgreSQL keeps no zero byte, and a log line no other of these.
    let fits = |name: &str| {
        (1..=NAME_LENGTH_MAX).contains(&name.chars().count()) && !name.chars().any(char::is_control)
    };
    if name.is_none_or(fits) { Ok(()) } else { Err(ModelFieldError::DisplayName) }
}

fn check_capabilities(capabilities: &[String]) -> Result<(), ModelFieldError> {
    let is_word = |word: &String| {
        (1..=32).contains(&word.len())
            && word.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_'))
    };
    if capabilities.len() <= CAPABILITIES_MAX && capabilities.iter().all(is_word) {
        Ok(())
    } else {
        Err(ModelFieldError::Capabilities)
    }
}

/// Characters that take no room on the screen, or turn the reading direction: two names could look the same.
fn is_invisible(letter: char) -> bool {
    matches!(
        letter,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}'
    )
}

fn default_output_tokens() -> u64 {
    DEFAULT_OUTPUT_TOKENS
}

fn chat_alone() -> Vec<String> {
    vec!["chat".to_owned()]
}

fn yes() -> bool {
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_is_named_by_visible_characters() {
        for name in ["gpt-5.2", "vendor/sonnet-4:beta", "通义千问", &"x".repeat(191)] {
            assert_eq!(name.parse::<ModelName>().unwrap().as_str(), name);
        }
        for name in ["", " ", "a b", "a\n", "a\u{200b}", "\u{202e}a", &"x".repeat(192)] {
            assert_eq!(name.parse::<ModelName>(), Err(ModelNameError), "{name:?}");
        }
    }

    #[test]
    fn a_model_needs_a_name_alone() {
        let model: ModelCreate = serde_json::from_str(r#"{"name":"sonnet"}"#).unwrap();
        assert_eq!((model.default_output_tokens, model.active), (8_192, true));
        assert_eq!(model.check(), Ok(()));
        assert!(serde_json::from_str::<ModelCreate>(r#"{"name":"sonnet","price":1}"#).is_err());
        assert!(serde_json::from_str::<ModelCreate>("{}").is_err());
    }

    #[test]
    fn null_takes_a_limit_away_and_silence_leaves_it() {
        let update: ModelUpdate = serde_json::from_str(r#"{"context_length":null}"#).unwrap();
        assert_eq!((update.context_length, update.max_output_tokens), (Some(None), None));
        let update: ModelUpdate = serde_json::from_str(r#"{"context_length":5}"#).unwrap();
        assert_eq!(update.context_length, Some(Some(5)));
    }

    #[test]
    fn a_number_of_tokens_out_of_range_names_its_field() {
        let update = ModelUpdate { max_output_tokens: Some(Some(0)), ..ModelUpdate::default() };
        assert_eq!(update.check().map_err(ModelFieldError::field), Err("max_output_tokens"));
        let update = ModelUpdate { first_byte_ms: Some(Some(900_001)), ..ModelUpdate::default() };
        assert_eq!(update.check().map_err(ModelFieldError::field), Err("first_byte_ms"));
        let update = ModelUpdate { capabilities: Some(vec!["Chat!".to_owned()]), ..ModelUpdate::default() };
        assert_eq!(update.check(), Err(ModelFieldError::Capabilities));
        let update = ModelUpdate { display_name: Some("a\0b".to_owned()), ..ModelUpdate::default() };
        assert_eq!(update.check(), Err(ModelFieldError::DisplayName));
    }
}
