//! One chat completion, from the credential to the last word of the books.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::time::{Instant, timeout};
use waystation_ledger::{CallRecord, CallStatus, Hold, OutputCap, UsageRecord};
use waystation_pricing::{Cost, Usage, UsageSource};
use waystation_protocol::openai::chat_request::{ChatRequest, parse_chat_request};
use waystation_protocol::openai::request_rewrite::{
    self, CapNames, CapParameter, ChatRewrite, rewrite_chat_request,
};
use waystation_protocol::openai::usage::ReportedUsage;
use waystation_protocol::openai::usage_judgement::{DeliveredOutput, Evidence, judge_usage};

use crate::admission::Admission;
use crate::call_error::CallError;
use crate::caller::Caller;
use crate::catalog::ChannelFormat;
use crate::chat_answer::give_answer;
use crate::chat_stream::forward_stream;
use crate::demo::DemoAnswer;
use crate::failure::{Failure, FailureKind};
use crate::link::CallerLink;
use crate::open_call::{CallEnd, OpenCall};
use crate::ports::ReserveError;
use crate::relay::{Call, Relay};
use crate::settings::Interrupted;
use crate::upstream::UpstreamAnswer;
use crate::watch::{AfterCaller, Interruption, Stop, Watch};
use crate::ways::{Way, Ways};

/// How the row says that the caller did not wait for its answer.
pub(crate) const STATUS_CALLER_GONE: u16 = 499;
/// Longest time to read what an upstream says about its failure.
const ERROR_BODY_TIME: Duration = Duration::from_secs(5);
/// Room for the caller's user agent and the route in the row, in characters.
const USER_AGENT_MAX: usize = 255;
const ROUTE_MAX: usize = 64;

/// What is fixed about a call once its hold is taken.
pub(crate) struct Exchange<'a> {
    pub relay: &'a Arc<Relay>,
    pub call: &'a Call,
    pub request: &'a ChatRequest<'a>,
    pub admission: &'a Admission,
    pub hold: &'a Hold,
    /// The cap that is sent upstream, in tokens a choice.
    pub output_cap: u64,
    pub shows_cost: bool,
}

/// The parts of a call that change while it runs.
pub(crate) struct Progress<'a> {
    pub open: OpenCall,
    pub watch: Watch,
    pub link: &'a mut CallerLink,
}

/// Why a try gave the caller nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum AttemptEnd {
    /// It failed, and perhaps another one does not.
    Failed(Failure),
    /// The call must end.
    Stopped(Stop),
}

/// Runs a call as its own task.
pub(crate) async fn run_chat_call(relay: Arc<Relay>, call: Call, mut link: CallerLink) {
    if let Err(error) = relay_chat(&relay, &call, &mut link).await {
        link.answer(error.to_response(call.request_id));
    }
}

/// Relays a call. An error is the whole answer; by then the call is settled, if it was ever held.
async fn relay_chat(relay: &Arc<Relay>, call: &Call, link: &mut CallerLink) -> Result<(), CallError> {
    let begun = Instant::now();
    let caller = relay.identify_caller(call.credential.as_deref(), call.client_ip).await?;
    if call.body.len() > relay.settings.request_bytes_max {
        return Err(CallError::request_too_large(relay.settings.request_bytes_max));
    }
    let request = parse_chat_request(&call.body)?;
    let admission = relay.admit_request(&caller, &request).await?;
    if !relay.ports.books.may_relay() {
        return Err(CallError::books_silent());
    }
    if link.is_gone() {
        return Ok(());
    }
    let record = first_record(relay, call, &caller, &request, &admission);
    let mut open = OpenCall::new(relay.clone(), record);
    let hold = take_hold(relay, call, &caller, &request, &admission, &mut open).await?;
    link.note_hold();
    let output_cap = hold.output_cap.saturating_sub(admission.output_beside_cap);
    if output_cap == 0 {
        let error = CallError::insufficient_balance(
            http::StatusCode::from_u16(relay.settings.balance_status)
                .unwrap_or(http::StatusCode::PAYMENT_REQUIRED),
            "The balance is not enough for the prediction and any output beside it.".to_owned(),
        );
        open.end(CallEnd::void(CallStatus::Failed, error.status.as_u16(), error.code)).await;
        return Err(error);
    }
    open.set_output_cap(output_cap);
    let exchange = Exchange {
        relay,
        call,
        request: &request,
        admission: &admission,
        hold: &hold,
        output_cap,
        shows_cost: caller.show_cost || relay.settings.show_cost,
    };
    let progress = Progress { open, watch: Watch::new(relay.clone(), begun), link };
    try_ways(&exchange, progress).await
}

