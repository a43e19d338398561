//! Ledger accounts: who holds how much of which unit.

use serde::{Deserialize, Serialize};
use waystation_ids::{AccountId, UserId};

/// What an account counts. Transfers never cross units.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// 1e-9 US dollars.
    NanoUsd,
    /// Tokens of a plan.
    Tokens,
    /// Whole calls of a plan.
    Calls,
}

impl Unit {
    /// Every unit.
    pub const ALL: [Unit; 3] = [Unit::NanoUsd, Unit::Tokens, Unit::Calls];

    /// The stable name used in JSON and in stored rows.
    pub fn name(self) -> &'static str {
        match self {
            Unit::NanoUsd => "nano_usd",
            Unit::Tokens => "tokens",
            Unit::Calls => "calls",
        }
    }

    /// The unit of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Unit::ALL.into_iter().find(|unit| unit.name() == name)
    }
}

/// What a user's account is for; it decides when a call may draw on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccountKind {
    /// Money paid in.
    Cash,
    /// Money given; may expire, is never paid out.
    Gift,
    /// Tokens, calls or money of a plan.
    Grant,
    /// An allowance for certain models.
    Quota,
    /// What the user owes after a claw-back.
    Debt,
}

impl AccountKind {
    /// Every kind.
    pub const ALL: [AccountKind; 5] =
        [AccountKind::Cash, AccountKind::Gift, AccountKind::Grant, AccountKind::Quota, AccountKind::Debt];

    /// The stable name used in JSON and in stored rows.
    pub fn name(self) -> &'static str {
        match self {
            AccountKind::Cash => "cash",
            AccountKind::Gift => "gift",
            AccountKind::Grant => "grant",
            AccountKind::Quota => "quota",
            AccountKind::Debt => "debt",
        }
    }

    /// The kind of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        AccountKind::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// The site's own accounts. They store no balance, so that no row is hot: theirs is the sum of transfers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SystemAccount {
    /// What calls earned.
    Revenue,
    /// Plan tokens used up.
    ConsumedTokens,
    /// Plan calls used up.
    ConsumedCalls,
    /// What users paid in.
    Payments,
    /// Manual changes.
    Adjustments,
    /// Gifts and plan grants.
    Promotions,
    /// What ran out unused.
    Expired,
    /// What the operator bears: overruns and calls lost in a crash.
    OperatorLoss,
}

impl SystemAccount {
    /// Every system account.
    pub const ALL: [SystemAccount; 8] = [
        SystemAccount::Revenue,
        SystemAccount::ConsumedTokens,
        SystemAccount::ConsumedCalls,
        SystemAccount::Payments,
        SystemAccount::Adjustments,
        SystemAccount::Promotions,
        SystemAccount::Expired,
        SystemAccount::OperatorLoss,
    ];

    /// The account's id, the same on every site: one for each unit.
    pub fn id(self, unit: Unit) -> AccountId {
        let number = (self as u128) << 8 | (unit as u128 + 1);
        AccountId::from_uuid(uuid_from(number))
    }

    /// Where what a call consumed of this unit goes.
    pub fn consumed(unit: Unit) -> Self {
        match unit {
            Unit::NanoUsd => SystemAccount::Revenue,
            Unit::Tokens => SystemAccount::ConsumedTokens,
            Unit::Calls => SystemAccount::ConsumedCalls,
        }
    }

    /// Which system account this id is, if it is one.
    pub fn of(id: AccountId) -> Option<(SystemAccount, Unit)> {
        SystemAccount::ALL
            .into_iter()
            .flat_map(|account| Unit::ALL.map(|unit| (account, unit)))
            .find(|(account, unit)| account.id(*unit) == id)
    }

    /// The stable name used in JSON.
    pub fn name(self) -> &'static str {
        match self {
            SystemAccount::Revenue => "revenue",
            SystemAccount::ConsumedTokens => "consumed_tokens",
            SystemAccount::ConsumedCalls => "consumed_calls",
            SystemAccount::Payments => "payments",
            SystemAccount::Adjustments => "adjustments",
            SystemAccount::Promotions => "promotions",
            SystemAccount::Expired => "expired",
            SystemAccount::OperatorLoss => "operator_loss",
        }
    }
}

/// System ids have no time in front: they lie before every id that was ever made.
fn uuid_from(number: u128) -> uuid::Uuid {
    uuid::Uuid::from_u128(number)
}

/// What a quota's owner wants once it is used up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WhenUsed {
    /// Go on with gift and cash.
    #[default]
    Cash,
    /// Refuse the call.
    Refuse,
}

/// Which calls an account pays for, and how.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Terms {
    /// The models it covers; none: all.
    pub models: Option<Vec<String>>,
    /// A calls grant pays calls of at most so many tokens; none: of any size.
    pub tokens_per_call: Option<u64>,
    /// Plan tokens for a million tokens of a call.
    pub weight_ppm: u64,
    /// What happens once it is used up.
    pub when_used: WhenUsed,
}

impl Default for Terms {
    fn default() -> Self {
        Terms { models: None, tokens_per_call: None, weight_ppm: 1_000_000, when_used: WhenUsed::Cash }
    }
}

impl Terms {
    /// Whether calls of this model may draw on the account.
    pub fn cover(&self, model: &str) -> bool {
        self.models.as_ref().is_none_or(|models| models.iter().any(|name| name == model))
    }
}

/// The three sums of an account. All are non-negative, and so is what they leave available.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Balance {
    /// Everything that came in.
    pub credits_posted: i64,
    /// Everything that went out.
    pub debits_posted: i64,
    /// What open holds may still take.
    pub debits_pending: i64,
}

impl Balance {
    /// What a new hold or debit may take.
    pub fn available(&self) -> i64 {
        self.credits_posted.saturating_sub(self.debits_posted).saturating_sub(self.debits_pending)
    }

    /// What the account holds, open holds included.
    pub fn posted(&self) -> i64 {
        self.credits_posted.saturating_sub(self.debits_posted)
    }
}

/// A user's ledger account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Its id.
    pub id: AccountId,
    /// Whose it is.
    pub user: UserId,
    /// What it is for.
    pub kind: AccountKind,
    /// What it counts.
    pub unit: Unit,
    /// Which calls it pays for.
    pub terms: Terms,
    /// From when on nothing may be drawn from it, in unix milliseconds.
    pub expires_at_ms: Option<i64>,
    /// Its sums.
    pub balance: Balance,
    /// The number of transfers that touched it.
    pub sequence: i64,
}

impl Account {
    /// A new, empty account.
    pub fn new(id: AccountId, user: UserId, kind: AccountKind, unit: Unit) -> Self {
        Account {
            id,
            user,
            kind,
            unit,
            terms: Terms::default(),
            expires_at_ms: None,
            balance: Balance::default(),
            sequence: 0,
        }
    }

    /// Whether its time is over at `now_ms`.
    pub fn has_expired(&self, now_ms: i64) -> bool {
        self.expires_at_ms.is_some_and(|expiry| expiry <= now_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_system_account_of_each_unit_has_its_own_id() {
        let mut ids: Vec<AccountId> = SystemAccount::ALL
            .into_iter()
            .flat_map(|account| Unit::ALL.map(|unit| account.id(unit)))
            .collect();
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), 24);
        assert_eq!(
            SystemAccount::of(SystemAccount::Expired.id(Unit::Calls)),
            Some((SystemAccount::Expired, Unit::Calls))
        );
    }
}
