//! A call whose hold must be ended: its row as it grows, and the end of it.

use std::io;
use std::mem;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::time::{Instant, sleep, timeout_at};
use waystation_ledger::{AttemptRecord, CallRecord, CallStatus, Settled, Settlement, UsageRecord};
use waystation_pricing::{Cost, Usage};

use crate::failure::Failure;
use crate::ports::SettleError;
use crate::relay::Relay;
use crate::ways::Way;

/// Pause between two tries to settle while the books do not answer.
const SETTLE_PAUSE: Duration = Duration::from_millis(200);
/// Room for an upstream's words in an attempt's row, in characters.
const ERROR_TEXT_MAX: usize = 500;

/// An admitted call. When it is dropped without having been ended (a panic, a bug) it voids its hold, so that no
/// way out of a call leaves one behind.
pub(crate) struct OpenCall {
    relay: Arc<Relay>,
    record: CallRecord,
    attempts: Vec<AttemptRecord>,
    begun: Instant,
    attempt_begun: Instant,
    is_ended: bool,
}

/// How a call ends.
#[derive(Clone, Debug)]
pub(crate) struct CallEnd {
    /// What it costs; none: nothing.
    pub cost: Option<Cost>,
    pub usage: Usage,
    pub status: CallStatus,
    /// What the caller got.
    pub status_code: u16,
    pub error_code: Option<&'static str>,
}

/// The settlement is not known to be committed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NotSettled;

impl CallEnd {
    /// An end that costs nothing.
    pub fn void(status: CallStatus, status_code: u16, error_code: &'static str) -> Self {
        CallEnd { cost: None, usage: Usage::default(), status, status_code, error_code: Some(error_code) }
    }
}

impl OpenCall {
    /// Begins before the hold is asked for, because a hold may be there as soon as it is. `record` is the row as
    /// far as it is known.
    pub fn new(relay: Arc<Relay>, record: CallRecord) -> Self {
        let now = Instant::now();
        OpenCall { relay, record, attempts: Vec::new(), begun: now, attempt_begun: now, is_ended: false }
    }

    /// No hold was taken: there is nothing to end.
    pub fn forget(&mut self) {
        self.is_ended = true;
    }

    /// Notes the cap that is sent upstream.
    pub fn set_output_cap(&mut self, cap: u64) {
        self.record.output_cap = cap;
    }

    /// Notes that a try begins.
    pub fn begin_attempt(&mut self, way: &Way<'_>) {
        self.attempt_begun = Instant::now();
        let channel = way.route.channel.id;
        self.record.channel = Some(channel);
        self.attempts.push(AttemptRecord {
            number: u8::try_from(self.attempts.len() + 1).unwrap_or(u8::MAX),
            channel,
            credential: way.credential.map(|credential| credential.id),
            upstream_model: way.route.upstream_model.clone(),
            status_code: None,
            error_code: None,
            error_text: None,
            started_at_ms: self.relay.ports.clock.now_ms(),
            first_byte_ms: None,
            duration_ms: 0,
        });
    }

    /// Notes the headers of the try's answer.
    pub fn note_headers(&mut self, status_code: u16) {
        let elapsed_ms = millis_since(self.attempt_begun);
        if let Some(attempt) = self.attempts.last_mut() {
            attempt.status_code = Some(status_code);
            attempt.first_byte_ms = Some(elapsed_ms);
        }
    }

    /// Notes the end of the try.
    pub fn end_attempt(&mut self) {
        let elapsed_ms = millis_since(self.attempt_begun);
        if let Some(attempt) = self.attempts.last_mut() {
            attempt.duration_ms = elapsed_ms;
        }
    }

    /// Notes that the try failed. Gives the failure's text as it may be kept and shown.
    pub fn fail_attempt(&mut self, way: &Way<'_>, failure: &Failure) -> Option<String> {
        self.end_attempt();
        let text = failure.text.as_deref().map(|text| without_secret(text, way));
        if let Some(attempt) = self.attempts.last_mut() {
            attempt.error_code = Some(failure.code().to_owned());
            attempt.error_text.clone_from(&text);
        }
        text
    }

    /// Notes that the try was given up, and why.
    pub fn give_up_attempt(&mut self, code: &'static str) {
        self.end_attempt();
        if let Some(attempt) = self.attempts.last_mut() {
            attempt.error_code = Some(code.to_owned());
        }
    }

    /// Notes that the caller got the first byte of its answer.
    pub fn note_first_byte(&mut self) {
        self.record.first_byte_ms.get_or_insert(millis_since(self.begun));
    }

