//! How a model's price came to be what it is.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use waystation_ids::Email;

use crate::prices::{PerMillion, PriceVersion};
use crate::time::Time;

/// A version of a price among the others of its model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PriceHistoryEntry {
    /// The version.
    #[serde(flatten)]
    pub version: PriceVersion,
    /// The address of who made it; null: the site itself, or somebody who is not here any more.
    pub created_by_email: Option<Email>,
    /// When the next version takes over; null: none does.
    pub effective_until: Option<Time>,
    /// Whether it is the one that counts now.
    pub is_current: bool,
    /// What is different from the version that it takes over from; empty for the first.
    pub changes: Vec<PriceDifference>,
}

/// A rate or fee that is different.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PriceDifference {
    /// Its field.
    #[schema(example = "input_per_million")]
    pub field: String,
    /// What it was, in USD; null: not given.
    #[schema(example = "2.50")]
    pub before: Option<String>,
    /// What it is, in USD; null: not given.
    #[schema(example = "3")]
    pub after: Option<String>,
}

/// What is different between two versions of a price.
pub fn compare_prices(before: &PriceVersion, after: &PriceVersion) -> Vec<PriceDifference> {
    rates(before)
        .into_iter()
        .zip(rates(after))
        .filter(|((_, before), (_, after))| before != after)
        .map(|((field, before), (_, after))| PriceDifference { field: field.to_owned(), before, after })
        .collect()
}

fn rates(version: &PriceVersion) -> [(&'static str, Option<String>); 13] {
    let rate = |rate: Option<PerMillion>| rate.map(|rate| rate.to_string());
    [
        ("input_per_million", rate(Some(version.input_per_million))),
        ("output_per_million", rate(Some(version.output_per_million))),
        ("cache_read_per_million", rate(version.cache_read_per_million)),
        ("cache_write_5m_per_million", rate(version.cache_write_5m_per_million)),
        ("cache_write_30m_per_million", rate(version.cache_write_30m_per_million)),
        ("cache_write_1h_per_million", rate(version.cache_write_1h_per_million)),
        ("cache_write_12h_per_million", rate(version.cache_write_12h_per_million)),
        ("reasoning_per_million", rate(version.reasoning_per_million)),
        ("audio_input_per_million", rate(version.audio_input_per_million)),
        ("audio_output_per_million", rate(version.audio_output_per_million)),
        ("image_input_per_million", rate(version.image_input_per_million)),
        ("image_output_per_million", rate(version.image_output_per_million)),
        ("per_request", Some(version.per_request.to_string())),
    ]
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use waystation_ids::{ModelId, PriceVersionId};

    use super::*;
    use crate::prices::PriceCreate;

    fn version(price: &str) -> PriceVersion {
        let price = serde_json::from_str::<PriceCreate>(price).unwrap().price().unwrap();
        let time = Time::from_unix_ms(0);
        PriceVersion::new(PriceVersionId::new(0, [0; 10]), ModelId::new(0, [0; 10]), &price, time, time, None)
    }

    #[test]
    fn what_is_different_is_told_and_nothing_else() {
        let before =
            version(r#"{"input_per_million":"2.50","output_per_million":"10","per_request":"0.01"}"#);
        let after = version(
            r#"{"input_per_million":"2.5","output_per_million":"12","cache_read_per_million":"0.25"}"#,
        );
        let told: Vec<(String, Option<String>, Option<String>)> = compare_prices(&before, &after)
            .into_iter()
            .map(|difference| (difference.field, difference.before, difference.after))
            .collect();
        let written = |value: &PerMillion| Some(value.to_string());
        assert_eq!(
            told,
            [
                (
                    "output_per_million".to_owned(),
                    written(&before.output_per_million),
                    written(&after.output_per_million)
                ),
                (
                    "cache_read_per_million".to_owned(),
                    None,
                    after.cache_read_per_million.as_ref().and_then(written)
                ),
                (
                    "per_request".to_owned(),
                    Some(before.per_request.to_string()),
                    Some(after.per_request.to_string())
                ),
            ]
        );
        assert_eq!(compare_prices(&after, &after), []);
    }

    #[test]
    fn every_rate_of_a_price_is_compared() {
        let version = serde_json::to_value(version(r#"{"input_per_million":"1","output_per_million":"1"}"#));
        let fields: BTreeSet<String> = version
            .unwrap()
            .as_object()
            .unwrap()
            .keys()
            .filter(|name| name.ends_with("_per_million") || name.starts_with("per_"))
            .cloned()
            .collect();
        let version = self::version(r#"{"input_per_million":"1","output_per_million":"1"}"#);
        let compared: BTreeSet<String> = rates(&version).iter().map(|(name, _)| (*name).to_owned()).collect();
        assert_eq!(compared, fields);
    }
}
