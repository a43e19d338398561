//! The models that the site offers, as whoever may use them sees them.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::money::Usd;
use crate::prices::{PerMillion, PriceVersion};
use crate::time::Time;

/// A model that the site offers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OfferedModel {
    /// What to ask for.
    pub name: String,
    /// What people read.
    pub display_name: String,
    /// The most tokens input and output may have together; null: not known.
    pub context_length: Option<u64>,
    /// The most tokens an answer may have; null: not known.
    pub max_output_tokens: Option<u64>,
    /// What it can do.
    #[schema(example = json!(["chat", "vision", "tools"]))]
    pub capabilities: Vec<String>,
    /// Whether a channel serves it at the moment.
    pub is_served: bool,
    /// What it costs.
    pub price: OfferedPrice,
    /// What it will cost; null: nothing else is announced.
    pub next_price: Option<OfferedPrice>,
}

/// What a model costs, in USD.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OfferedPrice {
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
}

impl From<PriceVersion> for OfferedPrice {
    fn from(version: PriceVersion) -> Self {
        OfferedPrice {
            input_per_million: version.input_per_million,
            output_per_million: version.output_per_million,
            cache_read_per_million: version.cache_read_per_million,
            cache_write_5m_per_million: version.cache_write_5m_per_million,
            cache_write_30m_per_million: version.cache_write_30m_per_million,
            cache_write_1h_per_million: version.cache_write_1h_per_million,
            cache_write_12h_per_million: version.cache_write_12h_per_million,
            reasoning_per_million: version.reasoning_per_million,
            audio_input_per_million: version.audio_input_per_million,
            audio_output_per_million: version.audio_output_per_million,
            image_input_per_million: version.image_input_per_million,
            image_output_per_million: version.image_output_per_million,
            per_request: version.per_request,
            effective_at: version.effective_at,
        }
    }
}
