//! What a unit of each bucket costs.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use thiserror::Error;

use crate::money::{Money, MoneyError, parse_decimal};
use crate::usage::Bucket;

/// Nano-USD for 1,000,000 units; never negative. In JSON a decimal string of USD per million units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rate(i64);

/// Why a rate or a price is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum PriceError {
    /// A price below zero would pay the caller.
    #[error("a price is never negative")]
    Negative,
    /// The text is not a decimal number that fits.
    #[error("not a price")]
    NotAPrice(#[source] MoneyError),
    /// Above 1,000,000 USD per million units, which no model costs and sums could overflow.
    #[error("a price is at most 1000000 USD per million units")]
    TooHigh,
}

impl Rate {
    /// Free.
    pub const ZERO: Rate = Rate(0);
    const MAX: i64 = 1_000_000_000_000_000;

    /// A rate of so many nano-USD per million units.
    pub fn from_nanos_per_million(nanos: i64) -> Result<Self, PriceError> {
        if nanos < 0 {
            Err(PriceError::Negative)
        } else if nanos > Self::MAX {
            Err(PriceError::TooHigh)
        } else {
            Ok(Rate(nanos))
        }
    }

    /// A rate given in USD per thousand units, as some price lists write it.
    pub fn from_usd_per_thousand(text: &str) -> Result<Self, PriceError> {
        // One USD per thousand is 10^12 nano-USD per million.
        let nanos = parse_decimal(text, 12).map_err(PriceError::NotAPrice)?;
        Self::from_nanos_per_million(nanos)
    }

    /// Nano-USD per million units.
    pub const fn nanos_per_million(self) -> i64 {
        self.0
    }
}

impl FromStr for Rate {
    type Err = PriceError;

    /// Reads USD per million units.
    fn from_str(text: &str) -> Result<Self, PriceError> {
        let nanos = parse_decimal(text, 9).map_err(PriceError::NotAPrice)?;
        Self::from_nanos_per_million(nanos)
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Money::from_nanos(self.0).fmt(f)
    }
}

impl Serialize for Rate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Rate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let money = Money::deserialize(deserializer)?;
        Rate::from_nanos_per_million(money.nanos()).map_err(serde::de::Error::custom)
    }
}

/// Charges that do not depend on tokens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Fees {
    /// For each request that was answered; never negative.
    #[serde(deserialize_with = "read_fee")]
    pub per_request: Money,
}

/// A fee below zero would pay the caller, like a rate.
fn read_fee<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Money, D::Error> {
    let fee = Money::deserialize(deserializer)?;
    if fee.is_negative() { Err(serde::de::Error::custom(PriceError::Negative)) } else { Ok(fee) }
}

/// The rates of one model at one time, as stored in an immutable price version.
///
/// Rates left out fall back as vendors' price lists do: reasoning to output, a cache read to input, a longer
/// cache write to the shorter one and that to input, audio and images to the text of their direction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Price {
    /// Uncached input.
    pub input: Rate,
    /// Visible output.
    pub output: Rate,
    /// Prompt tokens served from a cache.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_read: Option<Rate>,
    /// Writing to a cache kept for 5 minutes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_write_5m: Option<Rate>,
    /// Writing to a cache kept for 30 minutes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_write_30m: Option<Rate>,
    /// Writing to a cache kept for 1 hour.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_write_1h: Option<Rate>,
    /// Writing to a cache kept for 12 hours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_write_12h: Option<Rate>,
    /// Hidden reasoning.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reasoning: Option<Rate>,
    /// Audio read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audio_input: Option<Rate>,
    /// Audio written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audio_output: Option<Rate>,
    /// Images read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image_input: Option<Rate>,
    /// Images written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image_output: Option<Rate>,
    /// What is charged whatever the tokens.
    #[serde(default)]
    pub fees: Fees,
}

impl Price {
    /// The rate of one bucket.
    pub fn rate(&self, bucket: Bucket) -> Rate {
        let write_5m = self.cache_write_5m.unwrap_or(self.input);
        let write_30m = self.cache_write_30m.unwrap_or(write_5m);
        let write_1h = self.cache_write_1h.unwrap_or(write_30m);
        match bucket {
            Bucket::Input => self.input,
            Bucket::CacheRead => self.cache_read.unwrap_or(self.input),
            Bucket::CacheWrite5m => write_5m,
            Bucket::CacheWrite30m => write_30m,
            Bucket::CacheWrite1h => write_1h,
            Bucket::CacheWrite12h => self.cache_write_12h.unwrap_or(write_1h),
            Bucket::AudioInput => self.audio_input.unwrap_or(self.input),
            Bucket::ImageInput => self.image_input.unwrap_or(self.input),
            Bucket::Output => self.output,
            Bucket::Reasoning => self.reasoning.unwrap_or(self.output),
            Bucket::AudioOutput => self.audio_output.unwrap_or(self.output),
            Bucket::ImageOutput => self.image_output.unwrap_or(self.output),
        }
    }

    /// The dearest rate any input token can have.
    pub fn dearest_input(&self) -> Rate {
        self.dearest(true)
    }

    /// The dearest rate any output token can have.
    pub fn dearest_output(&self) -> Rate {
        self.dearest(false)
    }

    fn dearest(&self, input: bool) -> Rate {
        Bucket::ALL
            .into_iter()
            .filter(|bucket| bucket.is_input() == input)
            .map(|bucket| self.rate(bucket))
            .max()
            .unwrap_or(Rate::ZERO)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_left_out_fall_back_to_their_kind() {
        let price = Price {
            input: "2".parse().unwrap(),
            output: "8".parse().unwrap(),
            cache_write_1h: Some("4".parse().unwrap()),
            ..Price::default()
        };
        assert_eq!(price.rate(Bucket::CacheRead), price.input);
        assert_eq!(price.rate(Bucket::CacheWrite5m), price.input);
        assert_eq!(price.rate(Bucket::CacheWrite12h).to_string(), "4.000000000");
        assert_eq!(price.rate(Bucket::Reasoning), price.output);
        assert_eq!(price.dearest_input().to_string(), "4.000000000");
    }

    #[test]
    fn a_negative_or_absurd_rate_is_refused() {
        assert_eq!("-1".parse::<Rate>(), Err(PriceError::Negative));
        assert_eq!("1000001".parse::<Rate>(), Err(PriceError::TooHigh));
        for (fee, good) in [("-0.000000001", false), ("0", true), ("0.5", true)] {
            let price = format!(r#"{{"input": "1", "output": "1", "fees": {{"per_request": "{fee}"}}}}"#);
            assert_eq!(serde_json::from_str::<Price>(&price).is_ok(), good, "{fee}");
        }
    }

    #[test]
    fn a_rate_per_thousand_is_stored_per_million() {
        assert_eq!(Rate::from_usd_per_thousand("0.0025"), "2.5".parse());
    }
}
