//! Reading the changes of all instances from the database.

use std::time::{Duration, Instant};

use tokio::sync::Mutex;
use tokio::time::timeout;
use tracing::{info, warn};
use waystation_store::{Change, Store, StoreError};

use crate::changes::window::ChangeWindow;
use crate::changes::{Changes, Notice};
use crate::error::error_chain;

/// A database that does not answer for so long is asked anew.
const READ_TIMEOUT: Duration = Duration::from_secs(3);
/// Rows are kept for an hour; after half of that nothing proves that all are still there.
const PAUSE_MAX_MS: i64 = 30 * 60 * 1_000;

/// The reading of changes, once a second.
pub(super) struct Poll {
    changes: Changes,
    store: Store,
    state: Mutex<PollState>,
}

#[derive(Default)]
struct PollState {
    window: ChangeWindow,
    is_failing: bool,
}

impl Poll {
    pub(super) fn new(changes: Changes, store: Store) -> Self {
        Poll { changes, store, state: Mutex::default() }
    }

    /// Reads what is new and tells of it.
    pub(super) async fn run(&self) {
        let mut state = self.state.lock().await;
        let begun = Instant::now();
        let read = timeout(READ_TIMEOUT, self.read(&state.window)).await;
        let failure = match read {
            Ok(Ok((now_ms, rows))) => {
                self.tell(&mut state.window, now_ms, rows).await;
                self.changes.freshness.confirm(begun);
                None
            }
            Ok(Err(error)) => Some(error_chain(&error)),
            Err(_) => Some("the database did not answer in time".to_owned()),
        };
        // Once at each end of a failure: a line a second would bury the others.
        match (failure, state.is_failing) {
            (Some(error), false) => warn!(error, "changes cannot be read: nothing remembered is believed"),
            (None, true) => info!("changes are read again"),
            (Some(_), true) | (None, false) => return,
        }
        state.is_failing = !state.is_failing;
    }

    async fn read(&self, window: &ChangeWindow) -> Result<(i64, Vec<Change>), StoreError> {
        let now_ms = self.store.now_ms().await?;
        let rows = self.store.list_changes_since(window.since_ms(now_ms)).await?;
        Ok((now_ms, rows))
    }

    async fn tell(&self, window: &mut ChangeWindow, now_ms: i64, rows: Vec<Change>) {
        let pause_ms = window.pause_ms(now_ms);
        let new = window.take_new(now_ms, rows);
        let notices: Option<Vec<Notice>> = new
            .into_iter()
            .map(|change| change.kind.map(|kind| Notice { kind, subject: change.subject }))
            .collect();
        match notices {
            Some(notices) if pause_ms <= PAUSE_MAX_MS => self.changes.tell(&notices).await,
            // The first reading, a long pause, or a kind of change that only a newer version knows.
            _ => self.changes.tell_of_anything().await,
        }
    }
}
