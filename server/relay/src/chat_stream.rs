//! A streamed answer: forwarded as it comes, metered as it passes, ended only once it is settled.

use bytes::Bytes;
use tokio::time::Instant;
use waystation_ledger::CallStatus;
use waystation_pricing::Usage;
use waystation_protocol::openai::chat_response::{ChatResponseError, read_chat_response};
use waystation_protocol::openai::chat_stream::{ChatStreamMeter, StreamAction, StreamView, add_chunk_cost};
use waystation_protocol::openai::cost_note::CostNote;
use waystation_protocol::sse::{DONE_EVENT, PING_COMMENT, SseDecoder, SseEvent, encode_data};

use crate::call_error::CallError;
use crate::chat_call::{AttemptEnd, Exchange, Progress, STATUS_CALLER_GONE, note_failure, stop_code};
use crate::failure::{Failure, FailureKind};
use crate::open_call::CallEnd;
use crate::pieces::Pieces;
use crate::upstream::{UpstreamAnswer, UpstreamBody};
use crate::watch::{Interruption, Stop};
use crate::ways::Way;

/// So much of a stream is held back at most while it has no content.
const HELD_BYTES_MAX: usize = 64 * 1024;
const UNSETTLED: &str = "The answer could not be settled.";
const BROKEN_OFF: &str = "The upstream's answer broke off.";

/// Forwards the stream, settles the call and ends the stream. An error means that nothing was given and nothing
/// is settled.
pub(crate) async fn forward_stream(
    exchange: &Exchange<'_>,
    progress: &mut Progress<'_>,
    way: &Way<'_>,
    mut answer: UpstreamAnswer,
) -> Result<(), AttemptEnd> {
    if answer.is_document() {
        return Err(read_document(exchange, progress, answer).await);
    }
    let mut pump = Pump::new(exchange, progress, way);
    match pump.run(&mut answer.body).await {
        StreamEnd::Complete { terminal } => pump.complete(terminal).await,
        StreamEnd::Failed(failure) if pump.is_untouched() => return Err(AttemptEnd::Failed(failure)),
        StreamEnd::Stopped(stop) if pump.is_untouched() => return Err(AttemptEnd::Stopped(stop)),
        StreamEnd::Failed(failure) => {
            pump.interrupt(Break::Upstream(failure)).await;
            return Ok(());
        }
        StreamEnd::Stopped(stop) => {
            pump.interrupt(Break::Stop(stop)).await;
            return Ok(());
        }
    }
    answer.body.read_tail().await;
    Ok(())
}

/// How a stream ended.
enum StreamEnd {
    /// With its terminal event, which the caller has not seen yet.
    Complete { terminal: Bytes },
    /// The upstream said so, fell silent, or just ended.
    Failed(Failure),
    /// For a reason outside of the stream.
    Stopped(Stop),
}

/// Why a stream that had begun was broken off.
enum Break {
    Upstream(Failure),
    Stop(Stop),
}

/// One stream on its way through.
struct Pump<'a, 'b> {
    exchange: &'a Exchange<'a>,
    progress: &'a mut Progress<'b>,
    way: &'a Way<'a>,
    meter: ChatStreamMeter,
    pieces: Pieces,
    /// The usage chunk, which gets its cost once that is booked.
    held_usage: Option<Vec<u8>>,
    /// When the caller was last sent something.
    told_at: Instant,
}

impl<'a, 'b> Pump<'a, 'b> {
    fn new(exchange: &'a Exchange<'a>, progress: &'a mut Progress<'b>, way: &'a Way<'a>) -> Self {
        let wants_usage = exchange.request.include_usage;
        let view = StreamView {
            wants_usage,
            holds_usage: wants_usage && exchange.shows_cost,
            strips_usage: false,
            model: exchange.shown_model(way).map(str::to_owned),
        };
        Pump {
            exchange,
            progress,
            way,
            meter: ChatStreamMeter::new(view),
            pieces: Pieces::default(),
            held_usage: None,
            told_at: Instant::now(),
        }
    }

