//! An answer that is not streamed: read whole, judged, settled, and only then given.

use bytes::{Bytes, BytesMut};
use http::StatusCode;
use tokio::time::Instant;
use waystation_ledger::CallStatus;
use waystation_protocol::openai::chat_response::{ChatResponseError, read_chat_response};
use waystation_protocol::openai::cost_note::CostNote;

use crate::answer::{insert_output_cap, json_response};
use crate::call_error::CallError;
use crate::chat_call::{AttemptEnd, Exchange, Progress, STATUS_CALLER_GONE};
use crate::failure::{Failure, FailureKind};
use crate::open_call::CallEnd;
use crate::upstream::UpstreamAnswer;
use crate::watch::Interruption;
use crate::ways::Way;

const WITHHELD: &str = "The answer could not be settled and is withheld; nothing is charged.";

/// Reads the answer, settles the call and gives the answer. An error means that nothing was given and nothing is
/// settled.
pub(crate) async fn give_answer(
    exchange: &Exchange<'_>,
    progress: &mut Progress<'_>,
    way: &Way<'_>,
    answer: UpstreamAnswer,
) -> Result<(), AttemptEnd> {
    let body = read_body(exchange, progress, answer).await?;
    let response = read_chat_response(&body).map_err(|error| AttemptEnd::Failed(failure_of(error)))?;
    let health = &exchange.relay.health;
    health.record_success(way.route.channel.id, way.credential.map(|credential| credential.id));
    progress.open.end_attempt();
    progress.open.note_first_byte();

    let usage = exchange.judge(response.usage(), response.delivered(), true);
    let (status, status_code) = match progress.link.is_gone() {
        true => (CallStatus::Cancelled, STATUS_CALLER_GONE),
        false => (CallStatus::Ok, 200),
    };
    let cost = Some(exchange.cost_of(&usage));
    let request_id = exchange.call.request_id;
    let Ok(settled) =
        progress.open.settle(CallEnd { cost, usage, status, status_code, error_code: None }).await
    else {
        let error = CallError::settlement_unavailable(WITHHELD);
        progress.open.keep(CallEnd::void(CallStatus::Failed, error.status.as_u16(), error.code)).await;
        progress.link.answer(error.to_response(request_id));
        return Ok(());
    };

    let (cost, charged) = (settled.cost.to_string(), settled.charged.to_string());
    let note = CostNote { cost: &cost, charged: &charged, usage: &usage };
    let rewritten = response.rewrite(exchange.shown_model(way), exchange.shows_cost.then_some(&note));
    let shown = rewritten.map_or_else(|| body.clone(), Bytes::from);
    let mut response = json_response(StatusCode::OK, request_id, shown);
    insert_output_cap(response.headers_mut(), exchange.shown_cap());
    progress.link.answer(response);
    Ok(())
}

async fn read_body(
    exchange: &Exchange<'_>,
    progress: &mut Progress<'_>,
    mut answer: UpstreamAnswer,
) -> Result<Bytes, AttemptEnd> {
    let settings = &exchange.relay.settings;
    let mut first = Bytes::new();
    let mut joined = BytesMut::new();
    loop {
        let limit = Instant::now() + settings.idle_time;
        let read = progress.watch.wait(progress.link, limit, answer.body.next()).await;
        let chunk = match read {
            Ok(read) => read.map_err(AttemptEnd::Failed)?,
            Err(Interruption::Limit) => {
                return Err(AttemptEnd::Failed(Failure::new(FailureKind::Timeout, None)));
            }
            Err(Interruption::Stop(stop)) => return Err(AttemptEnd::Stopped(stop)),
        };
        progress.watch.check(progress.link).map_err(AttemptEnd::Stopped)?;
        let Some(chunk) = chunk else { break };
        // Most answers come in one piece, which is then not copied.
        if first.is_empty() && joined.is_empty() {
            first = chunk;
        } else {
            joined.extend_from_slice(&std::mem::take(&mut first));
            joined.extend_from_slice(&chunk);
        }
        if first.len() + joined.len() > settings.answer_bytes_max {
            let text = format!("the answer is larger than {} bytes", settings.answer_bytes_max);
            return Err(AttemptEnd::Failed(Failure::new(FailureKind::Garbage, Some(text))));
        }
    }
    Ok(if joined.is_empty() { first } else { joined.freeze() })
}

/// Why a body that came with a good status is no answer.
pub(crate) fn failure_of(error: ChatResponseError) -> Failure {
    match error {
        ChatResponseError::NotAnObject => Failure::new(FailureKind::Garbage, Some(error.to_string())),
        ChatResponseError::Failed(told) => Failure::of_error(told),
        ChatResponseError::NoChoices(told) => {
            let text = told.message.unwrap_or_else(|| "the answer has no choices".to_owned());
            Failure::new(FailureKind::Garbage, Some(text))
        }
    }
}
