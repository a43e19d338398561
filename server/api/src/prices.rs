//! Prices of models, as immutable versions.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use thiserror::Error;
use utoipa::ToSchema;
use waystation_ids::{ModelId, PriceVersionId, UserId};
use waystation_pricing::{Fees, Money, Price, Rate};

use crate::error::FieldCode;
use crate::money::{Usd, decimal_text};
use crate::time::Time;

/// USD per 1,000,000 tokens: a decimal string, or a JSON number read from its text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ToSchema)]
#[schema(value_type = String, example = "2.50")]
pub struct PerMillion(pub Rate);

/// USD per 1,000 tokens: a decimal string, or a JSON number read from its text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ToSchema)]
#[schema(value_type = String, example = "0.0025")]
pub struct PerThousand(pub Rate);

/// A price to set. Each rate is given for a million tokens or for a thousand; what is kept is for a million.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct PriceCreate {
    /// Uncached input; this or the same per thousand is needed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input_per_million: Option<PerMillion>,
    /// The same for a thousand tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input_per_thousand: Option<PerThousand>,
    /// Visible output; this or the same per thousand is needed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output_per_million: Option<PerMillion>,
    /// The same for a thousand tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output_per_thousand: Option<PerThousand>,
    /// Prompt tokens served from a cache; as input, unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache_read_per_million: Option<PerMillion>,
    /// The same for a thousand tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache_read_per_thousand: Option<PerThousand>,
    /// Writing to a cache kept for 5 minutes; as input, unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache_write_5m_per_million: Option<PerMillion>,
    /// The same for a thousand tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache_write_5m_per_thousand: Option<PerThousand>,
    /// Writing to a cache kept for 30 minutes; as for 5 minutes, unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache_write_30m_per_million: Option<PerMillion>,
    /// The same for a thousand tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache_write_30m_per_thousand: Option<PerThousand>,
    /// Writing to a cache kept for 1 hour; as for 30 minutes, unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache_write_1h_per_million: Option<PerMillion>,
    /// The same for a thousand tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache_write_1h_per_thousand: Option<PerThousand>,
    /// Writing to a cache kept for 12 hours; as for 1 hour, unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache_write_12h_per_million: Option<PerMillion>,
    /// The same for a thousand tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache_write_12h_per_thousand: Option<PerThousand>,
    /// Hidden reasoning; as output, unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reasoning_per_million: Option<PerMillion>,
    /// The same for a thousand tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reasoning_per_thousand: Option<PerThousand>,
    /// Audio read; as input, unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub audio_input_per_million: Option<PerMillion>,
    /// The same for a thousand tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub audio_input_per_thousand: Option<PerThousand>,
    /// Audio written; as output, unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub audio_output_per_million: Option<PerMillion>,
    /// The same for a thousand tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub audio_output_per_thousand: Option<PerThousand>,
    /// Images read; as input, unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image_input_per_million: Option<PerMillion>,
    /// The same for a thousand tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image_input_per_thousand: Option<PerThousand>,
    /// Images written; as output, unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image_output_per_million: Option<PerMillion>,
    /// The same for a thousand tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image_output_per_thousand: Option<PerThousand>,
    /// For each request that is answered, whatever its tokens; nothing, unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "0.01")]
    pub per_request: Option<Usd>,
    /// From when on it counts; at once, unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub effective_at: Option<Time>,
}

/// Why a price cannot be set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum PriceCreateError {
    /// A rate that every price needs is left out; its field for a million tokens.
    #[error("is missing")]
    Missing(&'static str),
    /// A rate is given twice; its field for a thousand tokens.
    #[error("is given for a million tokens already")]
    GivenTwice(&'static str),
    /// The fee for each request is below zero, or far above what any request costs.
    #[error("a fee is between 0 and 1000000 USD")]
    FeeOutOfRange,
}

impl PriceCreateError {
    /// The field at fault.
    pub fn field(self) -> &'static str {
        match self {
            PriceCreateError::Missing(field) | PriceCreateError::GivenTwice(field) => field,
            PriceCreateError::FeeOutOfRange => "per_request",
        }
    }

    /// What is wrong with it.
    pub const fn code(self) -> FieldCode {
        match self {
            PriceCreateError::Missing(_) => FieldCode::Required,
            PriceCreateError::GivenTwice(_) => FieldCode::Repeated,
            PriceCreateError::FeeOutOfRange => FieldCode::OutOfRange,
        }
    }
}

