//! What everybody used, in parts, and what it earned.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use waystation_ids::ChannelId;

use crate::revenue::RevenueSums;
use crate::time::Time;

/// What the parts are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SiteUsageGroup {
    /// Models.
    #[default]
    Model,
    /// Channels.
    Channel,
}

/// Which use of the site is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SiteUsageQuery {
    /// What to tell apart: `model` or `channel`.
    #[param(inline)]
    pub group_by: SiteUsageGroup,
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
    /// How many parts are named at most: 1 to 100, 20 unless given. An export names all.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(minimum = 1, maximum = 100)]
    pub limit: Option<u32>,
}

/// What everybody used, part by part. Calls count in the hour they ended in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SiteUsage {
    /// The beginning, on a full hour.
    pub from: Time,
    /// The end, on a full hour.
    pub until: Time,
    /// The zone of the days.
    #[schema(example = "Asia/Shanghai")]
    pub time_zone: String,
    /// What the parts are.
    pub group_by: SiteUsageGroup,
    /// Always `USD`.
    pub currency: String,
    /// The parts with the highest list price, the highest first; of the same price those with more calls.
    pub items: Vec<SiteUsageItem>,
    /// All parts that are not named; null: all are.
    pub rest: Option<SiteUsageRest>,
    /// All of it.
    pub total: RevenueSums,
    /// Always null: what is not named is in `rest`.
    pub next_cursor: Option<String>,
}

/// What was used of a part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SiteUsageItem {
    /// The model that was served, where models are told apart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// The channel, where channels are told apart; absent: calls that came to none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub channel_id: Option<ChannelId>,
    /// What that channel is called; absent: it is gone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel_name: Option<String>,
    /// Its sums.
    #[serde(flatten)]
    pub sums: RevenueSums,
}

/// What was used of the parts that are not named.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SiteUsageRest {
    /// How many there are.
    pub parts: u64,
    /// Their sums.
    #[serde(flatten)]
    pub sums: RevenueSums,
}