async fn take_hold(
    relay: &Arc<Relay>,
    call: &Call,
    caller: &Caller,
    request: &ChatRequest<'_>,
    admission: &Admission,
    open: &mut OpenCall,
) -> Result<Hold, CallError> {
    let order = relay.reserve_order(call.request_id, caller, request, admission);
    let reserved = timeout(relay.settings.settle_time, relay.ports.books.reserve(order)).await;
    let error = match reserved.unwrap_or(Err(ReserveError::Unavailable)) {
        Ok(hold) => return Ok(hold),
        Err(ReserveError::Refused(refusal)) => relay.explain_refusal(&refusal, admission.output_beside_cap),
        Err(ReserveError::Unavailable) => CallError::books_silent(),
    };
    open.forget();
    Err(error)
}

/// Tries the ways to the model until one answers. The call is settled when this returns.
async fn try_ways(exchange: &Exchange<'_>, mut progress: Progress<'_>) -> Result<(), CallError> {
    let relay = exchange.relay;
    let now = Instant::now();
    let mut ways = Ways::new(&exchange.admission.routes, |route, credential| {
        relay.health.is_pausing(route.channel.id, credential.map(|credential| credential.id), now)
    });
    let mut last: Option<Failure> = None;
    for _ in 0..relay.settings.attempts_max.max(1) {
        let Some(way) = ways.take_next(relay.draw_chance()) else { break };
        // Nothing has been sent upstream that is not over: ending here costs nothing.
        let checked = match progress.watch.check(progress.link) {
            Ok(()) if progress.watch.is_caller_gone() => Err(Stop::CallerGone),
            checked => checked,
        };
        if let Err(stop) = checked {
            return end_stopped(&mut progress, stop, None).await;
        }
        progress.open.begin_attempt(&way);
        let on_disconnect = way.route.channel.on_disconnect;
        progress.watch.set_after_caller(AfterCaller::of(on_disconnect, exchange.request.stream));
        let tried = match ask(exchange, &mut progress, &way).await {
            Ok(answer) if exchange.request.stream => {
                forward_stream(exchange, &mut progress, &way, answer).await
            }
            Ok(answer) => give_answer(exchange, &mut progress, &way, answer).await,
            Err(end) => Err(end),
        };
        match tried {
            Ok(()) => return Ok(()),
            Err(AttemptEnd::Stopped(stop)) => {
                progress.open.give_up_attempt(stop_code(stop));
                return end_stopped(&mut progress, stop, Some(exchange)).await;
            }
            Err(AttemptEnd::Failed(failure)) => {
                note_failure(exchange, &mut progress, &way, &failure);
                ways.learn(way.route.channel.id, &failure);
                let is_last = !failure.is_worth_another_try();
                // Trouble with an account of ours says less than any other failure.
                if last.is_none() || failure.kind != FailureKind::Account {
                    last = Some(failure);
                }
                if is_last {
                    break;
                }
            }
        }
    }
    let error = last.map_or_else(CallError::no_channel_available, |failure| failure.to_call_error());
    let (status, status_code) = match progress.watch.is_caller_gone() {
        true => (CallStatus::Cancelled, STATUS_CALLER_GONE),
        false => (CallStatus::Failed, error.status.as_u16()),
    };
    progress.open.end(CallEnd::void(status, status_code, error.code)).await;
    Err(error)
}