    /// Whether neither the caller nor the meter has seen anything that would have to be paid or explained.
    fn is_untouched(&self) -> bool {
        !self.progress.link.has_begun() && !self.meter.delivered().is_produced
    }

    async fn run(&mut self, body: &mut UpstreamBody) -> StreamEnd {
        let settings = &self.exchange.relay.settings;
        let mut decoder = SseDecoder::new(settings.event_bytes_max);
        let mut heard_at = Instant::now();
        loop {
            let idle_at = heard_at + settings.idle_time;
            let ping_at = self.told_at + settings.keep_alive_interval;
            let limit = if self.progress.watch.is_caller_gone() { idle_at } else { idle_at.min(ping_at) };
            let read = self.progress.watch.wait(self.progress.link, limit, body.next()).await;
            let chunk = match read {
                Ok(Ok(Some(chunk))) => chunk,
                Ok(Ok(None)) => return self.finish(decoder.finish()).await,
                Ok(Err(failure)) => return StreamEnd::Failed(failure),
                Err(Interruption::Stop(stop)) => return StreamEnd::Stopped(stop),
                Err(Interruption::Limit) if Instant::now() >= idle_at => {
                    let text = "the stream fell silent".to_owned();
                    return StreamEnd::Failed(Failure::new(FailureKind::Timeout, Some(text)));
                }
                Err(Interruption::Limit) => match self.ping().await {
                    Ok(()) => continue,
                    Err(stop) => return StreamEnd::Stopped(stop),
                },
            };
            let watch = &mut self.progress.watch;
            let checked = watch.check(self.progress.link).and_then(|()| watch.count_drained(chunk.len()));
            if let Err(stop) = checked {
                return StreamEnd::Stopped(stop);
            }
            self.pieces.enter_chunk(chunk.clone());
            decoder.push(chunk);
            while let Some(event) = decoder.next_event() {
                let ended = match event {
                    Ok(event) => self.take_event(event),
                    Err(error) => {
                        Some(StreamEnd::Failed(Failure::new(FailureKind::Garbage, Some(error.to_string()))))
                    }
                };
                if let Some(end) = ended {
                    return self.flush_before(end).await;
                }
            }
            if let Err(stop) = self.flush().await {
                return StreamEnd::Stopped(stop);
            }
            // While a slow caller is waited for, the upstream is not listened to: that is no silence of its own.
            heard_at = Instant::now();
        }
    }

    /// What an event means for the stream; nothing: it goes on.
    fn take_event(&mut self, event: SseEvent) -> Option<StreamEnd> {
        match self.meter.observe(&event) {
            // Comments are not worth holding: they say only that the upstream is alive.
            StreamAction::Forward if event.is_comment_only && self.is_untouched() => {}
            StreamAction::Forward => self.pieces.push(event.raw),
            StreamAction::ForwardData(data) => {
                let mut encoded = Vec::with_capacity(data.len() + 8);
                encode_data(&data, &mut encoded);
                self.pieces.push(Bytes::from(encoded));
            }
            StreamAction::HoldUsage(data) => self.held_usage = Some(data),
            StreamAction::SwallowUsage | StreamAction::Ignore => {}
            // Text that is not JSON is an answer of sorts, too.
            StreamAction::Terminal if !self.meter.has_choices() && !self.meter.delivered().is_produced => {
                let text = "the stream has no choices".to_owned();
                return Some(StreamEnd::Failed(Failure::new(FailureKind::Garbage, Some(text))));
            }
            StreamAction::Terminal => {
                let terminal = if event.is_terminated { event.raw } else { Bytes::from_static(DONE_EVENT) };
                return Some(StreamEnd::Complete { terminal });
            }
            StreamAction::Error(told) => return Some(StreamEnd::Failed(Failure::of_error(told))),
        }
        None
    }

