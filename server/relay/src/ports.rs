//! What the relay needs of the rest of the server.

use std::io;
use std::sync::Arc;

use async_trait::async_trait;
use thiserror::Error;
use waystation_ledger::{BudgetPeriod, Hold, Refusal, Reserve, Settled, Settlement};

use crate::caller::Caller;
use crate::catalog::{Model, Route};

/// The books, as far as calls are concerned.
#[async_trait]
pub trait Books: Send + Sync {
    /// Takes the most a call can cost out of reach. When this gives a hold, it is committed.
    async fn reserve(&self, call: Reserve) -> Result<Hold, ReserveError>;

    /// Ends a call: posts what it cost or voids it, and writes its row. Idempotent on the request id; when it
    /// gives an answer, that is committed. Dropping the future withdraws a settlement that has not begun.
    async fn settle(&self, settlement: Arc<Settlement>) -> Result<Settled, SettleError>;

    /// Keeps a settlement that could not be committed where it survives this process (appended and flushed to
    /// disk), to be repeated until it is. Blocks; the relay calls it where blocking is allowed.
    fn keep_unsettled(&self, settlement: &Settlement) -> io::Result<()>;

    /// Whether this instance still holds its lease. Without it, holds may be ended by others at any moment.
    fn may_relay(&self) -> bool;
}

/// Why a call was not admitted by the books.
#[derive(Debug, Error)]
pub enum ReserveError {
    /// The books refused, and nothing has changed.
    #[error("the books refused the hold")]
    Refused(#[source] Refusal),
    /// The books did not answer. If a hold was made all the same, its deadline ends it.
    #[error("the books did not answer")]
    Unavailable,
}

/// Why a call was not settled.
#[derive(Debug, Error)]
pub enum SettleError {
    /// The books refused: repeating does not help.
    #[error("the books refused the settlement")]
    Refused(#[source] Refusal),
    /// The books did not answer: repeat it.
    #[error("the books did not answer")]
    Unavailable,
}

/// Who calls.
#[async_trait]
pub trait Callers: Send + Sync {
    /// The caller whose key this is.
    async fn caller(&self, credential: &str) -> Result<Arc<Caller>, CallerError>;
}

/// Why a caller is not known.
#[derive(Debug, Error)]
pub enum CallerError {
    /// The key is unknown, malformed, revoked, expired or disabled, or its user is.
    #[error("the key is not valid")]
    Invalid,
    /// It cannot be told whether the key is valid.
    #[error("keys cannot be checked")]
    Unavailable,
}

/// Models and the ways to them.
#[async_trait]
pub trait Catalog: Send + Sync {
    /// The active model of this name, with its current price.
    async fn model(&self, name: &str) -> Result<Option<Arc<Model>>, CatalogError>;

    /// The active, priced models this caller may use, by name.
    async fn models_for(&self, caller: &Caller) -> Result<Vec<Arc<Model>>, CatalogError>;

    /// The active ways to a model, in any order.
    async fn routes(&self, model: &str) -> Result<Arc<[Route]>, CatalogError>;
}

/// The catalogue cannot be read, and what is cached of it may not be believed any more.
#[derive(Debug, Error)]
#[error("the catalogue cannot be read")]
pub struct CatalogError;

/// This host's clock.
pub trait Clock: Send + Sync {
    /// Unix milliseconds.
    fn now_ms(&self) -> i64;
}

/// A source of randomness. It chooses among channels; nothing secret is made of it.
pub trait Randomness: Send + Sync {
    /// Fills `bytes`.
    fn fill(&self, bytes: &mut [u8]);
}

/// Days and months of the site's time zone.
pub trait BudgetCalendar: Send + Sync {
    /// The period of this kind that `now_ms` lies in.
    fn span(&self, period: BudgetPeriod, now_ms: i64) -> BudgetSpan;
}

/// One period of a budget, in unix milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BudgetSpan {
    /// Its first moment; 0 for a total.
    pub start_ms: i64,
    /// The first moment of the next one; none for a total.
    pub end_ms: Option<i64>,
}
