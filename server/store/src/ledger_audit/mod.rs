//! Whether the books balance.
//!
//! Three things are compared: each account with the sum of its transfers, what is pending with the open holds, and
//! each ended call's row with its transfers. The comparison is exact on a live system: an account stores the number
//! of its transfers, and only transfers up to that number are summed.

mod accounts;
mod calls;
mod pending;

use serde::Serialize;
use uuid::Uuid;
use waystation_ids::{AccountId, BudgetId, RequestId, TransferId};

use crate::audit_outcomes::AuditFinding;
use crate::connection::Store;
use crate::error::StoreError;
use crate::pace::Pace;

/// At most so many differences are listed; their number is always right.
const LISTED_MAX: usize = 1_000;

/// What an audit saw.
#[derive(Clone, Debug, Default, Serialize)]
pub struct AuditReport {
    /// Accounts compared with their transfers.
    pub accounts: u64,
    /// Transfers summed.
    pub transfers: u64,
    /// Ended calls compared with their transfers.
    pub requests: u64,
    /// Open holds compared with what is pending.
    pub open_holds: u64,
    /// How many differences were found.
    pub difference_count: u64,
    /// The first thousand of them.
    pub differences: Vec<AuditDifference>,
}

/// Something that does not agree.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum AuditDifference {
    /// An account's sum is not that of its transfers.
    AccountSum {
        /// The account.
        account: AccountId,
        /// `credits` or `debits`.
        side: &'static str,
        /// What the account says.
        stored: i64,
        /// What its transfers say.
        summed: i64,
    },
    /// Transfers of an account are missing: it counts more than there are.
    AccountSequence {
        /// The account.
        account: AccountId,
        /// How many it counts.
        stored: i64,
        /// How many there are.
        found: i64,
    },
    /// A transfer names an account that does not exist, or one of another unit.
    StrayTransfer {
        /// The transfer.
        transfer: TransferId,
    },
    /// An account has more debits than credits.
    Overdrawn {
        /// The account.
        account: AccountId,
    },
    /// What an account has pending is not what open holds hold of it.
    AccountPending {
        /// The account.
        account: AccountId,
        /// What the account says.
        stored: i64,
        /// What the holds say.
        held: i64,
    },
    /// What a budget has pending is not what open holds hold of it.
    BudgetPending {
        /// The budget.
        budget: BudgetId,
        /// The start of its period.
        period_start_ms: i64,
        /// What the budget says.
        stored: i64,
        /// What the holds say.
        held: i64,
    },
    /// A call's source lines are not its transfers, or do not add up to its cost.
    CallLines {
        /// The call.
        request: RequestId,
    },
    /// A call was paid that has no row.
    CallWithoutRow {
        /// The call.
        request: RequestId,
    },
    /// A call has ended and is still held.
    EndedAndHeld {
        /// The call.
        request: RequestId,
    },
}

impl AuditDifference {
    /// What does not agree, as a stable code, and the id of what it is about.
    pub fn finding(&self) -> AuditFinding {
        let (code, subject) = match self {
            AuditDifference::AccountSum { account, .. } => ("account_sum", account.to_string()),
            AuditDifference::AccountSequence { account, .. } => ("account_sequence", account.to_string()),
            AuditDifference::StrayTransfer { transfer } => ("stray_transfer", transfer.to_string()),
            AuditDifference::Overdrawn { account } => ("overdrawn", account.to_string()),
            AuditDifference::AccountPending { account, .. } => ("account_pending", account.to_string()),
            AuditDifference::BudgetPending { budget, .. } => ("budget_pending", budget.to_string()),
            AuditDifference::CallLines { request } => ("call_lines", request.to_string()),
            AuditDifference::CallWithoutRow { request } => ("call_without_row", request.to_string()),
            AuditDifference::EndedAndHeld { request } => ("ended_and_held", request.to_string()),
        };
        AuditFinding { code: code.to_owned(), subject }
    }
}

impl AuditReport {
    /// Whether everything agrees.
    pub fn is_clean(&self) -> bool {
        self.difference_count == 0
    }

    pub(crate) fn report(&mut self, difference: AuditDifference) {
        self.difference_count += 1;
        if self.differences.len() < LISTED_MAX {
            self.differences.push(difference);
        }
    }
}

impl Store {
    /// Audits everything, in short reads beside a running server.
    pub async fn audit_ledger(&self, pace: Pace) -> Result<AuditReport, StoreError> {
        let mut report = AuditReport::default();
        self.audit_pending(&mut report).await?;
        self.audit_all_accounts(&mut report, pace).await?;
        self.audit_calls(&mut report, Uuid::nil(), pace).await?;
        Ok(report)
    }

    /// Audits the calls that began since a time, in unix milliseconds, and have ended.
    pub async fn audit_calls_since(&self, since_ms: i64, pace: Pace) -> Result<AuditReport, StoreError> {
        let mut report = AuditReport::default();
        let first = RequestId::new_cause(since_ms, [0; 10]).uuid();
        self.audit_calls(&mut report, first, pace).await?;
        Ok(report)
    }

    /// Audits what is pending, and the accounts that changed since they were last found right.
    pub async fn audit_ledger_changes(&self) -> Result<AuditReport, StoreError> {
        let mut report = AuditReport::default();
        self.audit_pending(&mut report).await?;
        self.audit_changed_accounts(&mut report).await?;
        Ok(report)
    }
}
