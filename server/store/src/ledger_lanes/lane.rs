//! One lane: collects what is waiting, runs it, repeats what may be repeated, and answers.

use std::sync::Arc;
use std::time::Duration;

use sea_orm::DbErr;
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};
use waystation_ledger::Hold;

use crate::connection::{DatabaseKind, Store};
use crate::error::StoreError;
use crate::ledger_lanes::batch::{BatchFailure, run_batch};
use crate::ledger_lanes::lane_metrics::LaneMetrics;
use crate::ledger_lanes::order::{Answer, LaneError, Order, Reply, Waiting};

const BATCH_MAX: usize = 256;
const WAITING_MAX: usize = 4_096;
const REPEATS_MAX: u32 = 5;
const REPEAT_FOR: Duration = Duration::from_secs(2);
/// How many forgotten holds a lane remembers to give back; the sweeper ends those beyond.
const FORGOTTEN_MAX: usize = 10_000;
/// From so many operations in a batch on, a lane with a thread of its own pauses for so long before the next.
const GATHERED_FROM: usize = 4;
const GATHERED_FOR: Duration = Duration::from_micros(100);
/// After how many operations a file's journal is merged.
const OPERATIONS_A_MERGE: usize = 2_000;

/// The sending side of a lane.
#[derive(Clone)]
pub(crate) struct Lane {
    queue: mpsc::Sender<Waiting>,
}

impl Lane {
    pub fn start(store: Store, metrics: Arc<LaneMetrics>) -> (Self, JoinHandle<()>) {
        let (queue, waiting) = mpsc::channel(WAITING_MAX);
        let (merges, due) = mpsc::channel(1);
        let is_file = store.kind() == DatabaseKind::Sqlite;
        let merging = store.clone();
        let runner = Runner {
            store,
            waiting,
            queue: queue.downgrade(),
            has_own_thread: is_file,
            forgotten: Vec::new(),
            jitter: 0x9e37_79b9,
            unmerged: 0,
            merges,
            metrics,
        };
        if !is_file {
            return (Lane { queue }, tokio::spawn(runner.run()));
        }
        tokio::task::spawn_blocking(move || merge_journal(&merging, due));
        // Statements on a file run in the thread that asks for them: the lane has one of its own.
        let runtime = Handle::current();
        (Lane { queue }, tokio::task::spawn_blocking(move || runtime.block_on(runner.run())))
    }

    pub async fn submit(&self, order: Order, answer: oneshot::Sender<Answer>) -> Result<(), LaneError> {
        self.queue.send(Waiting { order, answer }).await.map_err(|_| LaneError::Closed)
    }

    /// How many orders wait for their turn.
    pub fn waiting(&self) -> usize {
        self.queue.max_capacity() - self.queue.capacity()
    }

    /// Gives back a hold that nobody will use, without waiting for it.
    pub fn give_back(&self, hold: &Hold) {
        let (answer, _) = oneshot::channel();
        let order = Order::Release { user: hold.user, request: hold.request };
        if self.queue.try_send(Waiting { order, answer }).is_err() {
            tracing::warn!(request = %hold.request, "a hold nobody uses is left to the sweeper: the lane is full");
        }
    }
}

struct Runner {
    store: Store,
    waiting: mpsc::Receiver<Waiting>,
    /// The other end of it, which does not keep the lane from ending.
    queue: mpsc::WeakSender<Waiting>,
    /// Whether the lane runs in a thread beside those of the runtime.
    has_own_thread: bool,
    /// Holds that may have been committed though their callers were told otherwise.
    forgotten: Vec<Order>,
    jitter: u32,
    /// Operations since the journal was last merged.
    unmerged: usize,
    /// Asks for the journal to be merged, beside the writer: within a commit it would make everybody wait.
    merges: mpsc::Sender<()>,
    metrics: Arc<LaneMetrics>,
}