    /// The upstream sends no more. A last event without its blank line still counts, an end without `[DONE]` is
    /// none.
    async fn finish(&mut self, last: Option<SseEvent>) -> StreamEnd {
        let ended = last.and_then(|event| self.take_event(event));
        let cut = || {
            let text = "the stream ended without [DONE]".to_owned();
            StreamEnd::Failed(Failure::new(FailureKind::Garbage, Some(text)))
        };
        self.flush_before(ended.unwrap_or_else(cut)).await
    }

    /// Sends what came before the end.
    async fn flush_before(&mut self, end: StreamEnd) -> StreamEnd {
        if matches!(end, StreamEnd::Complete { .. }) {
            self.begin();
        }
        match (self.flush().await, end) {
            // The answer is whole, whoever is there to read it.
            (Err(stop), StreamEnd::Failed(_)) => StreamEnd::Stopped(stop),
            (_, end) => end,
        }
    }

    /// Gives the caller the head of its answer. From here on nothing can be tried again.
    fn begin(&mut self) {
        if !self.progress.link.has_begun() && !self.progress.watch.is_caller_gone() {
            self.progress.link.begin_stream(self.exchange.shown_cap());
            self.progress.open.note_first_byte();
        }
    }

    /// Sends what is waiting, unless it is still held back: as long as there is no content, the upstream may yet
    /// fail, and then another one can be tried or a real status given.
    async fn flush(&mut self) -> Result<(), Stop> {
        if self.progress.watch.is_caller_gone() {
            self.pieces.clear();
            return Ok(());
        }
        if !self.progress.link.has_begun() {
            if !self.meter.delivered().is_produced && self.pieces.len() <= HELD_BYTES_MAX {
                return Ok(());
            }
            self.begin();
        }
        for piece in self.pieces.take() {
            self.send(piece).await?;
        }
        Ok(())
    }

    async fn send(&mut self, bytes: Bytes) -> Result<(), Stop> {
        if self.progress.watch.is_caller_gone() {
            return Ok(());
        }
        let stall = self.exchange.relay.settings.write_stall_time;
        let limit = self.progress.watch.cut_at();
        let link = &*self.progress.link;
        match self.progress.watch.wait(link, limit, link.send(bytes, stall)).await {
            Ok(Ok(())) => {
                self.told_at = Instant::now();
                Ok(())
            }
            Ok(Err(_gone)) => self.progress.watch.lose_caller(),
            Err(Interruption::Stop(stop)) => Err(stop),
            Err(Interruption::Limit) => Err(Stop::Deadline),
        }
    }

    /// Shows the caller that the call is alive. This ends the holding back: an upstream that thinks for long must
    /// not make the caller give up.
    async fn ping(&mut self) -> Result<(), Stop> {
        self.progress.watch.check(self.progress.link)?;
        self.begin();
        self.flush().await?;
        self.send(Bytes::from_static(PING_COMMENT)).await
    }

    /// Settles a stream that came to its end, and ends it for the caller.
    async fn complete(&mut self, terminal: Bytes) {
        let way = self.way;
        let health = &self.exchange.relay.health;
        health.record_success(way.route.channel.id, way.credential.map(|credential| credential.id));
        self.progress.open.end_attempt();

        let verdict = std::mem::take(&mut self.meter).finish();
        let usage = self.exchange.judge(verdict.usage.as_ref(), verdict.delivered, true);
        let (status, status_code) = match self.progress.watch.is_caller_gone() {
            true => (CallStatus::Cancelled, STATUS_CALLER_GONE),
            false => (CallStatus::Ok, 200),
        };
        let cost = Some(self.exchange.cost_of(&usage));
        let end = CallEnd { cost, usage, status, status_code, error_code: None };
        let stall = self.exchange.relay.settings.write_stall_time;
        match self.progress.open.settle(end.clone()).await {
            Ok(settled) => {
                let (cost, charged) = (settled.cost.to_string(), settled.charged.to_string());
                let note = CostNote { cost: &cost, charged: &charged, usage: &usage };
                let mut last = Vec::new();
                if let Some(held) = &self.held_usage {
                    encode_data(&add_chunk_cost(held, &note), &mut last);
                }
                let last =
                    if last.is_empty() { terminal } else { Bytes::from([&last, &terminal[..]].concat()) };
                self.progress.link.finish(last, stall).await;
            }
            Err(_) => {
                let error = CallError::settlement_unavailable(UNSETTLED);
                let unsettled =
                    CallEnd { status: CallStatus::Interrupted, error_code: Some(error.code), ..end };
                self.progress.open.keep(unsettled).await;
                self.progress.link.finish(error.to_event(self.exchange.call.request_id), stall).await;
            }
        }
    }

