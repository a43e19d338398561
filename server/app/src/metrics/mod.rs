//! What the server counts about itself, and where it can be read.

mod page;
mod process;
mod routes;

use std::time::Instant;

use waystation_ledger::{AttemptRecord, CallRecord};
use waystation_metrics::{Counter, Gauge, Histogram, LabelledCounters};

pub(crate) use routes::{listen_for_metrics, metrics_routes};

/// The numbers of this process. Each is counted where it happens, at the price of an addition.
#[derive(Debug)]
pub(crate) struct Metrics {
    /// When the process began, for rates over its whole life.
    pub(crate) started: Instant,
    /// Answers of the relay's routes, by the class of their status.
    pub(crate) relay_answers: LabelledCounters,
    /// Answers of all other routes, by the class of their status.
    pub(crate) management_answers: LabelledCounters,
    /// Answers of either kind that say who is asking is not known.
    pub(crate) unauthorized: Counter,
    /// What became of holds that were asked for.
    pub(crate) reserves: LabelledCounters,
    /// How long a hold took.
    pub(crate) reserve_time: Histogram,
    /// What became of settlements.
    pub(crate) settlements: LabelledCounters,
    /// How long a settlement took.
    pub(crate) settle_time: Histogram,
    /// How ended calls ended.
    pub(crate) calls: LabelledCounters,
    /// How their tries at upstreams ended.
    pub(crate) attempts: LabelledCounters,
    /// Holds that the sweeper ended, and why.
    pub(crate) swept_holds: LabelledCounters,
    /// Differences that this instance's last audit found.
    pub(crate) audit_differences: Gauge,
    /// Settings of the database that are weaker than what the server promises.
    pub(crate) durability_warnings: Gauge,
    /// Runs of jobs that failed.
    pub(crate) job_failures: Counter,
    /// Connections that are open.
    pub(crate) connections: Gauge,
    /// Connections that were closed at once, by the limit that they exceeded.
    pub(crate) refused_connections: LabelledCounters,
}

const STATUS_CLASSES: &[&str] = &["1xx", "2xx", "3xx", "4xx", "5xx"];
/// The codes of failed tries and of tries that were given up.
const ATTEMPT_OUTCOMES: &[&str] = &[
    "ok",
    "connect_failed",
    "not_an_answer",
    "server_error",
    "timeout",
    "rate_limited",
    "account_refused",
    "redirect_refused",
    "request_rejected",
    "caller_gone",
    "server_shutdown",
    "lease_lost",
];

impl Default for Metrics {
    fn default() -> Self {
        Metrics {
            started: Instant::now(),
            relay_answers: LabelledCounters::new(STATUS_CLASSES),
            management_answers: LabelledCounters::new(STATUS_CLASSES),
            unauthorized: Counter::default(),
            reserves: LabelledCounters::new(&["held", "refused", "unavailable"]),
            reserve_time: Histogram::of_times(),
            settlements: LabelledCounters::new(&["settled", "refused", "unavailable", "kept"]),
            settle_time: Histogram::of_times(),
            calls: LabelledCounters::new(&["ok", "failed", "interrupted", "cancelled"]),
            attempts: LabelledCounters::new(ATTEMPT_OUTCOMES),
            swept_holds: LabelledCounters::new(&["deadline", "lease"]),
            audit_differences: Gauge::default(),
            durability_warnings: Gauge::default(),
            job_failures: Counter::default(),
            connections: Gauge::default(),
            refused_connections: LabelledCounters::new(&["all", "peer"]),
        }
    }
}

impl Metrics {
    /// Counts an answer by its status.
    pub(crate) fn count_answer(&self, is_relay: bool, status: u16) {
        let class = match status {
            100..=199 => "1xx",
            200..=299 => "2xx",
            300..=399 => "3xx",
            400..=499 => "4xx",
            _ => "5xx",
        };
        let answers = if is_relay { &self.relay_answers } else { &self.management_answers };
        answers.increment(class);
        if status == 401 {
            self.unauthorized.increment();
        }
    }

    /// Counts a call that has ended, with its tries.
    pub(crate) fn count_call(&self, record: &CallRecord, attempts: &[AttemptRecord]) {
        self.calls.increment(record.status.name());
        for attempt in attempts {
            self.attempts.increment(attempt.error_code.as_deref().unwrap_or("ok"));
        }
    }
}
