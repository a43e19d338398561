//! Looking whether the books balance.

use tracing::error;

use crate::audits::{check_what_is_due, note_ledger_differences};
use crate::jobs::JobError;
use crate::state::App;

/// Audits what changed since it was last found right.
pub(crate) async fn audit_changes(app: &App) -> Result<(), JobError> {
    let report = app.store.audit_ledger_changes().await?;
    app.metrics.audit_differences.set(report.difference_count);
    for difference in &report.differences {
        error!(?difference, "the books do not balance");
    }
    if !report.is_clean() {
        error!(
            differences = report.difference_count,
            "the books do not balance: run waystation ledger audit"
        );
        note_ledger_differences(app, &report).await?;
    }
    Ok(())
}

/// Checks the books and the audit log as far as that is due. It only reads, so that stopping need not wait for it.
pub(crate) async fn check_site(app: &App) -> Result<(), JobError> {
    tokio::select! {
        () = app.tasks.stopping().cancelled() => Ok(()),
        checked = check_what_is_due(app) => Ok(checked?),
    }
}
