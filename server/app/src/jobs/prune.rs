//! Dropping what has served its purpose.

use tracing::debug;

use crate::jobs::JobError;
use crate::state::App;

/// Every instance reads changes within seconds; one that was cut off for longer reads everything anew.
const CHANGES_KEPT_MS: i64 = 60 * 60 * 1_000;

/// So long after they ended by themselves.
const SESSIONS_KEPT_MS: i64 = 90 * 24 * 60 * 60 * 1_000;
/// A write holds the database for a short time only.
const PRUNED_AT_ONCE: u64 = 500;

/// Drops changes that every instance has read, idempotency records that are no longer promised, and
/// sessions and steps of a sign-in whose time is over.
pub(crate) async fn prune_records(app: &App) -> Result<(), JobError> {
    let now_ms = app.store.now_ms().await?;
    let changes = app.store.prune_changes(now_ms.saturating_sub(CHANGES_KEPT_MS)).await?;
    let writes = app.store.prune_writes().await?;
    let steps = app.store.prune_pending(PRUNED_AT_ONCE).await?;
    let sessions = app.store.prune_sessions(now_ms.saturating_sub(SESSIONS_KEPT_MS), PRUNED_AT_ONCE).await?;
    debug!(changes, writes, steps, sessions, "old records are dropped");
    Ok(())
}
