//! Names that people choose.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use thiserror::Error;
use utoipa::ToSchema;

const LENGTH_MAX: usize = 128;

/// The text is not a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("a name is 1 to 128 characters, none of them a control character")]
pub struct NameError;

/// What people call a person or a key: trimmed, 1 to 128 characters, none of them a control character.
#[derive(Clone, Debug, PartialEq, Eq, Hash, ToSchema)]
#[schema(value_type = String, min_length = 1, max_length = 128)]
pub struct Name(String);

impl Name {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<Name> for String {
    fn from(name: Name) -> Self {
        name.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Name {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let text = text.trim();
        let length = text.chars().take(LENGTH_MAX + 1).count();
        // Beside control characters those that turn the direction of writing: a name must not change what is
        // written beside it.
        let turns = |letter: char| matches!(letter, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        let plain = !text.chars().any(|letter| letter.is_control() || turns(letter));
        if plain && (1..=LENGTH_MAX).contains(&length) { Ok(Name(text.to_owned())) } else { Err(NameError) }
    }
}

impl Serialize for Name {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_any_visible_text_of_the_right_length() {
        assert_eq!(" 小明的钥匙 ".parse::<Name>().map(String::from), Ok("小明的钥匙".to_owned()));
        assert!("字".repeat(128).parse::<Name>().is_ok());
        for text in ["", "  ", "a\nb", "a\0", "a\u{1b}[31m", "a\u{202e}b", &"字".repeat(129)] {
            assert_eq!(text.parse::<Name>(), Err(NameError), "{text:?}");
        }
    }
}
