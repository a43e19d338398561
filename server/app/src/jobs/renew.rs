//! Saying that this instance lives.

use std::time::Instant;

use crate::jobs::JobError;
use crate::state::App;

/// Renews the instance's lease. What counts is when the renewal began: the database may have done it then.
pub(crate) async fn renew_instance(app: &App) -> Result<(), JobError> {
    let begun = Instant::now();
    app.store.renew_instance(app.instance, &host_name(), env!("CARGO_PKG_VERSION")).await?;
    app.instance_lease.note_renewal(begun);
    Ok(())
}

fn host_name() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    name.trim().chars().take(255).collect()
}
