//! Movements between accounts.

use serde::{Deserialize, Serialize};
use waystation_ids::{AccountId, TransferId, UserId};

use crate::account::Unit;

/// Why units moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TransferKind {
    /// A call was paid.
    Consumption,
    /// The operator bears what a call cost above its hold, or a call that was lost.
    OperatorLoss,
    /// Money came in.
    TopUp,
    /// An operator changed a balance by hand.
    Adjustment,
    /// Tokens, calls or money were given.
    Grant,
    /// What was left ran out.
    Expiry,
    /// An earlier transfer is taken back.
    Reversal,
}

impl TransferKind {
    /// Every kind.
    pub const ALL: [TransferKind; 7] = [
        TransferKind::Consumption,
        TransferKind::OperatorLoss,
        TransferKind::TopUp,
        TransferKind::Adjustment,
        TransferKind::Grant,
        TransferKind::Expiry,
        TransferKind::Reversal,
    ];

    /// The stable name used in JSON and in stored rows.
    pub fn name(self) -> &'static str {
        match self {
            TransferKind::Consumption => "consumption",
            TransferKind::OperatorLoss => "operator_loss",
            TransferKind::TopUp => "top_up",
            TransferKind::Adjustment => "adjustment",
            TransferKind::Grant => "grant",
            TransferKind::Expiry => "expiry",
            TransferKind::Reversal => "reversal",
        }
    }

    /// The kind of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        TransferKind::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// A positive amount moved from one account to another of the same unit. Never edited or deleted.
///
/// The id is the operation's id with a line number in its last byte: writing it twice is refused by the primary
/// key, which is what makes every operation idempotent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transfer {
    /// Its id.
    pub id: TransferId,
    /// The user whose books it belongs to.
    pub user: UserId,
    /// The account that gives.
    pub debit: AccountId,
    /// The account that takes.
    pub credit: AccountId,
    /// What moves.
    pub unit: Unit,
    /// How much; positive.
    pub amount: i64,
    /// Why.
    pub kind: TransferKind,
    /// The transfer this one takes back.
    pub reverses: Option<TransferId>,
    /// Which transfer of the giving account this is, counted from 1; 0 for system accounts.
    pub debit_sequence: i64,
    /// Which transfer of the taking account this is, counted from 1; 0 for system accounts.
    pub credit_sequence: i64,
    /// The time of the books, in unix milliseconds.
    pub created_at_ms: i64,
}
