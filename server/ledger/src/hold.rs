//! What a call has taken out of reach until it ends.

use serde::{Deserialize, Serialize};
use waystation_ids::{AccountId, BudgetId, InstanceId, KeyId, PriceVersionId, RequestId, UserId};
use waystation_pricing::{Money, Multiplier};

use crate::account::Unit;

/// Part of a hold: units of one account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HoldLine {
    /// The account.
    pub account: AccountId,
    /// Its unit.
    pub unit: Unit,
    /// How many units are held; positive.
    pub held: i64,
    /// How many tokens of the call these units may cover; 0 unless the unit is tokens.
    #[serde(default)]
    pub covers: u64,
    /// Plan tokens for a million tokens of the call; 0 unless the unit is tokens.
    #[serde(default)]
    pub weight_ppm: u64,
}

/// The part of a budget's period that a hold has taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BudgetHold {
    /// The budget.
    pub budget: BudgetId,
    /// The start of the period that was current at admission, in unix milliseconds; 0 for a total.
    pub period_start_ms: i64,
    /// The list cost taken, in nano-USD.
    pub amount: Money,
}

/// An open hold. It ends once: posted, voided or expired.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    /// The call.
    pub request: RequestId,
    /// Who pays.
    pub user: UserId,
    /// With which key.
    pub key: KeyId,
    /// Which server process relays the call.
    pub instance: InstanceId,
    /// What is held, in the order in which it will be used.
    pub lines: Vec<HoldLine>,
    /// What is held of budgets.
    pub budgets: Vec<BudgetHold>,
    /// The most the call can cost, at list price.
    pub bound: Money,
    /// The most tokens the call can read.
    pub input_bound: u64,
    /// How many tokens the call likely reads.
    pub input_estimate: u64,
    /// The model asked for.
    pub model: String,
    /// The most tokens each choice can write.
    pub output_cap: u64,
    /// The price that settles the call, whatever changes meanwhile.
    pub price_version: PriceVersionId,
    /// The factor that settles the call.
    pub multiplier: Multiplier,
    /// When the call was admitted, in unix milliseconds of the books.
    pub admitted_at_ms: i64,
    /// When the call must have ended, in unix milliseconds of the books.
    pub deadline_ms: i64,
}

/// What one account paid for a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceLine {
    /// The account.
    pub account: AccountId,
    /// Its unit.
    pub unit: Unit,
    /// How many units it paid.
    pub amount: i64,
    /// What these units stood for, at list price.
    pub list_value: Money,
}
