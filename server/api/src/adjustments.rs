//! Manual changes of a balance.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use waystation_ids::{AdjustmentId, TransferId, UserId};

use crate::time::Time;

/// Which way an adjustment moves, seen from the user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AdjustmentDirection {
    /// To the user.
    Credit,
    /// From the user; takes only what is available.
    Debit,
}

/// Which of a user's money accounts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AdjustmentAccount {
    /// Money paid in.
    #[default]
    Cash,
    /// Money given.
    Gift,
}

/// What an adjusted account counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AdjustmentUnit {
    /// Money.
    #[default]
    Usd,
}

/// Why a balance is changed by hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReasonCode {
    /// Something was booked wrongly.
    Correction,
    /// To please.
    Goodwill,
    /// Paid outside of the site.
    OfflinePayment,
    /// Given to win or keep the user.
    Promotion,
    /// Money goes back.
    Refund,
    /// To try something.
    Test,
    /// See the note.
    Other,
}

impl ReasonCode {
    /// The stable name used in JSON and in stored rows.
    pub const fn name(self) -> &'static str {
        match self {
            ReasonCode::Correction => "correction",
            ReasonCode::Goodwill => "goodwill",
            ReasonCode::OfflinePayment => "offline_payment",
            ReasonCode::Promotion => "promotion",
            ReasonCode::Refund => "refund",
            ReasonCode::Test => "test",
            ReasonCode::Other => "other",
        }
    }
}

/// A change to make. There is no "set to": two people who both read 5 and both set 10 would lose one of the two.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AdjustmentCreate {
    /// To or from the user.
    pub direction: AdjustmentDirection,
    /// How much, above zero, in the account's currency.
    #[schema(value_type = String, example = "10.00")]
    pub amount: crate::money::Usd,
    /// The currency of the amount; only `USD` for now.
    #[serde(default = "usd")]
    pub currency: String,
    /// Which account.
    #[serde(default)]
    pub account: AdjustmentAccount,
    /// What the account counts. Tokens and calls are given as grants.
    #[serde(default)]
    pub unit: AdjustmentUnit,
    /// Why.
    pub reason_code: ReasonCode,
    /// Why, in words: 1 to 1,000 characters.
    #[schema(min_length = 1, max_length = 1000)]
    pub note: String,
}

/// A change that was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Adjustment {
    /// Its id.
    #[schema(value_type = String, example = "adj_06ft3r5yx1v2k4m7q9s0t2w6z0")]
    pub id: AdjustmentId,
    /// Whose account was changed.
    #[schema(value_type = String)]
    pub user_id: UserId,
    /// To or from the user.
    pub direction: AdjustmentDirection,
    /// Which account.
    pub account: AdjustmentAccount,
    /// How much.
    pub amount: crate::money::Usd,
    /// The currency of the amounts.
    pub currency: String,
    /// What the account held before, open holds included.
    pub before: crate::money::Usd,
    /// What it holds now.
    pub after: crate::money::Usd,
    /// Why.
    pub reason_code: ReasonCode,
    /// Why, in words.
    pub note: String,
    /// The movement in the ledger.
    #[schema(value_type = String)]
    pub transfer_id: TransferId,
    /// When.
    pub created_at: Time,
}

fn usd() -> String {
    "USD".to_owned()
}