/// Merges a file's journal whenever it is due, until the lane ends.
fn merge_journal(store: &Store, mut due: mpsc::Receiver<()>) {
    let Some(opened) = store.open_journal() else { return };
    let journal = match opened {
        Ok(journal) => journal,
        Err(error) => {
            tracing::warn!(%error, "the journal will be merged by commits: it has no connection of its own");
            return;
        }
    };
    while due.blocking_recv().is_some() {
        if let Err(error) = journal.merge() {
            tracing::warn!(%error, "the journal could not be merged");
        }
    }
}

fn give_answers(answered: Vec<(Waiting, Answer)>, queue: &mpsc::WeakSender<Waiting>) {
    for (waiting, answer) in answered {
        let is_reserve = matches!(waiting.order, Order::Reserve(_));
        if let Err(Ok(Reply::Held(hold))) = waiting.answer.send(answer)
            && is_reserve
            // Without a lane the server has ended; the sweeper then finds the hold.
            && let Some(queue) = queue.upgrade()
        {
            // The caller left between the commit and the answer.
            Lane { queue }.give_back(&hold);
        }
    }
}

impl Runner {
    async fn run(mut self) {
        let mut batch = Vec::with_capacity(BATCH_MAX);
        loop {
            let count = self.waiting.recv_many(&mut batch, BATCH_MAX).await;
            if count == 0 {
                return;
            }
            self.metrics.batch_orders.observe(count as u64);
            let begun = Instant::now();
            self.run_and_answer(&mut batch).await;
            self.metrics.batch_time.observe_time(begun.elapsed());
            self.give_back_forgotten().await;
            self.gather(count);
            self.unmerged += count;
            if self.unmerged >= OPERATIONS_A_MERGE {
                self.unmerged = 0;
                // Not where one is under way: it will be asked for again.
                let _ = self.merges.try_send(());
            }
        }
    }

    async fn run_and_answer(&mut self, batch: &mut Vec<Waiting>) {
        let (orders, ran) = loop {
            batch.retain(|waiting| !is_withdrawn(waiting));
            if batch.is_empty() {
                return;
            }
            let orders: Vec<Order> = batch.iter().map(|waiting| waiting.order.clone()).collect();
            match self.repeat(&orders, false, &|| batch.iter().any(is_withdrawn)).await {
                // The others run again without it.
                Ok(None) => {}
                Ok(Some(answers)) => break (orders, Ok(answers)),
                Err(failure) => break (orders, Err(failure)),
            }
        };
        let answers = match ran {
            Ok(answers) => answers,
            Err(failure) if failure.poisoned && orders.len() > 1 => {
                self.run_one_by_one(batch, &orders, failure.commit_unknown).await
            }
            Err(failure) => {
                self.remember_holds(&orders, &failure);
                let error = LaneError::Unavailable(failure.error);
                orders.iter().map(|_| Err(error.clone())).collect()
            }
        };
        let answered: Vec<(Waiting, Answer)> = batch.drain(..).zip(answers).collect();
        let queue = self.queue.clone();
        if self.has_own_thread {
            // From outside of the runtime each answer would wake a thread of it; so one does, and gives them all.
            tokio::spawn(async move { give_answers(answered, &queue) });
        } else {
            give_answers(answered, &queue);
        }
    }

    /// Under load, lets the callers that were just answered come again: more operations then share the next commit,
    /// which costs less than they lose by waiting.
    fn gather(&self, count: usize) {
        if self.has_own_thread && count >= GATHERED_FROM {
            std::thread::sleep(GATHERED_FOR);
        }
    }

