//! What was used, summed.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::money::Usd;

/// What to sum by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum UsageGroup {
    /// By day of the site's time zone.
    #[default]
    Day,
    /// By model.
    Model,
}

/// Which usage to sum.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct UsageQuery {
    /// The first day, in the site's time zone; 30 days before the last, unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(example = "2026-11-01")]
    pub start_date: Option<String>,
    /// The last day, in the site's time zone; today, unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(example = "2026-11-30")]
    pub end_date: Option<String>,
    /// What to sum by: `day` or `model`.
    #[param(inline)]
    pub group_by: UsageGroup,
}

/// What was used. Calls count in the hour they ended in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct UsageSummary {
    /// Always `usage`.
    pub object: String,
    /// At list price, in USD.
    pub total_cost: Usd,
    /// Paid in money, in USD.
    pub total_charged: Usd,
    /// Tokens read and written.
    pub total_tokens: u64,
    /// Calls.
    pub total_requests: u64,
    /// The money that new calls may use, in USD.
    pub balance: Usd,
    /// The first day.
    pub start_date: String,
    /// The last day.
    pub end_date: String,
    /// The time zone of the days.
    pub time_zone: String,
    /// One entry for each day or model that was used.
    pub data: Vec<UsageEntry>,
}

/// What was used on one day, or of one model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct UsageEntry {
    /// The day, when summed by day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub date: Option<String>,
    /// The model, when summed by model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Calls.
    pub requests: u64,
    /// Tokens read.
    pub input_tokens: u64,
    /// Tokens written.
    pub output_tokens: u64,
    /// At list price, in USD.
    pub cost: Usd,
    /// Paid in money, in USD.
    pub charged: Usd,
}
