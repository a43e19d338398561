//! Dropping what has served its purpose.

use tracing::debug;

use crate::jobs::JobError;
use crate::state::App;

/// Every instance reads changes within seconds; one that was cut off for longer reads everything anew.
const CHANGES_KEPT_MS: i64 = 60 * 60 * 1_000;

/// Drops changes that every instance has read, and idempotency records that are no longer promised.
pub(crate) async fn prune_records(app: &App) -> Result<(), JobError> {
    let now_ms = app.store.now_ms().await?;
    let changes = app.store.prune_changes(now_ms.saturating_sub(CHANGES_KEPT_MS)).await?;
    let writes = app.store.prune_writes().await?;
    debug!(changes, writes, "old records are dropped");
    Ok(())
}