/// Sends the request one way and waits until the upstream begins to answer.
async fn ask(
    exchange: &Exchange<'_>,
    progress: &mut Progress<'_>,
    way: &Way<'_>,
) -> Result<UpstreamAnswer, AttemptEnd> {
    let (relay, stream) = (exchange.relay, exchange.request.stream);
    let body = exchange.body_for(&way.route.upstream_model);
    if way.route.channel.format == ChannelFormat::Demo {
        let now_ms = relay.ports.clock.now_ms();
        let answer = DemoAnswer::new(&body, stream, exchange.call.request_id, now_ms);
        progress.open.note_headers(200);
        return Ok(UpstreamAnswer::of_demo(answer));
    }
    let first_byte = exchange.admission.model.first_byte_ms.map(Duration::from_millis);
    let limit = Instant::now() + first_byte.unwrap_or(relay.settings.first_byte_time);
    let sent = relay.upstreams.send(way, body, stream);
    let mut answer = match progress.watch.wait(progress.link, limit, sent).await {
        Ok(sent) => sent.map_err(AttemptEnd::Failed)?,
        Err(Interruption::Limit) => return Err(AttemptEnd::Failed(Failure::new(FailureKind::Timeout, None))),
        Err(Interruption::Stop(stop)) => return Err(AttemptEnd::Stopped(stop)),
    };
    progress.open.note_headers(answer.status.as_u16());
    if !answer.status.is_success() {
        let limit = Instant::now() + ERROR_BODY_TIME;
        let (status, headers) = (answer.status, std::mem::take(&mut answer.headers));
        let told = match progress.watch.wait(progress.link, limit, answer.read_error_body()).await {
            Ok(told) => told,
            Err(Interruption::Limit) => Bytes::new(),
            Err(Interruption::Stop(stop)) => return Err(AttemptEnd::Stopped(stop)),
        };
        let failure = Failure::of_status(status, &headers, &told, relay.ports.clock.now_ms());
        return Err(AttemptEnd::Failed(failure));
    }
    Ok(answer)
}

/// Ends a call that stopped before its caller got anything. `exchange` is given if a request was under way.
async fn end_stopped(
    progress: &mut Progress<'_>,
    stop: Stop,
    exchange: Option<&Exchange<'_>>,
) -> Result<(), CallError> {
    let error = match stop {
        Stop::CallerGone => {
            let (cost, usage) = match exchange {
                Some(exchange) => {
                    let usage = exchange.judge(None, DeliveredOutput::default(), false);
                    (Some(exchange.cost_of_broken_off(&usage)), usage)
                }
                None => (None, Usage::default()),
            };
            let (status, status_code) = (CallStatus::Cancelled, STATUS_CALLER_GONE);
            progress.open.end(CallEnd { cost, usage, status, status_code, error_code: None }).await;
            return Ok(());
        }
        Stop::Deadline => CallError::upstream_timeout(),
        Stop::Shutdown => CallError::shutting_down(),
        Stop::LeaseLost => CallError::books_silent(),
    };
    progress.open.end(CallEnd::void(CallStatus::Failed, error.status.as_u16(), error.code)).await;
    Err(error)
}

/// Notes a failed try, in its row and for the calls that follow.
pub(crate) fn note_failure(
    exchange: &Exchange<'_>,
    progress: &mut Progress<'_>,
    way: &Way<'_>,
    failure: &Failure,
) {
    let text = progress.open.fail_attempt(way, failure);
    let (channel, credential) = (way.route.channel.id, way.credential.map(|credential| credential.id));
    exchange.relay.health.record_failure(channel, credential, failure, Instant::now());
    let request = exchange.call.request_id;
    tracing::warn!(%request, %channel, code = failure.code(), text, "a try failed");
}

/// The stable name of a stop in the attempt's row.
pub(crate) fn stop_code(stop: Stop) -> &'static str {
    match stop {
        Stop::CallerGone => "caller_gone",
        Stop::Deadline => "timeout",
        Stop::Shutdown => "server_shutdown",
        Stop::LeaseLost => "lease_lost",
    }
}

