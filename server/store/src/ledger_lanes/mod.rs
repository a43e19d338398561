//! Ledger operations in groups.
//!
//! Every operation that moves money or holds it goes to a lane: one on SQLite, several keyed by user on servers. A
//! lane takes what is waiting and runs it as one transaction of set-based statements: lock the rows, decide each
//! operation in memory in order of arrival with the pure ledger, write, commit, and only then answer. That makes
//! durable holds cheap: a commit is shared by all operations that came while the last one was under way.
//!
//! Locking order: accounts by user and id, holds by id, ended calls by id, budgets by id; inserts last. Holds come
//! before budgets because they say which budgets they hold of. A user's accounts guard the user's holds and budgets,
//! so two transactions never meet on those without having met on the accounts.

mod batch;
mod book_rows;
mod call_rows;
mod lane;
mod lane_metrics;
mod order;
mod row_writer;
mod sweep;

use std::sync::Arc;

use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use waystation_ids::{AccountId, RequestId, UserId};
use waystation_ledger::{Hold, Reserve, Settled, Settlement};

use crate::connection::{DatabaseKind, Store};
pub(crate) use book_rows::{read_hold, select_holds};
pub(crate) use call_rows::{HOUR_MS, begun_hour_ms};
use lane::Lane;
pub use lane_metrics::LaneMetrics;
pub use order::{AdjustmentRecord, FundsAudit, FundsOrder, FundsReceipt, FundsTarget, LaneError};
use order::{Answer, Order, Reply};
pub(crate) use row_writer::{RowWriter, WhenThere, padded};
pub use sweep::{Lapsed, SweepReport};

/// Lanes on a database server; each has at most one transaction under way.
const SERVER_LANES: usize = 4;

/// The way to the books. Cheap to clone; the lanes end when the last clone is gone.
#[derive(Clone)]
pub struct LedgerLanes {
    store: Store,
    lanes: Arc<[Lane]>,
    metrics: Arc<LaneMetrics>,
}

impl LedgerLanes {
    /// Starts the lanes. The tasks end by themselves once every clone of the lanes is dropped and what was
    /// waiting has been answered.
    pub fn start(store: &Store) -> (Self, Vec<JoinHandle<()>>) {
        let count = match store.kind() {
            DatabaseKind::Sqlite => 1,
            DatabaseKind::MySql | DatabaseKind::Postgres => SERVER_LANES,
        };
        let metrics = Arc::new(LaneMetrics::default());
        let (lanes, tasks): (Vec<Lane>, Vec<JoinHandle<()>>) =
            (0..count).map(|_| Lane::start(store.clone(), metrics.clone())).unzip();
        (LedgerLanes { store: store.clone(), lanes: lanes.into(), metrics }, tasks)
    }

    /// What all lanes together have counted.
    pub fn metrics(&self) -> &LaneMetrics {
        &self.metrics
    }

    /// How many orders wait for their turn.
    pub fn waiting(&self) -> usize {
        self.lanes.iter().map(Lane::waiting).sum()
    }

    /// Admits a call. Committed when it returns: the upstream may be called.
    ///
    /// When the caller stops waiting, the hold is not taken, or given back.
    pub async fn reserve(&self, call: Reserve) -> Result<Hold, LaneError> {
        let (answer, waiting) = oneshot::channel();
        let lane = self.lane_of(call.user)?;
        let mut awaited = AwaitedHold { waiting, lane };
        lane.submit(Order::Reserve(Arc::new(call)), answer).await?;
        match (&mut awaited.waiting).await.map_err(|_| LaneError::Closed)?? {
            Reply::Held(hold) => Ok(hold),
            _ => Err(LaneError::Closed),
        }
    }

    /// Ends a call: posts or voids its hold and writes its row, its tries and the roll-ups. Repeating it is
    /// harmless and gives the first answer. When the caller stops waiting before it begins, it is not done.
    pub async fn settle(&self, settlement: Arc<Settlement>) -> Result<Settled, LaneError> {
        match self.run(settlement.record.user, Order::Settle(settlement)).await? {
            Reply::Settled(settled) => Ok(settled),
            _ => Err(LaneError::Closed),
        }
    }

    /// Credits or debits a user's account by hand, opening it where the order says so. Repeating an order with
    /// the same id gives the first answer.
    pub async fn move_funds(&self, order: FundsOrder) -> Result<FundsReceipt, LaneError> {
        match self.run(order.user, Order::MoveFunds(Box::new(order))).await? {
            Reply::Moved(receipt) => Ok(receipt),
            _ => Err(LaneError::Closed),
        }
    }

    /// Lets what an expired account has available run out. `cause` is a new operation id.
    pub async fn expire_account(
        &self,
        user: UserId,
        account: AccountId,
        cause: RequestId,
    ) -> Result<i64, LaneError> {
        match self.run(user, Order::ExpireAccount { user, account, cause: cause.uuid() }).await? {
            Reply::Amount(amount) => Ok(amount),
            _ => Err(LaneError::Closed),
        }
    }

    async fn run(&self, user: UserId, order: Order) -> Result<Reply, LaneError> {
        self.submit(user, order).await?.await.map_err(|_| LaneError::Closed)?
    }

    async fn submit(&self, user: UserId, order: Order) -> Result<oneshot::Receiver<Answer>, LaneError> {
        let (answer, waiting) = oneshot::channel();
        self.lane_of(user)?.submit(order, answer).await?;
        Ok(waiting)
    }

    fn lane_of(&self, user: UserId) -> Result<&Lane, LaneError> {
        let lane = usize::from(user.uuid().as_bytes()[14]) % self.lanes.len();
        self.lanes.get(lane).ok_or(LaneError::Closed)
    }
}

/// A hold somebody waits for. The lane sees that nobody waits only until it has answered; a hold that was answered
/// and never looked at is given back here.
struct AwaitedHold<'a> {
    waiting: oneshot::Receiver<Answer>,
    lane: &'a Lane,
}

impl Drop for AwaitedHold<'_> {
    fn drop(&mut self) {
        self.waiting.close();
        if let Ok(Ok(Reply::Held(hold))) = self.waiting.try_recv() {
            self.lane.give_back(&hold);
        }
    }
}
