//! Ending what nobody will end any more.

use tracing::warn;

use crate::jobs::JobError;
use crate::state::App;

/// Ends holds that are past their deadline or whose instance is gone.
pub(crate) async fn sweep_holds(app: &App) -> Result<(), JobError> {
    let report = app.lanes.sweep(app.config.billing_crashed.into()).await?;
    for lapsed in &report.ended {
        warn!(request = %lapsed.request, past_deadline = lapsed.past_deadline, "a hold was ended by the sweeper");
    }
    Ok(())
}

/// Repeats the settlements that the database has not taken yet.
pub(crate) async fn repeat_settlements(app: &App) -> Result<(), JobError> {
    app.unsettled.repeat(&app.lanes).await?;
    Ok(())
}