    /// Runs the batch until it is committed, refused by the database for a lasting reason, or out of time; gives
    /// nothing where an order was withdrawn meanwhile. With `verify`, a run before this may have been committed.
    async fn repeat(
        &mut self,
        orders: &[Order],
        mut verify: bool,
        is_withdrawn: &(dyn Fn() -> bool + Sync),
    ) -> Result<Option<Vec<Answer>>, BatchFailure> {
        let until = Instant::now() + REPEAT_FOR;
        let mut repeats = 0;
        loop {
            let failure = match run_batch(&self.store, orders, verify, is_withdrawn).await {
                Ok(answers) => return Ok(answers),
                Err(failure) => failure,
            };
            let passing = failure.commit_unknown || is_passing(&failure.error);
            // Whether an unanswered commit happened is read back under the same locks before running again.
            verify |= failure.commit_unknown;
            repeats += 1;
            self.metrics.repeats.increment();
            if !passing || repeats > REPEATS_MAX || Instant::now() >= until {
                return Err(BatchFailure { commit_unknown: verify, poisoned: !passing, ..failure });
            }
            sleep(self.next_pause(repeats)).await;
        }
    }

    /// After an error that repeating does not mend: each order alone, so that only the offender gets it. With
    /// `verify`, all of them may have been committed together before.
    async fn run_one_by_one(&mut self, batch: &[Waiting], orders: &[Order], verify: bool) -> Vec<Answer> {
        let mut answers = Vec::with_capacity(orders.len());
        for (waiting, order) in batch.iter().zip(orders) {
            let alone = std::slice::from_ref(order);
            let answer = match self.repeat(alone, verify, &|| is_withdrawn(waiting)).await {
                Ok(answers) => answers.and_then(|mut all| all.pop()).unwrap_or(Err(LaneError::Closed)),
                Err(failure) => {
                    self.remember_holds(alone, &failure);
                    Err(LaneError::Unavailable(failure.error))
                }
            };
            answers.push(answer);
        }
        answers
    }

    fn remember_holds(&mut self, orders: &[Order], failure: &BatchFailure) {
        let holds = orders.iter().filter_map(|order| match order {
            Order::Reserve(call) if failure.commit_unknown => {
                Some(Order::Release { user: call.user, request: call.request })
            }
            Order::Release { .. } => Some(order.clone()),
            _ => None,
        });
        self.forgotten.extend(holds);
    }

    async fn give_back_forgotten(&mut self) {
        if self.forgotten.is_empty() {
            return;
        }
        let count = self.forgotten.len().min(BATCH_MAX);
        let orders: Vec<Order> = self.forgotten.drain(..count).collect();
        if run_batch(&self.store, &orders, true, &|| false).await.is_err() {
            self.forgotten.extend(orders);
            if self.forgotten.len() > FORGOTTEN_MAX {
                tracing::error!(
                    "too many holds wait to be given back; the sweeper ends them at their deadline"
                );
                self.forgotten.truncate(FORGOTTEN_MAX);
            }
        }
    }

    /// 4 to 64 ms and more with each repeat, spread so that two lanes do not meet again.
    fn next_pause(&mut self, repeats: u32) -> Duration {
        self.jitter ^= self.jitter << 13;
        self.jitter ^= self.jitter >> 17;
        self.jitter ^= self.jitter << 5;
        let most = 8_u64 << repeats.min(5);
        Duration::from_millis(4 + u64::from(self.jitter) % most)
    }
}

/// Whether nobody waits for what can still be left undone: a caller who no longer waits has said something else to
/// its own caller meanwhile.
fn is_withdrawn(waiting: &Waiting) -> bool {
    matches!(waiting.order, Order::Reserve(_) | Order::Settle(_)) && waiting.answer.is_closed()
}

/// Whether running the same transaction again may succeed: deadlock, lock time-out, serialisation failure, busy, or
/// a connection that went away.
fn is_passing(error: &StoreError) -> bool {
    matches!(error, StoreError::Unavailable(_))
}

impl From<DbErr> for BatchFailure {
    fn from(error: DbErr) -> Self {
        StoreError::from(error).into()
    }
}

impl From<StoreError> for BatchFailure {
    fn from(error: StoreError) -> Self {
        BatchFailure { error: Arc::new(error), commit_unknown: false, poisoned: false }
    }
}
