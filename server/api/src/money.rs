//! Amounts as callers write them.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
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
    deserializer.deserialize_newtype_struct(RAW_TEXT, DecimalText)
}

/// Whoever asks for a value under this name is handed its JSON text by `serde_json`, as its own `RawValue` is. Other
/// sources, such as what `#[serde(flatten)]` has put aside, hand over the value itself.
const RAW_TEXT: &str = "$serde_json::private::RawValue";

struct DecimalText;

impl<'de> de::Visitor<'de> for DecimalText {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a decimal such as \"12.50\"")
    }

    fn visit_map<A: de::MapAccess<'de>>(self, mut raw: A) -> Result<String, A::Error> {
        let is_raw = raw.next_key::<String>()?.is_some_and(|name| name == RAW_TEXT);
        let text = if is_raw { raw.next_value::<String>()? } else { String::new() };
        if text.starts_with('"') {
            serde_json::from_str(&text).map_err(de::Error::custom)
        } else if text.starts_with(|first: char| first == '-' || first.is_ascii_digit()) {
            Ok(text)
        } else {
            Err(de::Error::custom("expected a decimal such as \"12.50\""))
        }
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<String, D::Error> {
        deserializer.deserialize_any(DecimalText)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<String, E> {
        Ok(text.to_owned())
    }

    // A number that is no longer text may have lost something, unless it is whole.
    fn visit_i64<E: de::Error>(self, whole: i64) -> Result<String, E> {
        Ok(whole.to_string())
    }

    fn visit_u64<E: de::Error>(self, whole: u64) -> Result<String, E> {
        Ok(whole.to_string())
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
    fn an_amount_is_read_wherever_it_stands() {
        #[derive(Deserialize)]
        struct Inner {
            amount: Option<Usd>,
        }
        #[derive(Deserialize)]
        struct Outer {
            #[serde(flatten)]
            inner: Inner,
        }
        let nanos = |inner: Inner| inner.amount.map(|usd| usd.0.nanos());
        for text in [r#"{"amount":"0.5"}"#, r#"{"amount":0.5}"#] {
            assert_eq!(nanos(serde_json::from_str(text).unwrap()), Some(500_000_000), "{text}");
            let value: serde_json::Value = serde_json::from_str(text).unwrap();
            assert_eq!(nanos(serde_json::from_value(value).unwrap()), Some(500_000_000), "{text}");
        }
        let flattened: Outer = serde_json::from_str(r#"{"amount":"0.5"}"#).unwrap();
        assert_eq!(nanos(flattened.inner), Some(500_000_000));
        assert!(serde_json::from_str::<Outer>(r#"{"amount":0.5}"#).is_err());
        assert_eq!(nanos(serde_json::from_str(r#"{"amount":null}"#).unwrap()), None);
    }

    #[test]
    fn what_is_no_plain_decimal_is_refused() {
        for text in ["1e3", "null", "true", "[1]", "{}", "\"\"", "\"1,5\"", "0.0000000001"] {
            assert!(serde_json::from_str::<Usd>(text).is_err(), "{text}");
        }
    }
}
