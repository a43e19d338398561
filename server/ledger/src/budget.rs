//! Spending limits of keys and users.

use serde::{Deserialize, Serialize};
use waystation_ids::BudgetId;
use waystation_pricing::Money;

/// How long a budget lasts before it starts anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BudgetPeriod {
    /// It never starts anew.
    Total,
    /// A day of the site's time zone.
    Day,
    /// A month of the site's time zone.
    Month,
}

impl BudgetPeriod {
    /// Every period.
    pub const ALL: [BudgetPeriod; 3] = [BudgetPeriod::Total, BudgetPeriod::Day, BudgetPeriod::Month];

    /// The stable name used in JSON and in stored rows.
    pub fn name(self) -> &'static str {
        match self {
            BudgetPeriod::Total => "total",
            BudgetPeriod::Day => "day",
            BudgetPeriod::Month => "month",
        }
    }

    /// The period of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        BudgetPeriod::ALL.into_iter().find(|period| period.name() == name)
    }
}

/// A limit on list cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Its id.
    pub id: BudgetId,
    /// How long it lasts.
    pub period: BudgetPeriod,
    /// How much a period allows. Lowering it only refuses new calls.
    pub limit: Money,
}

/// What one period of a budget has used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spending {
    /// List cost of calls that ended.
    pub spent: Money,
    /// List cost that open holds may still reach.
    pub pending: Money,
}

impl Spending {
    /// What is left of `limit`; zero when it was lowered below what is already used.
    pub fn left(&self, limit: Money) -> Money {
        limit.saturating_sub(self.spent).saturating_sub(self.pending).max(Money::ZERO)
    }
}
