//! Transactions that the database took back for another's sake, run again.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::connection::Store;
use crate::error::StoreError;
use crate::identities::{LinkIdentityError, UnlinkIdentityError};
use crate::keys::ChangeKeyError;
use crate::newcomers::EnterError;
use crate::passwords::ChangePasswordError;
use crate::users::UpdateUserError;

const REPEATS_MAX: u32 = 8;
const REPEAT_FOR: Duration = Duration::from_secs(4);

/// An error that may tell of a transaction taken back.
pub(crate) trait TakenBack {
    /// Whether the database took the whole transaction back and said so: run again, it may succeed, and nothing is
    /// done twice.
    fn is_taken_back(&self) -> bool;
}

impl TakenBack for StoreError {
    fn is_taken_back(&self) -> bool {
        StoreError::is_taken_back(self)
    }
}

impl TakenBack for UpdateUserError {
    fn is_taken_back(&self) -> bool {
        matches!(self, UpdateUserError::Store(error) if error.is_taken_back())
    }
}

impl TakenBack for ChangeKeyError {
    fn is_taken_back(&self) -> bool {
        matches!(self, ChangeKeyError::Store(error) if error.is_taken_back())
    }
}

impl TakenBack for ChangePasswordError {
    fn is_taken_back(&self) -> bool {
        matches!(self, ChangePasswordError::Store(error) if error.is_taken_back())
    }
}

impl TakenBack for EnterError {
    fn is_taken_back(&self) -> bool {
        matches!(self, EnterError::Store(error) if error.is_taken_back())
    }
}

impl TakenBack for LinkIdentityError {
    fn is_taken_back(&self) -> bool {
        matches!(self, LinkIdentityError::Store(error) if error.is_taken_back())
    }
}

impl TakenBack for UnlinkIdentityError {
    fn is_taken_back(&self) -> bool {
        matches!(self, UnlinkIdentityError::Store(error) if error.is_taken_back())
    }
}

impl Store {
    /// Runs a transaction, from its beginning to its commit, until the database does not take it back. Servers end one
    /// of two transactions that wait for each other, whichever they like: that is no failure of what was asked.
    pub(crate) async fn repeat<T, E, F>(&self, transaction: impl Fn() -> F) -> Result<T, E>
    where
        E: TakenBack,
        F: Future<Output = Result<T, E>>,
    {
        let until = Instant::now() + REPEAT_FOR;
        let mut repeats = 0;
        loop {
            match transaction().await {
                Err(error) if error.is_taken_back() && repeats < REPEATS_MAX && Instant::now() < until => {
                    repeats += 1;
                    sleep(pause(repeats)).await;
                }
                ended => return ended,
            }
        }
    }
}

/// Longer with each repeat. The nanoseconds of the clock spread those who were taken back together.
fn pause(repeats: u32) -> Duration {
    let spread = std::time::SystemTime::UNIX_EPOCH.elapsed().map_or(0, |elapsed| elapsed.subsec_nanos());
    Duration::from_micros(2_000 + u64::from(spread / 7) % (4_000 << repeats.min(5)))
}
