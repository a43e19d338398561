//! How the site and its users fare.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use waystation_ids::{ChannelId, UserId};

use crate::adjustments::AdjustmentDirection;
use crate::audits::AuditState;
use crate::ledger::Unit;
use crate::money::Usd;
use crate::time::Time;
use crate::usage_series::{KeyUsage, ModelUsage, UsageSums};
use crate::users::UserBalance;

/// What to look out for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct OverviewQuery {
    /// Below how much money a balance is low, in USD; unless given, what the setting `balance.low` says.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(value_type = Option<String>, example = "1.00")]
    pub low_balance: Option<Usd>,
}

/// How the site fares.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Overview {
    /// 24 hours, the one that runs among them.
    pub now: OverviewWindow,
    /// The 24 hours before.
    pub before: OverviewWindow,
    /// Where tries failed in the last 60 minutes: three or more, and a quarter of all or more. The worst first, at
    /// most 20.
    pub failing_channels: Vec<FailingChannel>,
    /// Who runs out of money.
    pub low_balance: LowBalance,
    /// Whether the books balance and the audit log is whole, as far as the server has checked. Older servers say nothing.
    #[serde(default)]
    #[schema(required = true)]
    pub audits: Vec<AuditState>,
}

/// What happened in 24 hours.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OverviewWindow {
    /// The beginning, on a full hour.
    pub from: Time,
    /// The end, on a full hour.
    pub until: Time,
    /// How many calls ended.
    pub requests: u64,
    /// How many of them were answered.
    pub succeeded: u64,
    /// How many of them failed for a caller who was still there.
    pub errors: u64,
    /// How many of them their callers gave up.
    pub cancelled: u64,
    /// How many of a million that were answered or failed were answered; null: there was none.
    #[schema(example = 998700)]
    pub success_ppm: Option<u32>,
    /// Tokens read.
    pub input_tokens: u64,
    /// Tokens written.
    pub output_tokens: u64,
    /// How many people's calls ended.
    pub active_users: u64,
    /// How soon first bytes came.
    pub first_byte_ms: FirstByteTimes,
    /// What was paid in money; null for who may not see revenue.
    pub charged: Option<Usd>,
    /// The list price of everything used; null for who may not see revenue.
    pub list_cost: Option<Usd>,
}

/// How soon first bytes came, by a sample of up to 400 calls an hour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FirstByteTimes {
    /// Half of them came within so many milliseconds; null: there was none.
    pub p50: Option<i64>,
    /// 95 of 100 came within so many milliseconds; null: there was none.
    pub p95: Option<i64>,
    /// How many calls the sample has.
    pub sampled: u64,
}

/// A channel where tries fail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FailingChannel {
    /// The channel.
    #[schema(value_type = String)]
    pub channel_id: ChannelId,
    /// What it is called; null: it is gone.
    pub name: Option<String>,
    /// How many tries there were.
    pub attempts: u64,
    /// How many of them failed, and not by what the callers asked.
    pub failures: u64,
    /// What went wrong last, as a stable code.
    pub last_error_code: String,
    /// The HTTP status that came back then; null: none did.
    pub last_status_code: Option<u16>,
    /// When that try began.
    pub last_failed_at: Time,
}

/// Who runs out of money.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LowBalance {
    /// Below how much a balance is low.
    pub threshold: Usd,
    /// How many people with a call in the last 7 days have less.
    pub users: u64,
}

/// How a user fares.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct UserStatistics {
    /// The user.
    #[schema(value_type = String)]
    pub user_id: UserId,
    /// What the user can pay with.
    pub balance: UserBalance,
    /// When the last call began that has ended; null: there was none.
    pub last_request_at: Option<Time>,
    /// What was used in 24 hours, the one that runs among them.
    pub day: UsageSums,
    /// What was used in 30 times 24 hours, the one that runs among them.
    pub month: UsageSums,
    /// The 30 days by model, the dearest first; at most 20.
    pub models: Vec<ModelUsage>,
    /// The 30 days by key, the dearest first; at most 20.
    pub keys: Vec<KeyUsage>,
    /// What went wrong in the 30 days, the most frequent first; at most 10.
    pub errors: Vec<ErrorCount>,
}

/// How often something went wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ErrorCount {
    /// The error code the caller got; null: none.
    pub error_code: Option<String>,
    /// How many calls.
    pub requests: u64,
}

/// Which time is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct BillingQuery {
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
}

/// What users hold, and what moved it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BillingStatistics {
    /// The beginning of the time of `movements` and `calls`, on a full hour.
    pub from: Time,
    /// Its end, on a full hour.
    pub until: Time,
    /// The zone of the days.
    #[schema(example = "Asia/Shanghai")]
    pub time_zone: String,
    /// What users hold now; what has expired is left out.
    pub balances: Vec<HeldBalance>,
    /// What open calls hold now.
    pub holds: OpenHolds,
    /// What was changed by hand, given or granted in that time, by reason.
    pub movements: Vec<MovementSum>,
    /// What calls took in that time.
    pub calls: CallSums,
}

/// What accounts of a kind hold together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct HeldBalance {
    /// What the accounts are for: `cash`, `gift`, `grant`, `quota` or `debt`.
    pub kind: String,
    /// What they count.
    pub unit: Unit,
    /// How many hold something.
    pub accounts: u64,
    /// What new calls may use: a decimal of USD, or a whole number of tokens or calls.
    #[schema(example = "10.000000000")]
    pub available: String,
    /// What open calls may still take.
    pub pending: String,
    /// What they hold, open calls included.
    pub posted: String,
}

/// What open calls hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OpenHolds {
    /// How many calls are open.
    pub open: u64,
    /// The most they may cost, at list price.
    pub amount: Usd,
    /// When the oldest was admitted; null: there is none.
    pub oldest_at: Option<Time>,
}

/// What was moved for the same reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MovementSum {
    /// Which way, seen from the user.
    pub direction: AdjustmentDirection,
    /// What the account is for: `cash`, `gift`, `grant`, `quota` or `debt`.
    pub account: String,
    /// What it counts.
    pub unit: Unit,
    /// Why.
    pub reason_code: String,
    /// How many movements.
    pub count: u64,
    /// How much together: a decimal of USD, or a whole number of tokens or calls.
    #[schema(example = "15.000000000")]
    pub amount: String,
}

/// What calls used, and who paid for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CallSums {
    /// What was used.
    #[serde(flatten)]
    pub sums: UsageSums,
    /// What of the money came out of gift credit.
    pub gift_paid: Usd,
    /// The list price of what grants of tokens and calls paid.
    pub granted: Usd,
    /// What nobody paid.
    pub operator_loss: Usd,
}