    /// Ends the call in the books, repeating it while they do not answer, for as long as a settlement may take.
    pub async fn settle(&mut self, end: CallEnd) -> Result<Settled, NotSettled> {
        let settlement = Arc::new(self.settlement(end));
        let settled = self.relay.settle_in_time(&settlement).await?;
        self.is_ended = true;
        Ok(settled)
    }

    /// Keeps an end that could not be settled, to be repeated until it is.
    pub async fn keep(&mut self, end: CallEnd) {
        let settlement = Arc::new(self.settlement(end));
        let relay = self.relay.clone();
        self.is_ended = true;
        relay.keep_settlement(settlement).await;
    }

    /// Ends a call whose caller is told the same whether the books answer or not; if not, the end is kept.
    pub async fn end(&mut self, end: CallEnd) {
        if self.settle(end.clone()).await.is_err() {
            self.keep(end).await;
        }
    }

    fn settlement(&self, end: CallEnd) -> Settlement {
        let mut record = self.record.clone();
        record.usage = UsageRecord::from(&end.usage);
        record.status = end.status;
        record.status_code = end.status_code;
        record.error_code = end.error_code.map(str::to_owned);
        record.duration_ms = millis_since(self.begun);
        Settlement { cost: end.cost, record, attempts: self.attempts.clone() }
    }
}

impl Drop for OpenCall {
    fn drop(&mut self) {
        if mem::replace(&mut self.is_ended, true) {
            return;
        }
        tracing::error!(request = %self.record.request, "a call ended without settling; its hold is given back");
        let end = CallEnd::void(CallStatus::Failed, 500, "internal_error");
        let settlement = Arc::new(self.settlement(end));
        let relay = self.relay.clone();
        // Without a runtime the process is ending; the sweeper then finds the hold.
        if let Ok(runtime) = Handle::try_current() {
            let tracker = relay.tracker.clone();
            let ending = async move {
                if relay.settle_in_time(&settlement).await.is_err() {
                    relay.keep_settlement(settlement).await;
                }
            };
            drop(tracker.spawn_on(ending, &runtime));
        }
    }
}

impl Relay {
    async fn settle_in_time(&self, settlement: &Arc<Settlement>) -> Result<Settled, NotSettled> {
        // At the end of a shutdown some of the time must be left for keeping what cannot be settled.
        let time = if self.cut.is_cancelled() {
            self.settings.settle_time * 4 / 5
        } else {
            self.settings.settle_time
        };
        let latest = Instant::now() + time;
        loop {
            match timeout_at(latest, self.ports.books.settle(settlement.clone())).await {
                Ok(Ok(settled)) => {
                    if settled.operator_loss > waystation_pricing::Money::ZERO {
                        let request = settlement.record.request;
                        tracing::error!(%request, loss = %settled.operator_loss, "a call cost more than was held");
                    }
                    return Ok(settled);
                }
                Ok(Err(SettleError::Refused(refusal))) => {
                    tracing::error!(request = %settlement.record.request, %refusal, "the books refused a settlement");
                    return Err(NotSettled);
                }
                Ok(Err(SettleError::Unavailable)) if Instant::now() + SETTLE_PAUSE < latest => {
                    sleep(SETTLE_PAUSE).await;
                }
                _ => return Err(NotSettled),
            }
        }
    }

    async fn keep_settlement(self: Arc<Self>, settlement: Arc<Settlement>) {
        let request = settlement.record.request;
        let tracker = self.tracker.clone();
        let kept = tracker.spawn_blocking(move || self.ports.books.keep_unsettled(&settlement)).await;
        match kept.unwrap_or_else(|error| Err(io::Error::other(error))) {
            Ok(()) => tracing::warn!(%request, "a settlement waits for the books"),
            Err(error) => {
                tracing::error!(%request, %error, "a settlement could not be kept; without it the hold expires")
            }
        }
    }
}

fn millis_since(instant: Instant) -> i64 {
    i64::try_from(instant.elapsed().as_millis()).unwrap_or(i64::MAX)
}

/// The text cut to its room, and without the credential even where nothing else gave it away.
fn without_secret(text: &str, way: &Way<'_>) -> String {
    let secret =
        way.credential.map(|credential| credential.secret.expose()).filter(|secret| !secret.is_empty());
    let clean = secret.map_or_else(|| text.to_owned(), |secret| text.replace(secret, "[redacted]"));
    clean.chars().take(ERROR_TEXT_MAX).collect()
}