    /// Settles a stream that broke off by what is known of it, and tells the caller so.
    async fn interrupt(&mut self, cause: Break) {
        let error = match &cause {
            Break::Upstream(failure) if failure.kind == FailureKind::Timeout => CallError::upstream_timeout(),
            Break::Upstream(_) => CallError::upstream_error(BROKEN_OFF),
            Break::Stop(Stop::Deadline | Stop::CallerGone) => CallError::upstream_timeout(),
            Break::Stop(Stop::Shutdown) => CallError::server_shutdown(),
            Break::Stop(Stop::LeaseLost) => CallError::settlement_unavailable(UNSETTLED),
        };
        match &cause {
            Break::Upstream(failure) => note_failure(self.exchange, self.progress, self.way, failure),
            Break::Stop(stop) => self.progress.open.give_up_attempt(stop_code(*stop)),
        }
        let verdict = std::mem::take(&mut self.meter).finish();
        let is_whole = verdict.finished_choices >= self.exchange.request.choices;
        let judged = self.exchange.judge(verdict.usage.as_ref(), verdict.delivered, is_whole);
        let (cost, usage) = if matches!(cause, Break::Stop(Stop::CallerGone)) {
            (Some(self.exchange.cost_of_broken_off(&judged)), judged)
        } else if verdict.delivered.is_produced {
            (Some(self.exchange.cost_of(&judged)), judged)
        } else {
            // Nothing was delivered, and that was not the caller's doing.
            (None, Usage::default())
        };
        let is_gone = self.progress.watch.is_caller_gone();
        let (status, status_code) = match is_gone {
            true => (CallStatus::Cancelled, STATUS_CALLER_GONE),
            false if verdict.delivered.is_produced => (CallStatus::Interrupted, 200),
            false => (CallStatus::Failed, 200),
        };
        let error_code = (!is_gone).then_some(error.code);
        self.progress.open.end(CallEnd { cost, usage, status, status_code, error_code }).await;
        if !is_gone {
            let stall = self.exchange.relay.settings.write_stall_time;
            self.progress.link.finish(error.to_event(self.exchange.call.request_id), stall).await;
        }
    }
}

/// A document where a stream was asked for is an error under a good status, or of a server that cannot stream.
async fn read_document(
    exchange: &Exchange<'_>,
    progress: &mut Progress<'_>,
    mut answer: UpstreamAnswer,
) -> AttemptEnd {
    let limit = Instant::now() + exchange.relay.settings.idle_time;
    let body = match progress.watch.wait(progress.link, limit, answer.read_error_body()).await {
        Ok(body) => body,
        Err(Interruption::Limit) => return AttemptEnd::Failed(Failure::new(FailureKind::Timeout, None)),
        Err(Interruption::Stop(stop)) => return AttemptEnd::Stopped(stop),
    };
    AttemptEnd::Failed(match read_chat_response(&body) {
        Err(ChatResponseError::Failed(told)) => Failure::of_error(told),
        _ => Failure::new(
            FailureKind::Garbage,
            Some("a document came where a stream was asked for".to_owned()),
        ),
    })
}
