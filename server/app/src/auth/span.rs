//! How long sessions go on.

use std::num::NonZeroU32;

use waystation_store::SessionSpan;

use crate::state::App;

const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

/// How long browsers stay signed in.
pub(crate) fn browser_span(app: &App) -> SessionSpan {
    SessionSpan {
        idle_ms: days_ms(app.config.sessions_idle_days),
        max_ms: days_ms(app.config.sessions_max_days),
    }
}

/// How long devices and programs stay signed in: as long as they come back.
pub(crate) fn device_span(app: &App) -> SessionSpan {
    SessionSpan { idle_ms: days_ms(app.config.sessions_device_days), max_ms: i64::MAX }
}

fn days_ms(days: NonZeroU32) -> i64 {
    i64::from(days.get()) * DAY_MS
}
