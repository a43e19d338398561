//! Calls as the API shows them.

use waystation_api::requests::{Attempt, Request, RequestSource, RequestStatus, RequestUsage};
use waystation_api::time::Time;
use waystation_ids::RequestId;
use waystation_ledger::{AttemptRecord, CallStatus, SourceLine, UsageRecord};
use waystation_pricing::Usage;
use waystation_store::EndedRequest;

use crate::ledger::{amount_text, wire_unit};

/// A call as admins see it.
pub(super) fn wire_request(ended: &EndedRequest) -> Request {
    Request {
        channel_id: ended.record.channel,
        operator_loss: Some(ended.operator_loss.into()),
        ..wire_own_request(ended)
    }
}

/// A call as the one who paid sees it: not by which channel it went, nor what the operator lost.
pub(super) fn wire_own_request(ended: &EndedRequest) -> Request {
    let record = &ended.record;
    Request {
        id: record.request,
        user_id: record.user,
        key_id: record.key,
        model: record.model_asked.clone(),
        model_served: record.model_served.clone(),
        route: record.route.clone(),
        stream: record.stream,
        status: wire_status(record.status),
        status_code: record.status_code,
        error_code: record.error_code.clone(),
        usage: wire_usage(&record.usage),
        cost: ended.cost.into(),
        charged: ended.charged.into(),
        price_version_id: record.price_version,
        multiplier_ppm: record.multiplier_ppm,
        output_cap: record.output_cap,
        attempt_count: ended.attempts,
        first_byte_ms: record.first_byte_ms,
        duration_ms: record.duration_ms,
        client_ip: record.client_ip.clone(),
        user_agent: record.user_agent.clone(),
        started_at: Time::from_unix_ms(record.started_at_ms),
        ended_at: Time::from_unix_ms(ended.ended_at_ms),
        channel_id: None,
        operator_loss: None,
    }
}

pub(super) fn wire_source(line: &SourceLine) -> RequestSource {
    RequestSource {
        account_id: line.account,
        unit: wire_unit(line.unit),
        amount: amount_text(line.unit, line.amount),
        list_value: line.list_value.into(),
    }
}

pub(super) fn wire_attempt(request: RequestId, attempt: AttemptRecord) -> Attempt {
    Attempt {
        id: request.attempt(attempt.number),
        number: attempt.number,
        channel_id: attempt.channel,
        credential_id: attempt.credential,
        upstream_model: attempt.upstream_model,
        status_code: attempt.status_code,
        error_code: attempt.error_code,
        error_text: attempt.error_text,
        started_at: Time::from_unix_ms(attempt.started_at_ms),
        first_byte_ms: attempt.first_byte_ms,
        duration_ms: attempt.duration_ms,
    }
}

fn wire_usage(record: &UsageRecord) -> RequestUsage {
    let usage = Usage::from(record);
    RequestUsage {
        input_tokens: usage.input_tokens(),
        output_tokens: usage.output_tokens(),
        tokens: usage.filled().map(|(bucket, tokens)| (bucket.name().to_owned(), tokens)).collect(),
        source: usage.source.name().to_owned(),
    }
}

fn wire_status(status: CallStatus) -> RequestStatus {
    match status {
        CallStatus::Ok => RequestStatus::Ok,
        CallStatus::Failed => RequestStatus::Failed,
        CallStatus::Interrupted => RequestStatus::Interrupted,
        CallStatus::Cancelled => RequestStatus::Cancelled,
        CallStatus::Lost => RequestStatus::Lost,
    }
}
