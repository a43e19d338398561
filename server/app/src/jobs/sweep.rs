//! Ending what nobody will end any more.

use tracing::{error, warn};

use crate::jobs::JobError;
use crate::state::App;

/// Ends holds that are past their deadline or whose instance is gone.
pub(crate) async fn sweep_holds(app: &App) -> Result<(), JobError> {
    // What this instance has yet to settle goes first: after a long outage its own lease has lapsed too, and its
    // holds would be ended as lost. A file that cannot be read must not keep others' holds from ending.
    if let Err(source) = app.unsettled.repeat(&app.lanes).await {
        error!(error = %source, "unsettled.log cannot be worked on");
    }
    let report = app.lanes.sweep(app.config.billing_crashed.into()).await?;
    for lapsed in &report.ended {
        app.metrics.swept_holds.increment(if lapsed.past_deadline { "deadline" } else { "lease" });
        warn!(request = %lapsed.request, past_deadline = lapsed.past_deadline, "a hold was ended by the sweeper");
    }
    Ok(())
}

/// Repeats the settlements that the database has not taken yet.
pub(crate) async fn repeat_settlements(app: &App) -> Result<(), JobError> {
    app.unsettled.repeat(&app.lanes).await?;
    Ok(())
}
