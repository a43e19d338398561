//! Amounts as callers write them.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use serde_json::value::RawValue;
use utoipa::ToSchema;
use waystation_pricing::Money;

/// An amount in USD, a decimal string such as `"12.50"`. A JSON number is read from its text, so that nothing is
/// lost in a float on the way; answers always carry a string.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, ToSchema)]
#[schema(value_type = String, example = "12.50")]
pub struct Usd(pub Money);

impl fmt::Display for Usd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl From<Money> for Usd {
    fn from(money: Money) -> Self {
        Usd(money)
    }
}

impl Serialize for Usd {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Usd {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        decimal_text(deserializer)?.parse().map(Usd).map_err(de::Error::custom)
    }
}

/// Reads the text of a decimal that was written as a JSON string or number.
pub fn decimal_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let raw = Box::<RawValue>::deserialize(deserializer)?;
    let text = raw.get();
    if text.starts_with('"') {
        serde_json::from_str(text).map_err(de::Error::custom)
    } else if text.starts_with(|first: char| first == '-' || first.is_ascii_digit()) {
        Ok(text.to_owned())
    } else {
        Err(de::Error::custom("expected a decimal such as \"12.50\""))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_is_read_from_a_string_or_a_number_without_loss() {
        for text in ["\"0.1\"", "0.1", "0.100"] {
            let usd: Usd = serde_json::from_str(text).unwrap();
            assert_eq!(usd.0.nanos(), 100_000_000, "{text}");
        }
    }

    #[test]
    fn what_is_no_plain_decimal_is_refused() {
        for text in ["1e3", "null", "true", "[1]", "{}", "\"\"", "\"1,5\"", "0.0000000001"] {
            assert!(serde_json::from_str::<Usd>(text).is_err(), "{text}");
        }
    }
}
