//! Tokens, calls or money given for a time.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use waystation_ids::{AccountId, GrantId, UserId};

use crate::time::Time;

/// What a grant counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum GrantUnit {
    /// Tokens of the token buckets, never fees.
    Tokens,
    /// Whole calls.
    Calls,
    /// Money.
    Usd,
}

/// What the owner wants once the grant is used up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum GrantWhenUsed {
    /// Go on with gift and cash.
    #[default]
    Cash,
    /// Refuse the call.
    Refuse,
}

/// A grant to make.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GrantCreate {
    /// What it counts.
    pub unit: GrantUnit,
    /// How much, above zero: a whole number of tokens or calls, or a decimal of USD.
    #[serde(deserialize_with = "crate::money::decimal_text")]
    #[schema(value_type = String, example = "100000")]
    pub amount: String,
    /// From when on nothing may be drawn from it; never, unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Time>,
    /// The models it pays for; all, unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub models: Option<Vec<String>>,
    /// For calls: it pays calls of at most so many tokens; of any size, unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokens_per_call: Option<u64>,
    /// For tokens: how many of the grant's tokens a million tokens of a call use; 1,000,000 unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight_ppm: Option<u64>,
    /// What happens once it is used up.
    #[serde(default)]
    pub when_used: GrantWhenUsed,
    /// Why, in words: 1 to 1,000 characters.
    #[schema(min_length = 1, max_length = 1000)]
    pub note: String,
}

/// A grant that was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Grant {
    /// Its id.
    #[schema(value_type = String)]
    pub id: GrantId,
    /// Whose it is.
    #[schema(value_type = String)]
    pub user_id: UserId,
    /// The ledger account that holds it.
    #[schema(value_type = String)]
    pub account_id: AccountId,
    /// What it counts.
    pub unit: GrantUnit,
    /// How much was given.
    pub amount: String,
    /// From when on nothing may be drawn from it.
    pub expires_at: Option<Time>,
    /// The models it pays for; null: all.
    pub models: Option<Vec<String>>,
    /// It pays calls of at most so many tokens; null: of any size.
    pub tokens_per_call: Option<u64>,
    /// How many of its tokens a million tokens of a call use.
    pub weight_ppm: u64,
    /// What happens once it is used up.
    pub when_used: GrantWhenUsed,
    /// Why, in words.
    pub note: String,
    /// When it was made.
    pub created_at: Time,
}
