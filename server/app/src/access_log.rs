//! The access log: one line for each request. Who called, what for and how it ended; never a body, a key or a query.

use std::net::IpAddr;
use std::time::Duration;

use axum::http::Method;
use tracing::{debug, info};
use waystation_ids::RequestId;
use waystation_ledger::{CallRecord, Settled, Settlement};

/// A request that has been answered.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AnsweredRequest<'a> {
    /// Its id.
    pub(crate) id: RequestId,
    /// Where it came from.
    pub(crate) client: Option<IpAddr>,
    /// Its method.
    pub(crate) method: &'a Method,
    /// Its path, without the query.
    pub(crate) path: &'a str,
    /// The status of its answer.
    pub(crate) status: u16,
    /// How long the answer took to begin.
    pub(crate) duration: Duration,
}

/// Logs a request other than a held call. Probes come every few seconds and say nothing while all is well.
pub(crate) fn log_request(request: &AnsweredRequest<'_>) {
    let AnsweredRequest { id, client, method, path, status, duration } = request;
    let client = client.map(tracing::field::display);
    let ms = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    if matches!(*path, "/healthz" | "/readyz" | "/metrics") && *status < 400 {
        debug!(target: "waystation::access", request = %id, client, %method, path, status, ms, "probe");
    } else {
        info!(target: "waystation::access", request = %id, client, %method, path, status, ms, "request");
    }
}

/// Logs a held call, when it is settled; without `settled` its settlement waits for the database.
pub(crate) fn log_call(settlement: &Settlement, settled: Option<&Settled>) {
    let record = &settlement.record;
    info!(
        target: "waystation::access",
        request = %record.request,
        client = record.client_ip,
        method = record.method,
        path = record.route,
        status = record.status_code,
        ms = record.duration_ms,
        first_byte_ms = record.first_byte_ms,
        outcome = record.status.name(),
        error = record.error_code,
        user = %record.user,
        key = %record.key,
        model = record.model_asked,
        channel = record.channel.map(tracing::field::display),
        attempts = settlement.attempts.len(),
        stream = record.stream,
        input_tokens = count_tokens(record, true),
        output_tokens = count_tokens(record, false),
        cost = settled.map(|settled| tracing::field::display(settled.cost)),
        charged = settled.map(|settled| tracing::field::display(settled.charged)),
        "call"
    );
}

fn count_tokens(record: &CallRecord, is_input: bool) -> u64 {
    let tokens = record.usage.tokens.iter();
    tokens.filter(|(bucket, _)| bucket.is_input() == is_input).map(|(_, tokens)| tokens).sum()
}
