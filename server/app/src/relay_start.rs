//! Making the relay of this server.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::task::TaskTracker;
use waystation_relay::{Interrupted as RelayInterrupted, Relay, RelayError, RelayPorts, RelaySettings};

use crate::config::{BalanceStatus, Config, Interrupted};
use crate::relay_ports::{HostClock, HostRandomness, SiteBooks, SiteCalendar};
use crate::state::App;

/// The relay, with the books and callers of this site.
pub(crate) fn start_relay(app: &App) -> Result<Arc<Relay>, RelayError> {
    let ports = RelayPorts {
        books: Arc::new(SiteBooks(app.clone())),
        callers: app.keys.clone(),
        catalog: app.catalog.clone(),
        clock: Arc::new(HostClock),
        randomness: Arc::new(HostRandomness),
        calendar: Arc::new(SiteCalendar(app.config.site_time_zone.rules().clone())),
    };
    // Its own set of tasks: its end waits for every call, whatever else the server still does.
    Relay::new(app.instance, ports, relay_settings(&app.config), TaskTracker::new())
}

fn relay_settings(config: &Config) -> RelaySettings {
    RelaySettings {
        connect_time: Duration::from_millis(config.relay_connect_ms),
        first_byte_time: Duration::from_millis(config.relay_first_byte_ms),
        idle_time: Duration::from_millis(config.relay_idle_ms),
        total_time: Duration::from_millis(config.relay_total_ms),
        keep_alive_interval: Duration::from_millis(config.relay_keep_alive_ms),
        write_stall_time: Duration::from_millis(config.limits_write_stall_ms),
        event_bytes_max: config.relay_max_event_bytes,
        settle_time: Duration::from_millis(config.relay_settle_ms),
        request_bytes_max: config.relay_max_body_bytes,
        balance_status: match config.compat_balance_status {
            BalanceStatus::PaymentRequired => 402,
            BalanceStatus::TooManyRequests => 429,
        },
        clamp: config.billing_clamp,
        interrupted: match config.billing_interrupted {
            Interrupted::Evidence => RelayInterrupted::Evidence,
            Interrupted::FullHold => RelayInterrupted::FullHold,
        },
        show_cost: config.billing_show_cost,
        ..RelaySettings::default()
    }
}