impl Exchange<'_> {
    /// The request as the upstream gets it.
    fn body_for(&self, upstream_model: &str) -> Bytes {
        let rewrite = ChatRewrite {
            model: Some(upstream_model),
            output_cap: Some(request_rewrite::OutputCap {
                names: cap_names(self.admission.model.output_cap_parameter),
                tokens: self.output_cap,
            }),
            include_usage: self.request.stream,
        };
        rewrite_chat_request(self.request, &rewrite).map_or_else(|| self.call.body.clone(), Bytes::from)
    }

    /// The name to show, where the upstream knows the model under another.
    pub fn shown_model(&self, way: &Way<'_>) -> Option<&str> {
        let name = self.admission.model.name.as_str();
        (way.route.upstream_model != name).then_some(name)
    }

    /// The output cap to tell the caller, where it is not the one it asked for.
    pub fn shown_cap(&self) -> Option<u64> {
        (self.request.output_cap() != Some(self.output_cap)).then_some(self.output_cap)
    }

    /// What to bill, given what the upstream reports and what was seen of its answer.
    pub fn judge(
        &self,
        reported: Option<&ReportedUsage>,
        delivered: DeliveredOutput,
        is_complete: bool,
    ) -> Usage {
        let evidence = Evidence {
            input_bound: self.hold.input_bound,
            output_bound: self.hold.output_cap.saturating_mul(self.request.choices),
            estimated_input: self.hold.input_estimate,
            delivered,
            is_complete,
        };
        let usage = judge_usage(reported, &evidence);
        if usage.source == UsageSource::Capped {
            let request = self.call.request_id;
            tracing::warn!(%request, "the upstream reports more usage than the call can have had; it is cut");
        }
        usage
    }

    /// What this usage costs, at the price the call was admitted with.
    pub fn cost_of(&self, usage: &Usage) -> Cost {
        Cost::of(usage, &self.admission.price, self.hold.multiplier)
    }

    /// What a call costs that its caller broke off.
    pub fn cost_of_broken_off(&self, usage: &Usage) -> Cost {
        match self.relay.settings.interrupted {
            Interrupted::Evidence => self.cost_of(usage),
            Interrupted::FullHold => {
                let output = self.hold.output_cap.saturating_mul(self.request.choices);
                Cost::bound(&self.admission.price, self.hold.input_bound, output, self.hold.multiplier)
            }
        }
    }
}

/// Hosts that know the new name know the old one too, or refuse it; hosts of the old name may ignore the new one,
/// and output beyond what was held would come.
fn cap_names(parameter: CapParameter) -> CapNames {
    match parameter {
        CapParameter::MaxCompletionTokens => CapNames::Both(parameter),
        CapParameter::MaxTokens => CapNames::Only(parameter),
    }
}

impl Relay {
    fn draw_chance(&self) -> [u32; 2] {
        let mut bytes = [0; 8];
        self.ports.randomness.fill(&mut bytes);
        let [a, b, c, d, e, f, g, h] = bytes;
        [u32::from_le_bytes([a, b, c, d]), u32::from_le_bytes([e, f, g, h])]
    }
}

/// The call's row as far as it is known before the hold.
fn first_record(
    relay: &Relay,
    call: &Call,
    caller: &Caller,
    request: &ChatRequest<'_>,
    admission: &Admission,
) -> CallRecord {
    let (OutputCap::Exactly(cap) | OutputCap::AtMost(cap)) = admission.output_cap;
    CallRecord {
        request: call.request_id,
        user: caller.user,
        key: caller.key,
        model_asked: request.model.clone().into_owned(),
        model_served: admission.model.name.clone(),
        channel: None,
        dialect: "openai".to_owned(),
        route: call.path.chars().take(ROUTE_MAX).collect(),
        method: "POST".to_owned(),
        stream: request.stream,
        usage: UsageRecord::default(),
        price_version: admission.price_version,
        multiplier_ppm: caller.multiplier.ppm(),
        output_cap: cap,
        status: CallStatus::Failed,
        status_code: 0,
        error_code: None,
        first_byte_ms: None,
        duration_ms: 0,
        client_ip: call.client_ip.to_string(),
        user_agent: call.user_agent.chars().take(USER_AGENT_MAX).collect(),
        started_at_ms: relay.ports.clock.now_ms(),
    }
}
