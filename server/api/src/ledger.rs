//! What users have and how it moved.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use waystation_ids::{AccountId, TransferId};

use crate::money::Usd;
use crate::time::Time;

/// What an account counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// US dollars.
    Usd,
    /// Tokens of a plan.
    Tokens,
    /// Whole calls of a plan.
    Calls,
}

/// What a user has, in all and by account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BalanceDetails {
    /// The money that new calls may use.
    pub available: Usd,
    /// The money that open calls may still take.
    pub pending: Usd,
    /// Always `USD`.
    pub currency: String,
    /// Every open account, oldest first.
    pub accounts: Vec<Account>,
}

/// One ledger account of a user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Account {
    /// Its id.
    #[schema(value_type = String, example = "acc_06ft3r5yx1v2k4m7q9s0t2w6z0")]
    pub id: AccountId,
    /// What it is for: `cash`, `gift`, `grant`, `quota` or `debt`.
    pub kind: String,
    /// What it counts.
    pub unit: Unit,
    /// What new calls may use: a decimal of USD, or a whole number of tokens or calls.
    #[schema(example = "10.000000000")]
    pub available: String,
    /// What open calls may still take.
    pub pending: String,
    /// What it holds, open calls included.
    pub posted: String,
    /// From when on nothing may be drawn from it; null: never.
    pub expires_at: Option<Time>,
    /// Whether its time is over.
    pub expired: bool,
    /// The models it pays for; null: all.
    pub models: Option<Vec<String>>,
    /// Of calls: it pays calls of at most so many tokens; null: of any size.
    pub tokens_per_call: Option<u64>,
    /// Of tokens: how many of its tokens a million tokens of a call use.
    pub weight_ppm: u64,
    /// Once it is used up: `cash` (others go on) or `refuse`.
    pub when_used: String,
}

/// All that came into a user's books and left them since the beginning.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LedgerSummary {
    /// The money that came in.
    pub credited: Usd,
    /// The money that left: calls, and what was taken back.
    pub debited: Usd,
    /// The money that new calls may use.
    pub available: Usd,
    /// The money that open calls may still take.
    pub pending: Usd,
    /// Always `USD`.
    pub currency: String,
    /// The same by account, oldest first.
    pub accounts: Vec<AccountTotals>,
}

/// All that came into an account and left it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AccountTotals {
    /// The account.
    #[schema(value_type = String, example = "acc_06ft3r5yx1v2k4m7q9s0t2w6z0")]
    pub account_id: AccountId,
    /// What it is for: `cash`, `gift`, `grant`, `quota` or `debt`.
    pub kind: String,
    /// What it counts.
    pub unit: Unit,
    /// What came in: a decimal of USD, or a whole number of tokens or calls.
    #[schema(example = "10.000000000")]
    pub credited: String,
    /// What left.
    pub debited: String,
}

/// Which way a transfer went, seen from the user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TransferDirection {
    /// To the user.
    Credit,
    /// From the user.
    Debit,
    /// Between accounts of the site, on account of the user's call.
    None,
}

/// A movement in a user's books. It is never edited or deleted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Transfer {
    /// Its id.
    #[schema(value_type = String, example = "xfr_06ft3r5yx1v2k4m7q9s0t2w6z1")]
    pub id: TransferId,
    /// Why: `consumption`, `operator_loss`, `top_up`, `adjustment`, `grant`, `expiry` or `reversal`.
    pub kind: String,
    /// Which way.
    pub direction: TransferDirection,
    /// What moved.
    pub unit: Unit,
    /// How much, above zero: a decimal of USD, or a whole number of tokens or calls.
    #[schema(example = "0.000002150")]
    pub amount: String,
    /// The user's account; null: none was touched.
    #[schema(value_type = Option<String>)]
    pub account_id: Option<AccountId>,
    /// The other side: a name of the site's, such as `revenue`, or the id of another account of the user.
    pub counterpart: String,
    /// The id of what caused it: a call (`req_`), an adjustment (`adj_`) or a grant (`gnt_`); null: something else.
    pub cause: Option<String>,
    /// The transfer it takes back; null: none.
    #[schema(value_type = Option<String>)]
    pub reverses: Option<TransferId>,
    /// When, by the clock of the books.
    pub created_at: Time,
}
