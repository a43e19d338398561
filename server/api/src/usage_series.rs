//! What was used, over time and in parts.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use waystation_ids::KeyId;

use crate::money::Usd;
use crate::time::Time;

/// How long a step of a series is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SeriesStep {
    /// A day of the time zone.
    #[default]
    Day,
    /// An hour.
    Hour,
}

/// What the points of a series tell apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SeriesGroup {
    /// Nothing: one point a step.
    #[default]
    None,
    /// Models.
    Model,
    /// Keys.
    Key,
}

/// Which series is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct UsageSeriesQuery {
    /// How long a step is: `day` or `hour`.
    #[param(inline)]
    pub by: SeriesStep,
    /// What to tell apart: `none`, `model` or `key`.
    #[param(inline)]
    pub group_by: SeriesGroup,
    /// The first day, or a time; 30 days up to the last, unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(example = "2026-11-01")]
    pub start_date: Option<String>,
    /// The last day, or a time; today, unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(example = "2026-11-30")]
    pub end_date: Option<String>,
    /// The zone of the days, such as `Asia/Shanghai` or `+08:00`; the site's, unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(example = "Asia/Shanghai")]
    pub time_zone: Option<String>,
    /// Only calls that this model served.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Only calls with this key.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(value_type = Option<String>)]
    pub key_id: Option<KeyId>,
}

/// Which time is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct UsageTotalsQuery {
    /// The first day, or a time; 30 days up to the last, unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(example = "2026-11-01")]
    pub start_date: Option<String>,
    /// The last day, or a time; today, unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(example = "2026-11-30")]
    pub end_date: Option<String>,
    /// The zone of the days, such as `Asia/Shanghai` or `+08:00`; the site's, unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(example = "Asia/Shanghai")]
    pub time_zone: Option<String>,
    /// Only calls that this model served.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Only calls with this key.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(value_type = Option<String>)]
    pub key_id: Option<KeyId>,
}

/// What calls used, and what it cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct UsageSums {
    /// How many calls ended.
    pub requests: u64,
    /// How many of them failed for a caller who was still there.
    pub errors: u64,
    /// Tokens read.
    pub input_tokens: u64,
    /// How many of them came from a cache.
    pub cache_read_tokens: u64,
    /// How many of them were written to a cache.
    pub cache_write_tokens: u64,
    /// Tokens written.
    pub output_tokens: u64,
    /// How many of them were reasoning.
    pub reasoning_tokens: u64,
    /// The list price.
    pub cost: Usd,
    /// What was paid in money; grants paid the rest.
    pub charged: Usd,
}

/// What was used, step by step. Calls count in the hour they ended in, and an hour in the day it begins in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct UsageSeries {
    /// When the series begins, on a full hour.
    pub from: Time,
    /// When it ends, on a full hour.
    pub until: Time,
    /// The zone of the days.
    #[schema(example = "Asia/Shanghai")]
    pub time_zone: String,
    /// How long a step is.
    pub by: SeriesStep,
    /// What the points tell apart.
    pub group_by: SeriesGroup,
    /// Every step that has begun, with or without use.
    pub steps: Vec<SeriesMark>,
    /// What was used, by step and then by what is told apart; steps without use have none.
    pub points: Vec<UsagePoint>,
    /// All of it.
    pub total: UsageSums,
}

/// Where a step is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SeriesMark {
    /// When it begins.
    pub at: Time,
    /// The day it begins on, in the series' time zone.
    #[schema(example = "2026-11-21")]
    pub date: String,
}

/// What was used in a step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct UsagePoint {
    /// The step.
    #[serde(flatten)]
    pub mark: SeriesMark,
    /// The model, where models are told apart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// The key, where keys are told apart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub key_id: Option<KeyId>,
    /// What was used.
    #[serde(flatten)]
    pub sums: UsageSums,
}

/// What was used in all, and in parts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct UsageTotals {
    /// The beginning, on a full hour.
    pub from: Time,
    /// The end, on a full hour.
    pub until: Time,
    /// The zone of the days.
    #[schema(example = "Asia/Shanghai")]
    pub time_zone: String,
    /// The list price.
    pub total_cost: Usd,
    /// What was paid in money.
    pub total_charged: Usd,
    /// Tokens read and written.
    pub total_tokens: u64,
    /// How many calls ended.
    pub total_requests: u64,
    /// How many of them failed for a caller who was still there.
    pub total_errors: u64,
    /// All of it.
    pub total: UsageSums,
    /// By model, the dearest first.
    pub models: Vec<ModelUsage>,
    /// By key, the dearest first.
    pub keys: Vec<KeyUsage>,
}

/// What was used of a model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ModelUsage {
    /// The model that was served.
    pub model: String,
    /// What was used.
    #[serde(flatten)]
    pub sums: UsageSums,
}

/// What was used with a key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct KeyUsage {
    /// The key.
    #[schema(value_type = String)]
    pub key_id: KeyId,
    /// What it is called; null: it is not known any more.
    pub name: Option<String>,
    /// Enough of its secret to tell it from others; null: it is not known any more.
    pub preview: Option<String>,
    /// What was used.
    #[serde(flatten)]
    pub sums: UsageSums,
}
