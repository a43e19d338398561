//! Calls as the API shows them.

use std::collections::HashMap;

use waystation_api::requests::{Attempt, Request, RequestSource, RequestStatus, RequestUsage};
use waystation_api::time::Time;
use waystation_ids::{ChannelId, Email, RequestId, UserId};
use waystation_ledger::{AttemptRecord, CallStatus, SourceLine, UsageRecord};
use waystation_pricing::Usage;
use waystation_store::EndedRequest;

use crate::error::ApiError;
use crate::ledger::{amount_text, wire_unit};
use crate::requests::cause::cause_of;
use crate::state::App;

/// What admins read in the place of ids.
#[derive(Clone, Debug, Default)]
pub(super) struct Labels {
    pub(super) users: HashMap<UserId, Email>,
    pub(super) channels: HashMap<ChannelId, String>,
}

impl Labels {
    /// Those of calls and of the channels they were tried at.
    pub(super) async fn load(
        app: &App,
        calls: &[EndedRequest],
        attempts: &[AttemptRecord],
    ) -> Result<Self, ApiError> {
        let tried = attempts.iter().map(|attempt| attempt.channel);
        let channels = calls.iter().filter_map(|call| call.record.channel).chain(tried);
        Ok(Labels {
            users: app.store.list_user_emails(calls.iter().map(|call| call.record.user).collect()).await?,
            channels: app.store.list_channel_names(channels.collect()).await?,
        })
    }
}

/// A call as admins see it.
pub(super) fn wire_request(ended: &EndedRequest, labels: &Labels) -> Request {
    let channel = ended.record.channel;
    Request {
        channel_id: channel,
        operator_loss: Some(ended.operator_loss.into()),
        user_email: labels.users.get(&ended.record.user).cloned(),
        channel_name: channel.and_then(|channel| labels.channels.get(&channel).cloned()),
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
        cause: cause_of(record.status, record.error_code.as_deref()),
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
        user_email: None,
        channel_name: None,
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

pub(super) fn wire_attempt(request: RequestId, attempt: AttemptRecord, labels: &Labels) -> Attempt {
    Attempt {
        id: request.attempt(attempt.number),
        number: attempt.number,
        channel_id: attempt.channel,
        channel_name: labels.channels.get(&attempt.channel).cloned(),
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

pub(super) fn wire_status(status: CallStatus) -> RequestStatus {
    match status {
        CallStatus::Ok => RequestStatus::Ok,
        CallStatus::Failed => RequestStatus::Failed,
        CallStatus::Interrupted => RequestStatus::Interrupted,
        CallStatus::Cancelled => RequestStatus::Cancelled,
        CallStatus::Lost => RequestStatus::Lost,
    }
}
