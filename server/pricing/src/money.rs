//! Amounts of money as whole nano-dollars.

use std::{fmt, iter, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use thiserror::Error;

/// Decimal places a nano-dollar has in a dollar.
const SCALE: u32 = 9;
const NANOS_PER_USD: i64 = 1_000_000_000;

/// An amount in nano-USD (1e-9 USD), at most about ±9.2 billion USD. In JSON a decimal string of USD.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Money(i64);

/// Why a text or a sum is not an amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum MoneyError {
    /// Not a plain decimal number such as `12.5`.
    #[error("not a decimal amount")]
    NotDecimal,
    /// More than nine decimal places: smaller than the books can hold.
    #[error("an amount has at most 9 decimal places")]
    TooFine,
    /// Beyond what 64 bits of nano-USD hold.
    #[error("the amount is too large")]
    TooLarge,
}

impl Money {
    /// Nothing.
    pub const ZERO: Money = Money(0);
    /// The largest amount there is.
    pub const MAX: Money = Money(i64::MAX);

    /// An amount of whole nano-USD.
    pub const fn from_nanos(nanos: i64) -> Self {
        Money(nanos)
    }

    /// The amount in nano-USD.
    pub const fn nanos(self) -> i64 {
        self.0
    }

    /// The sum, or `None` where it does not fit.
    pub fn checked_add(self, other: Money) -> Option<Money> {
        self.0.checked_add(other.0).map(Money)
    }

    /// The difference, or `None` where it does not fit.
    pub fn checked_sub(self, other: Money) -> Option<Money> {
        self.0.checked_sub(other.0).map(Money)
    }

    /// The sum, held at the largest amount where it does not fit.
    #[must_use]
    pub fn saturating_add(self, other: Money) -> Money {
        Money(self.0.saturating_add(other.0))
    }

    /// The difference, held at the smallest amount where it does not fit.
    #[must_use]
    pub fn saturating_sub(self, other: Money) -> Money {
        Money(self.0.saturating_sub(other.0))
    }

    /// Whether the amount is below zero.
    pub const fn is_negative(self) -> bool {
        self.0 < 0
    }
}

impl iter::Sum for Money {
    /// Saturates: a sum of amounts that were each checked at the edge is shown, never settled.
    fn sum<I: Iterator<Item = Money>>(amounts: I) -> Money {
        amounts.fold(Money::ZERO, Money::saturating_add)
    }
}

impl fmt::Display for Money {
    /// Always with nine decimal places, as in `0.000002150`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let nanos = self.0.unsigned_abs();
        let unit = NANOS_PER_USD.unsigned_abs();
        write!(f, "{sign}{}.{:09}", nanos / unit, nanos % unit)
    }
}

impl FromStr for Money {
    type Err = MoneyError;

    fn from_str(text: &str) -> Result<Self, MoneyError> {
        parse_decimal(text, SCALE).map(Money)
    }
}

impl Serialize for Money {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Money {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl de::Visitor<'_> for Visitor {
            type Value = Money;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a decimal string such as \"12.50\"")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Money, E> {
                text.parse().map_err(E::custom)
            }

            // Whole numbers lose nothing on the way; fractions must come as strings.
            fn visit_i64<E: de::Error>(self, usd: i64) -> Result<Money, E> {
                usd.checked_mul(NANOS_PER_USD).map(Money).ok_or_else(|| E::custom(MoneyError::TooLarge))
            }

            fn visit_u64<E: de::Error>(self, usd: u64) -> Result<Money, E> {
                i64::try_from(usd)
                    .map_err(|_| E::custom(MoneyError::TooLarge))
                    .and_then(|usd| self.visit_i64(usd))
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

/// Reads `-?digits[.digits]` as a whole number of 10^-`scale` units.
pub(crate) fn parse_decimal(text: &str, scale: u32) -> Result<i64, MoneyError> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let plain = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !plain(whole) || !plain(fraction) || digits.ends_with('.') {
        return Err(MoneyError::NotDecimal);
    }
    let fraction = fraction.trim_end_matches('0');
    let places = u32::try_from(fraction.len()).map_err(|_| MoneyError::TooFine)?;
    let missing = scale.checked_sub(places).ok_or(MoneyError::TooFine)?;
    let mut value: i128 = 0;
    for digit in whole.bytes().chain(fraction.bytes()) {
        value = value
            .checked_mul(10)
            .and_then(|value| value.checked_add(i128::from(digit - b'0')))
            .filter(|value| *value <= i128::from(i64::MAX))
            .ok_or(MoneyError::TooLarge)?;
    }
    let scaled = value.checked_mul(10_i128.pow(missing)).ok_or(MoneyError::TooLarge)?;
    let signed = if negative { -scaled } else { scaled };
    i64::try_from(signed).map_err(|_| MoneyError::TooLarge)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_price_of_a_call_prints_nine_places() {
        assert_eq!(Money::from_nanos(2_150).to_string(), "0.000002150");
        assert_eq!(Money::from_nanos(-1_500_000_000).to_string(), "-1.500000000");
    }

    #[test]
    fn what_is_not_a_decimal_amount_is_refused() {
        for text in ["", "-", ".5", "1.", "1e3", "NaN", "+1", " 1", "1 ", "1,5", "0x1", "--1", "１"] {
            assert_eq!(text.parse::<Money>(), Err(MoneyError::NotDecimal), "{text:?}");
        }
        assert_eq!("0.0000000001".parse::<Money>(), Err(MoneyError::TooFine));
        assert_eq!("9223372036.854775808".parse::<Money>(), Err(MoneyError::TooLarge));
        assert_eq!("99999999999999999999999999999999".parse::<Money>(), Err(MoneyError::TooLarge));
        assert_eq!("1.5000000000000".parse(), Ok(Money::from_nanos(1_500_000_000)));
    }

    #[test]
    fn a_fraction_given_as_a_json_number_is_refused() {
        assert!(serde_json::from_str::<Money>("0.1").is_err());
        assert_eq!(serde_json::from_str::<Money>("2").ok(), Some(Money::from_nanos(2_000_000_000)));
    }

    proptest! {
        #[test]
        fn an_amount_survives_its_text(nanos in any::<i64>().prop_filter("min has no text", |n| *n != i64::MIN)) {
            let money = Money::from_nanos(nanos);
            prop_assert_eq!(money.to_string().parse::<Money>(), Ok(money));
        }

        #[test]
        fn any_text_is_an_amount_or_an_error(text in "\\PC{0,40}") {
            let _ = text.parse::<Money>();
        }
    }
}
