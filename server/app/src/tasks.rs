//! Every task the server runs beside its requests, so that stopping waits for all of them.

use std::future::Future;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{Instrument, debug, info_span};

use crate::error::ApiError;

/// The set of background tasks. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tasks {
    tracker: TaskTracker,
    draining: CancellationToken,
    stopping: CancellationToken,
}

impl Tasks {
    /// Starts a task that is waited for at the end; it should end soon after [`Tasks::stopping`] says so.
    pub(crate) fn spawn(&self, name: &'static str, task: impl Future<Output = ()> + Send + 'static) {
        self.tracker.spawn(task.instrument(info_span!("task", name)));
    }

    /// Does something to its end, whether or not the caller who waits for it goes away meanwhile.
    pub(crate) async fn run_to_end<T: Send + 'static>(
        &self,
        name: &'static str,
        task: impl Future<Output = Result<T, ApiError>> + Send + 'static,
    ) -> Result<T, ApiError> {
        // A task is not stopped by letting go of it.
        let ended = self.tracker.spawn(task.instrument(info_span!("task", name))).await;
        ended.unwrap_or_else(|error| Err(ApiError::internal(error)))
    }

    /// Runs `step` again and again, `every` after it ended, until the server stops.
    pub(crate) fn spawn_repeating<F, S>(&self, name: &'static str, every: Duration, mut step: S)
    where
        S: FnMut() -> F + Send + 'static,
        F: Future<Output = ()> + Send,
    {
        let stopping = self.stopping.clone();
        self.spawn(name, async move {
            loop {
                step().await;
                tokio::select! {
                    () = stopping.cancelled() => break,
                    () = tokio::time::sleep(every) => {}
                }
            }
        });
    }

    /// The server takes no new calls; jobs go on until what is under way has ended.
    pub(crate) fn begin_drain(&self) {
        self.draining.cancel();
    }

    /// Whether the server takes no new calls.
    pub(crate) fn is_draining(&self) -> bool {
        self.draining.is_cancelled()
    }

    /// Ends when jobs should end.
    pub(crate) fn stopping(&self) -> &CancellationToken {
        &self.stopping
    }

    /// Tells every task to end.
    pub(crate) fn stop(&self) {
        self.stopping.cancel();
        self.tracker.close();
    }

    /// Waits until every task has ended, or the time is over; says which.
    pub(crate) async fn wait(&self, at_most: Duration) -> bool {
        let all_ended = tokio::time::timeout(at_most, self.tracker.wait()).await.is_ok();
        debug!(all_ended, left = self.tracker.len(), "tasks were told to end");
        all_ended
    }
}