impl PriceCreate {
    /// The rates and fees as they are kept.
    pub fn price(&self) -> Result<Price, PriceCreateError> {
        let input = one_of(self.input_per_million, self.input_per_thousand, "input_per_thousand")?
            .ok_or(PriceCreateError::Missing("input_per_million"))?;
        let output = one_of(self.output_per_million, self.output_per_thousand, "output_per_thousand")?
            .ok_or(PriceCreateError::Missing("output_per_million"))?;
        let cache_read =
            one_of(self.cache_read_per_million, self.cache_read_per_thousand, "cache_read_per_thousand")?;
        let cache_write_5m = one_of(
            self.cache_write_5m_per_million,
            self.cache_write_5m_per_thousand,
            "cache_write_5m_per_thousand",
        )?;
        let cache_write_30m = one_of(
            self.cache_write_30m_per_million,
            self.cache_write_30m_per_thousand,
            "cache_write_30m_per_thousand",
        )?;
        let cache_write_1h = one_of(
            self.cache_write_1h_per_million,
            self.cache_write_1h_per_thousand,
            "cache_write_1h_per_thousand",
        )?;
        let cache_write_12h = one_of(
            self.cache_write_12h_per_million,
            self.cache_write_12h_per_thousand,
            "cache_write_12h_per_thousand",
        )?;
        let reasoning =
            one_of(self.reasoning_per_million, self.reasoning_per_thousand, "reasoning_per_thousand")?;
        let audio_input =
            one_of(self.audio_input_per_million, self.audio_input_per_thousand, "audio_input_per_thousand")?;
        let audio_output = one_of(
            self.audio_output_per_million,
            self.audio_output_per_thousand,
            "audio_output_per_thousand",
        )?;
        let image_input =
            one_of(self.image_input_per_million, self.image_input_per_thousand, "image_input_per_thousand")?;
        let image_output = one_of(
            self.image_output_per_million,
            self.image_output_per_thousand,
            "image_output_per_thousand",
        )?;
        let per_request = self.per_request.map_or(Money::ZERO, |fee| fee.0);
        if per_request.is_negative() || per_request > FEE_MAX {
            return Err(PriceCreateError::FeeOutOfRange);
        }
        Ok(Price {
            input,
            output,
            cache_read,
            cache_write_5m,
            cache_write_30m,
            cache_write_1h,
            cache_write_12h,
            reasoning,
            audio_input,
            audio_output,
            image_input,
            image_output,
            fees: Fees { per_request },
        })
    }
}

/// A price that was set. It is never changed or deleted: of the versions in effect, the newest counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PriceVersion {
    /// Its id.
    #[schema(value_type = String, example = "prc_06ft3r5yx1v2k4m7q9s0t2w6z0")]
    pub id: PriceVersionId,
    /// Whose price.
    #[schema(value_type = String)]
    pub model_id: ModelId,
    /// Uncached input.
    pub input_per_million: PerMillion,
    /// Visible output.
    pub output_per_million: PerMillion,
    /// Prompt tokens served from a cache; null: as input.
    pub cache_read_per_million: Option<PerMillion>,
    /// Writing to a cache kept for 5 minutes; null: as input.
    pub cache_write_5m_per_million: Option<PerMillion>,
    /// Writing to a cache kept for 30 minutes; null: as for 5 minutes.
    pub cache_write_30m_per_million: Option<PerMillion>,
    /// Writing to a cache kept for 1 hour; null: as for 30 minutes.
    pub cache_write_1h_per_million: Option<PerMillion>,
    /// Writing to a cache kept for 12 hours; null: as for 1 hour.
    pub cache_write_12h_per_million: Option<PerMillion>,
    /// Hidden reasoning; null: as output.
    pub reasoning_per_million: Option<PerMillion>,
    /// Audio read; null: as input.
    pub audio_input_per_million: Option<PerMillion>,
    /// Audio written; null: as output.
    pub audio_output_per_million: Option<PerMillion>,
    /// Images read; null: as input.
    pub image_input_per_million: Option<PerMillion>,
    /// Images written; null: as output.
    pub image_output_per_million: Option<PerMillion>,
    /// For each request that is answered.
    pub per_request: Usd,
    /// From when on it counts.
    pub effective_at: Time,
    /// When it was made.
    pub created_at: Time,
    /// Who made it; null: the site itself.
    #[schema(value_type = Option<String>)]
    pub created_by: Option<UserId>,
}

