//! What the server's own checks of the books and of the audit log found.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::time::Time;

/// What is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AuditKind {
    /// The books: accounts, open calls and ended calls beside their transfers.
    Ledger,
    /// The audit log: its chain of rows.
    AuditLog,
}

/// What the last check found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AuditStatus {
    /// Everything agreed.
    Ok,
    /// Something did not agree.
    Failing,
    /// There was no check yet.
    Never,
}

/// How a check went. Each is made every hour, and once a day of everything from the beginning.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AuditState {
    /// What is checked.
    pub kind: AuditKind,
    /// What the last check found.
    pub status: AuditStatus,
    /// When it began; null: there was none.
    pub checked_at: Option<Time>,
    /// When the last check of everything began; null: there was none, or one is due.
    pub whole_checked_at: Option<Time>,
    /// How much did not agree.
    pub findings: u64,
    /// The first of it; null: there is none.
    pub first_finding: Option<AuditFinding>,
}

/// Something that did not agree.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AuditFinding {
    /// A stable code: `account_sum`, `account_sequence`, `account_pending`, `budget_pending`, `overdrawn`,
    /// `stray_transfer`, `call_lines`, `call_without_row`, `ended_and_held` or `row_broken`.
    #[schema(example = "account_sum")]
    pub code: String,
    /// The id of the account, transfer, budget or call, or the number of the row.
    pub subject: String,
    /// The same in words.
    pub message: String,
}
