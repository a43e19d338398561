//! This host's clock.

use std::time::{SystemTime, UNIX_EPOCH};

/// Now, in unix milliseconds of this host. Whatever the books decide by time uses the database's clock instead.
pub(crate) fn now_ms() -> i64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .ok()
        .and_then(|elapsed| i64::try_from(elapsed.as_millis()).ok())
        .unwrap_or(0)
}