impl PriceVersion {
    /// A version with these rates and fees.
    pub fn new(
        id: PriceVersionId,
        model_id: ModelId,
        price: &Price,
        effective_at: Time,
        created_at: Time,
        created_by: Option<UserId>,
    ) -> Self {
        PriceVersion {
            id,
            model_id,
            input_per_million: PerMillion(price.input),
            output_per_million: PerMillion(price.output),
            cache_read_per_million: price.cache_read.map(PerMillion),
            cache_write_5m_per_million: price.cache_write_5m.map(PerMillion),
            cache_write_30m_per_million: price.cache_write_30m.map(PerMillion),
            cache_write_1h_per_million: price.cache_write_1h.map(PerMillion),
            cache_write_12h_per_million: price.cache_write_12h.map(PerMillion),
            reasoning_per_million: price.reasoning.map(PerMillion),
            audio_input_per_million: price.audio_input.map(PerMillion),
            audio_output_per_million: price.audio_output.map(PerMillion),
            image_input_per_million: price.image_input.map(PerMillion),
            image_output_per_million: price.image_output.map(PerMillion),
            per_request: Usd(price.fees.per_request),
            effective_at,
            created_at,
            created_by,
        }
    }
}

const FEE_MAX: Money = Money::from_nanos(1_000_000_000_000_000);

fn one_of(
    per_million: Option<PerMillion>,
    per_thousand: Option<PerThousand>,
    field: &'static str,
) -> Result<Option<Rate>, PriceCreateError> {
    match (per_million, per_thousand) {
        (Some(_), Some(_)) => Err(PriceCreateError::GivenTwice(field)),
        (Some(PerMillion(rate)), None) | (None, Some(PerThousand(rate))) => Ok(Some(rate)),
        (None, None) => Ok(None),
    }
}

impl fmt::Display for PerMillion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Serialize for PerMillion {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for PerMillion {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        decimal_text(deserializer)?.parse().map(PerMillion).map_err(de::Error::custom)
    }
}

impl Serialize for PerThousand {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // A thousandth of nine decimal places has twelve.
        let pico = self.0.nanos_per_million();
        let (whole, fraction) = (pico / 1_000_000_000_000, pico % 1_000_000_000_000);
        serializer.collect_str(&format_args!("{whole}.{fraction:012}"))
    }
}

impl<'de> Deserialize<'de> for PerThousand {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = decimal_text(deserializer)?;
        Rate::from_usd_per_thousand(&text).map(PerThousand).map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str) -> Result<Price, PriceCreateError> {
        serde_json::from_str::<PriceCreate>(body).unwrap().price()
    }

    #[test]
    fn a_price_is_the_same_for_a_thousand_and_for_a_million_tokens() {
        let million = read(r#"{"input_per_million":"2.50","output_per_million":10}"#).unwrap();
        let thousand = read(r#"{"input_per_thousand":"0.0025","output_per_thousand":0.01}"#).unwrap();
        assert_eq!(million, thousand);
        assert_eq!(million.input.nanos_per_million(), 2_500_000_000);
    }

    #[test]
    fn what_a_price_needs_is_named_when_it_is_missing_or_given_twice() {
        let missing = read(r#"{"input_per_million":"1"}"#);
        assert_eq!(missing, Err(PriceCreateError::Missing("output_per_million")));
        let twice = read(r#"{"input_per_million":"1","input_per_thousand":"1","output_per_million":"1"}"#);
        assert_eq!(twice, Err(PriceCreateError::GivenTwice("input_per_thousand")));
        let fee = read(r#"{"input_per_million":"1","output_per_million":"1","per_request":"-1"}"#);
        assert_eq!(fee, Err(PriceCreateError::FeeOutOfRange));
    }

    #[test]
    fn what_is_no_rate_is_refused() {
        for body in [
            r#"{"input_per_million":"-1"}"#,
            r#"{"input_per_million":"1e3"}"#,
            r#"{"input_per_million":1e3}"#,
            r#"{"input_per_million":"0.0000000001"}"#,
            r#"{"input_per_thousand":"1000.1"}"#,
            r#"{"input":"1"}"#,
        ] {
            assert!(serde_json::from_str::<PriceCreate>(body).is_err(), "{body}");
        }
    }

    #[test]
    fn a_rate_for_a_thousand_tokens_survives_its_json() {
        let rate: PerThousand = serde_json::from_str("\"0.000000000001\"").unwrap();
        assert_eq!(rate.0.nanos_per_million(), 1);
        assert_eq!(serde_json::to_string(&rate).unwrap(), "\"0.000000000001\"");
    }
}
