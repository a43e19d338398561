//! What lanes are asked, and what they answer.

use std::fmt;
use std::sync::Arc;

use thiserror::Error;
use tokio::sync::oneshot;
use uuid::Uuid;
use waystation_ids::{AccountId, RequestId, TransferId, UserId};
use waystation_ledger::{
    Account, AccountKind, Crashed, Direction, Hold, Refusal, Reserve, Settled, Settlement, SystemAccount,
    TransferKind, Unit,
};
use waystation_pricing::Cost;

use crate::audit_log::AuditEntry;
use crate::error::StoreError;

/// One operation on the books.
#[derive(Clone, Debug)]
pub(crate) enum Order {
    Reserve(Arc<Reserve>),
    Settle(Arc<Settlement>),
    /// Gives back a hold of which nobody was told.
    Release {
        user: UserId,
        request: RequestId,
    },
    Expire(Box<Expire>),
    MoveFunds(Box<FundsOrder>),
    ExpireAccount {
        user: UserId,
        account: AccountId,
        cause: Uuid,
    },
}

/// The end of a hold whose process died or whose time is over.
#[derive(Clone, Debug)]
pub(crate) struct Expire {
    pub user: UserId,
    pub request: RequestId,
    pub rule: Crashed,
    /// What its input cost at least.
    pub estimate: Cost,
}

/// A manual change of a user's account.
#[derive(Clone, Debug)]
pub struct FundsOrder {
    /// The operation's id; its last byte is zero. Repeating an order with the same id changes nothing.
    pub id: Uuid,
    /// Whose account.
    pub user: UserId,
    /// Which account.
    pub target: FundsTarget,
    /// The site's side.
    pub counterpart: SystemAccount,
    /// Which way.
    pub direction: Direction,
    /// How many units; positive.
    pub amount: i64,
    /// Why.
    pub kind: TransferKind,
    /// What is written about it.
    pub record: AdjustmentRecord,
    /// What the audit log is told of it; none: nothing.
    pub audit: Option<FundsAudit>,
}

/// Makes the entry of the audit log that tells of a manual change, once it is known what the change does.
#[derive(Clone)]
pub struct FundsAudit(Arc<dyn Fn(&FundsReceipt) -> AuditEntry + Send + Sync>);

impl FundsAudit {
    /// An entry made of what the change did.
    pub fn new(entry: impl Fn(&FundsReceipt) -> AuditEntry + Send + Sync + 'static) -> Self {
        FundsAudit(Arc::new(entry))
    }

    pub(crate) fn entry(&self, receipt: &FundsReceipt) -> AuditEntry {
        (self.0)(receipt)
    }
}

impl fmt::Debug for FundsAudit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FundsAudit(…)")
    }
}

/// Which account an order means.
#[derive(Clone, Debug)]
pub enum FundsTarget {
    /// The user's account of this kind and unit that covers all models and never expires; opened with this id
    /// if there is none.
    Standing(AccountKind, Unit, AccountId),
    /// This account of the user's, whatever it is for.
    Account(AccountId),
    /// An account that the order opens.
    New(Box<Account>),
}

/// What is written about a manual change.
#[derive(Clone, Debug)]
pub struct AdjustmentRecord {
    /// What was entered, when it was another currency: amount and currency.
    pub entered: Option<(String, String)>,
    /// A stable code for the reason.
    pub reason_code: String,
    /// The reason in words.
    pub note: String,
    /// Who did it; none: the server itself.
    pub actor: Option<UserId>,
}

/// What a manual change did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FundsReceipt {
    /// The account.
    pub account: AccountId,
    /// Its unit.
    pub unit: Unit,
    /// What it held before, open holds included.
    pub before: i64,
    /// What it holds now.
    pub after: i64,
    /// The transfer that was made.
    pub transfer: TransferId,
}

/// Why a lane did not do what it was asked.
#[derive(Clone, Debug, Error)]
pub enum LaneError {
    /// The books refuse; nothing has changed.
    #[error("the books refuse")]
    Refused(#[source] Refusal),
    /// The database did not do it in time. It may still have been done: repeat a settlement, forget a hold (it is
    /// given back).
    #[error("the books cannot be written now")]
    Unavailable(#[source] Arc<StoreError>),
    /// The server is stopping.
    #[error("the ledger lanes have stopped")]
    Closed,
}

#[derive(Clone, Debug)]
pub(crate) enum Reply {
    Held(Hold),
    Settled(Settled),
    Moved(FundsReceipt),
    Amount(i64),
}

pub(crate) type Answer = Result<Reply, LaneError>;

/// An order and who waits for its answer.
pub(crate) struct Waiting {
    pub order: Order,
    pub answer: oneshot::Sender<Answer>,
}

impl Order {
    pub fn user(&self) -> UserId {
        match self {
            Order::Reserve(call) => call.user,
            Order::Settle(settlement) => settlement.record.user,
            Order::Release { user, .. } | Order::ExpireAccount { user, .. } => *user,
            Order::Expire(expire) => expire.user,
            Order::MoveFunds(order) => order.user,
        }
    }
}
