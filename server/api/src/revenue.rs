//! What calls earned.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::money::Usd;
use crate::time::Time;

/// How long a period is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RevenuePeriod {
    /// A day of the time zone.
    #[default]
    Day,
    /// A month of the time zone.
    Month,
}

/// Which revenue is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct RevenueQuery {
    /// How long a period is: `day` or `month`.
    #[param(inline)]
    pub by: RevenuePeriod,
    /// The first day, or a time; 30 days or 12 months up to the last, unless given.
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
}

/// Revenue, period by period. Calls count in the hour they ended in, and an hour in the day it begins in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RevenueReport {
    /// The beginning, on a full hour.
    pub from: Time,
    /// The end, on a full hour.
    pub until: Time,
    /// The zone of the days.
    #[schema(example = "Asia/Shanghai")]
    pub time_zone: String,
    /// How long a period is.
    pub by: RevenuePeriod,
    /// Always `USD`.
    pub currency: String,
    /// Every period that has begun, the oldest first.
    pub items: Vec<RevenueItem>,
    /// All of them together.
    pub total: RevenueSums,
    /// Always null: the list is whole.
    pub next_cursor: Option<String>,
}

/// The revenue of a period.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RevenueItem {
    /// When the period begins.
    pub at: Time,
    /// The day or month.
    #[schema(example = "2026-11-21")]
    pub period: String,
    /// Its sums.
    #[serde(flatten)]
    pub sums: RevenueSums,
}

/// What calls earned and cost. `list_cost` is `charged`, `granted` and `operator_loss` together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RevenueSums {
    /// How many calls ended.
    pub requests: u64,
    /// How many of them failed for a caller who was still there.
    pub errors: u64,
    /// Tokens read.
    pub input_tokens: u64,
    /// Tokens written.
    pub output_tokens: u64,
    /// What users paid in money.
    pub charged: Usd,
    /// What of that came out of gift credit.
    pub gift_paid: Usd,
    /// The list price of everything used.
    pub list_cost: Usd,
    /// The list price of what grants of tokens and calls paid.
    pub granted: Usd,
    /// What nobody paid.
    pub operator_loss: Usd,
    /// What the upstreams cost; null: it is not known.
    pub upstream_cost: Option<Usd>,
    /// `charged` without `gift_paid` and `upstream_cost`; null: it is not known.
    pub margin: Option<Usd>,
}
