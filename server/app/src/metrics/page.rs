//! The page of metrics: what was counted, and what is looked up when somebody asks.

use std::time::Duration;

use tokio::runtime::Handle;
use tokio::time::timeout;
use tracing::debug;
use waystation_metrics::Page;
use waystation_relay::Relay;
use waystation_store::{AuditKind, AuditOutcome, StoreError};

use crate::error::error_chain;
use crate::logging::lost_lines;
use crate::metrics::process::read_process;
use crate::state::App;

/// Whoever asks for the numbers does not wait for a database that does not answer.
const DATABASE_TIMEOUT: Duration = Duration::from_secs(2);

/// Writes all numbers.
pub(super) async fn write_page(app: &App, relay: &Relay) -> String {
    let mut page = Page::default();
    let version = env!("CARGO_PKG_VERSION");
    page.gauge_with("waystation_build_info", "The version that runs.", &[("version", version)], 1);
    write_calls(&mut page, app, relay);
    write_books(&mut page, app).await;
    write_connections(&mut page, app);
    write_process(&mut page, app);
    page.into_text()
}

fn write_calls(page: &mut Page, app: &App, relay: &Relay) {
    let metrics = &app.metrics;
    page.gauge(
        "waystation_live_calls",
        "Calls to models under way, settlements included.",
        relay.live_calls(),
    );
    page.counters("waystation_calls_total", "Ended calls, by how they ended.", "outcome", &metrics.calls);
    page.counters(
        "waystation_relay_answers_total",
        "Answers of the relay's routes, by the class of their status.",
        "class",
        &metrics.relay_answers,
    );
    page.counters(
        "waystation_management_answers_total",
        "Answers of all other routes, by the class of their status.",
        "class",
        &metrics.management_answers,
    );
    page.counter(
        "waystation_unauthorized_total",
        "Answers with status 401: a key or token that is not valid.",
        &metrics.unauthorized,
    );
    page.counters(
        "waystation_upstream_attempts_total",
        "Tries at upstreams, by how they ended.",
        "outcome",
        &metrics.attempts,
    );
}

async fn write_books(page: &mut Page, app: &App) {
    let (metrics, lanes) = (&app.metrics, app.lanes.metrics());
    page.counters("waystation_reserves_total", "Holds that were asked for.", "outcome", &metrics.reserves);
    page.histogram("waystation_reserve_seconds", "How long a hold took.", &metrics.reserve_time);
    page.counters("waystation_settlements_total", "Settlements.", "outcome", &metrics.settlements);
    page.histogram("waystation_settle_seconds", "How long a settlement took.", &metrics.settle_time);
    page.histogram("waystation_lane_batch_orders", "Orders in one transaction.", &lanes.batch_orders);
    page.histogram("waystation_lane_batch_seconds", "How long a transaction took.", &lanes.batch_time);
    page.counter("waystation_lane_failures_total", "Transactions that failed.", &lanes.repeats);
    page.gauge("waystation_lane_waiting", "Orders that wait for their turn.", app.lanes.waiting());
    page.gauge(
        "waystation_unsettled",
        "Settlements that wait on disk for the database.",
        app.unsettled.waiting(),
    );
    page.counters(
        "waystation_swept_holds_total",
        "Holds that the sweeper ended, by what had lapsed.",
        "cause",
        &metrics.swept_holds,
    );
    page.gauge(
        "waystation_audit_differences",
        "Differences that this instance's last audit found; anything but 0 is an alarm.",
        metrics.audit_differences.value(),
    );
    page.gauge(
        "waystation_durability_warnings",
        "Settings of the database with which a committed call may be lost; the log and doctor name them.",
        metrics.durability_warnings.value(),
    );
    page.counter("waystation_job_failures_total", "Runs of jobs that failed.", &metrics.job_failures);
    let counted = look_up(app.store.count_open_holds()).await;
    page.gauge(
        "waystation_database_up",
        "Whether the database answered just now.",
        u8::from(counted.is_some()),
    );
    if let Some((holds, oldest_ms)) = counted {
        page.gauge("waystation_open_holds", "Holds of all instances.", holds);
        page.gauge("waystation_oldest_hold_seconds", "The age of the oldest hold.", seconds(oldest_ms));
    }
    if let Some(outcomes) = look_up(app.store.list_audit_outcomes()).await {
        write_audits(page, &outcomes);
    }
}

/// What the database has, unless it does not give it in time.
async fn look_up<T>(answer: impl Future<Output = Result<T, StoreError>>) -> Option<T> {
    match timeout(DATABASE_TIMEOUT, answer).await {
        Ok(Ok(found)) => Some(found),
        Ok(Err(error)) => {
            debug!(error = error_chain(&error), "the database could not be asked for numbers");
            None
        }
        Err(_) => None,
    }
}

/// The same names before and after the first check.
fn write_audits(page: &mut Page, outcomes: &[AuditOutcome]) {
    let values = |value: fn(&AuditOutcome) -> i64| {
        AuditKind::ALL.map(|kind| {
            let outcome = outcomes.iter().find(|outcome| outcome.kind == kind);
            (kind.name(), outcome.map_or(0, value))
        })
    };
    page.gauges(
        "waystation_audit_findings",
        "What the site's last check of the books and of the audit log found; anything but 0 is an alarm.",
        "audit",
        values(|outcome| i64::try_from(outcome.findings).unwrap_or(i64::MAX)),
    );
    page.gauges(
        "waystation_audit_checked_timestamp_seconds",
        "When that check began, in unix seconds; 0: there was none.",
        "audit",
        values(|outcome| outcome.checked_at_ms / 1_000),
    );
}

fn write_connections(page: &mut Page, app: &App) {
    let metrics = &app.metrics;
    page.gauge("waystation_connections", "Open connections.", metrics.connections.value());
    page.counters(
        "waystation_refused_connections_total",
        "Connections closed at once, by the limit that they exceeded.",
        "limit",
        &metrics.refused_connections,
    );
}

fn write_process(page: &mut Page, app: &App) {
    let process = read_process();
    if let Some(bytes) = process.resident_bytes {
        page.gauge("process_resident_memory_bytes", "Memory in use.", bytes);
    }
    if let Some(cpu_ms) = process.cpu_ms {
        let cpu = seconds(i64::try_from(cpu_ms).unwrap_or(i64::MAX));
        page.growing("process_cpu_seconds_total", "Time on processors.", cpu);
    }
    if let Some(files) = process.open_files {
        page.gauge("process_open_fds", "Open files and connections.", files);
    }
    if let Some(files) = process.open_files_max {
        page.gauge("process_max_fds", "How many files and connections may be open.", files);
    }
    page.growing(
        "waystation_log_lines_lost_total",
        "Lines of the log that were lost because nobody read them in time.",
        lost_lines(),
    );
    let uptime = app.metrics.started.elapsed().as_secs();
    page.growing("waystation_uptime_seconds_total", "How long this process has run.", uptime);
    let tasks = Handle::current().metrics().num_alive_tasks();
    page.gauge("waystation_tasks", "Tasks under way inside the process.", tasks);
}

fn seconds(ms: i64) -> String {
    let ms = ms.max(0);
    format!("{}.{:03}", ms / 1_000, ms % 1_000)
}
