//! Calls that have ended.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use waystation_ids::{
    AccountId, AttemptId, ChannelId, CredentialId, Email, KeyId, PriceVersionId, RequestId, UserId,
};

use crate::ledger::Unit;
use crate::money::Usd;
use crate::time::Time;

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RequestStatus {
    /// The answer was delivered whole.
    Ok,
    /// The upstream failed, or sent what is no answer.
    Failed,
    /// The upstream's stream broke off after some of it had been delivered.
    Interrupted,
    /// The caller went away.
    Cancelled,
    /// The server that relayed it died.
    Lost,
}

/// How calls to list ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RequestStatusFilter {
    /// The answer was delivered whole.
    Ok,
    /// The upstream failed, or sent what is no answer.
    Failed,
    /// The upstream's stream broke off after some of it had been delivered.
    Interrupted,
    /// The caller went away.
    Cancelled,
    /// The server that relayed it died.
    Lost,
    /// Failed, interrupted or lost.
    Error,
}

/// The first digit of the HTTP status that callers got.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
pub enum StatusClass {
    /// Success.
    #[serde(rename = "2xx")]
    Success,
    /// What was asked could not be done.
    #[serde(rename = "4xx")]
    ClientError,
    /// The site or its upstream failed.
    #[serde(rename = "5xx")]
    ServerError,
}

/// Why a call was not answered whole, and so what helps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RequestCause {
    /// The caller went away.
    CallerLeft,
    /// The server that relayed it died.
    ServerLost,
    /// The server was stopped.
    ServerStopped,
    /// A fault of the server.
    ServerFault,
    /// The books could not be written.
    NotSettled,
    /// No channel could serve the model.
    NoProvider,
    /// The provider failed, or sent what is no answer.
    ProviderFailed,
    /// The provider did not begin to answer in time.
    ProviderSlow,
    /// The provider wants fewer calls.
    ProviderBusy,
    /// The answer broke off.
    AnswerBrokeOff,
    /// The answer did not go on in time.
    AnswerStalled,
    /// The prompt is longer than the model's context.
    PromptTooLong,
    /// The provider's content policy refuses it.
    ContentRefused,
    /// The provider does not take a parameter.
    ParameterRefused,
    /// The provider does not know the model, or something that was named.
    ModelRefused,
    /// The provider takes less at once.
    RequestTooLarge,
    /// The provider refuses it as invalid.
    RequestRefused,
    /// Something else.
    Other,
}

/// Which calls to list.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct RequestQuery {
    /// How many calls at most: 1 to 100, 20 unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(minimum = 1, maximum = 100)]
    pub limit: Option<u32>,
    /// The `next_cursor` of the page before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    /// This call alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(value_type = Option<String>)]
    pub id: Option<RequestId>,
    /// Who paid.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(value_type = Option<String>)]
    pub user_id: Option<UserId>,
    /// With which key.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(value_type = Option<String>)]
    pub key_id: Option<KeyId>,
    /// The model asked for or served.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// How it ended; `error`: failed, interrupted or lost.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(inline)]
    pub status: Option<RequestStatusFilter>,
    /// The HTTP status the caller got.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status_code: Option<u16>,
    /// The first digit of that status: `2xx`, `4xx` or `5xx`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(inline)]
    pub status_class: Option<StatusClass>,
    /// The error code the caller got.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_code: Option<String>,
    /// The channel that answered, or was tried last.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(value_type = Option<String>)]
    pub channel_id: Option<ChannelId>,
    /// Begun then or later: a day of the site's time zone such as `2026-11-21`, or a time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start_date: Option<String>,
    /// Begun on that day of the site's time zone or earlier, or before that time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end_date: Option<String>,
}

/// Which of one's own calls to list.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct OwnRequestQuery {
    /// How many calls at most: 1 to 100, 20 unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(minimum = 1, maximum = 100)]
    pub limit: Option<u32>,
    /// The `next_cursor` of the page before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    /// This call alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(value_type = Option<String>)]
    pub id: Option<RequestId>,
    /// With which key.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(value_type = Option<String>)]
    pub key_id: Option<KeyId>,
    /// The model asked for or served.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// How it ended; `error`: failed, interrupted or lost.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(inline)]
    pub status: Option<RequestStatusFilter>,
    /// The HTTP status the caller got.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status_code: Option<u16>,
    /// The first digit of that status: `2xx`, `4xx` or `5xx`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(inline)]
    pub status_class: Option<StatusClass>,
    /// The error code the caller got.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_code: Option<String>,
    /// Begun then or later: a day of the site's time zone such as `2026-11-21`, or a time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start_date: Option<String>,
    /// Begun on that day of the site's time zone or earlier, or before that time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end_date: Option<String>,
}

/// Which of one's own calls to export.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct OwnRequestExportQuery {
    /// With which key.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(value_type = Option<String>)]
    pub key_id: Option<KeyId>,
    /// The model asked for or served.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// How it ended; `error`: failed, interrupted or lost.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(inline)]
    pub status: Option<RequestStatusFilter>,
    /// The HTTP status the caller got.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status_code: Option<u16>,
    /// The first digit of that status: `2xx`, `4xx` or `5xx`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(inline)]
    pub status_class: Option<StatusClass>,
    /// The error code the caller got.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_code: Option<String>,
    /// Begun then or later: a day of the site's time zone such as `2026-11-21`, or a time; 30 days up to today, unless
    /// given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start_date: Option<String>,
    /// Begun on that day of the site's time zone or earlier, or before that time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end_date: Option<String>,
}

/// A call as an export writes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ExportedRequest {
    /// Its id.
    #[schema(value_type = String)]
    pub request_id: RequestId,
    /// When it began.
    pub started_at: Time,
    /// When it ended.
    pub ended_at: Time,
    /// With which key.
    #[schema(value_type = String)]
    pub key_id: KeyId,
    /// What the key is called; null: it is not known any more.
    pub key_name: Option<String>,
    /// The model asked for.
    pub model: String,
    /// The model that answered, as the site names it.
    pub model_served: String,
    /// The route's path.
    pub route: String,
    /// Whether a stream was asked for.
    pub stream: bool,
    /// How it ended.
    pub status: RequestStatus,
    /// The HTTP status the caller got.
    pub status_code: u16,
    /// The error code the caller got; null: none.
    pub error_code: Option<String>,
    /// Tokens read.
    pub input_tokens: u64,
    /// How many of them came from a cache.
    pub cache_read_tokens: u64,
    /// How many of them were written to a cache.
    pub cache_write_tokens: u64,
    /// Tokens written.
    pub output_tokens: u64,
    /// How many of them were reasoning.
    pub reasoning_tokens: u64,
    /// Where the numbers come from: `reported`, `estimated` or `capped`.
    pub usage_source: String,
    /// The list price.
    pub cost: Usd,
    /// What was paid in money.
    pub charged: Usd,
    /// Always `USD`.
    pub currency: String,
    /// Milliseconds to the first byte of the answer; null: there was none.
    pub first_byte_ms: Option<i64>,
    /// Milliseconds to the end.
    pub duration_ms: i64,
    /// The caller's address.
    pub client_ip: String,
}

/// A call that has ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Request {
    /// Its id, as in the answer's `x-request-id`.
    #[schema(value_type = String, example = "req_06ft3r5yx1v2k4m7q9s0t2w6z0")]
    pub id: RequestId,
    /// Who paid.
    #[schema(value_type = String)]
    pub user_id: UserId,
    /// With which key.
    #[schema(value_type = String)]
    pub key_id: KeyId,
    /// The model asked for.
    pub model: String,
    /// The model that answered, as the site names it.
    pub model_served: String,
    /// The route's path, such as `/v1/chat/completions`.
    pub route: String,
    /// Whether a stream was asked for.
    pub stream: bool,
    /// How it ended.
    pub status: RequestStatus,
    /// The HTTP status the caller got.
    pub status_code: u16,
    /// The error code the caller got; null: none.
    pub error_code: Option<String>,
    /// Why it was not answered whole; null: it was.
    pub cause: Option<RequestCause>,
    /// What was used.
    pub usage: RequestUsage,
    /// The list price of everything used.
    pub cost: Usd,
    /// What was paid in money; grants paid the rest.
    pub charged: Usd,
    /// The price it was settled by.
    #[schema(value_type = String)]
    pub price_version_id: PriceVersionId,
    /// The factor on the price, in parts per million.
    pub multiplier_ppm: i64,
    /// The output cap that was sent upstream, in tokens.
    pub output_cap: u64,
    /// How many channels were tried.
    pub attempt_count: u32,
    /// Milliseconds to the first byte of the answer; null: there was none.
    pub first_byte_ms: Option<i64>,
    /// Milliseconds to the end.
    pub duration_ms: i64,
    /// The caller's address.
    pub client_ip: String,
    /// The caller's user agent.
    pub user_agent: String,
    /// When it began.
    pub started_at: Time,
    /// When it ended.
    pub ended_at: Time,
    /// The channel that answered, or was tried last; for admins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub channel_id: Option<ChannelId>,
    /// What the operator bears; for admins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub operator_loss: Option<Usd>,
    /// The address of who paid; for admins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_email: Option<Email>,
    /// What the channel is called; for admins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel_name: Option<String>,
}

/// What a call used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RequestUsage {
    /// Tokens read.
    pub input_tokens: u64,
    /// Tokens written.
    pub output_tokens: u64,
    /// Tokens of each bucket that is not empty, such as `input`, `cache_read` or `reasoning`.
    pub tokens: BTreeMap<String, u64>,
    /// Where the numbers come from: `reported`, `estimated` or `capped`.
    pub source: String,
}

/// A call that has ended, with what paid for it and, for admins, how it was tried.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RequestDetails {
    /// The call.
    #[serde(flatten)]
    pub request: Request,
    /// What each account paid.
    pub sources: Vec<RequestSource>,
    /// How the list price comes about, before the multiplier.
    pub price_lines: Vec<PriceLine>,
    /// Whether the list price is that of these lines. A lost call is booked by an estimate or its hold, and one that
    /// was given up at least by what its input is known to have cost.
    pub is_priced_by_lines: bool,
    /// Where its time went.
    pub timeline: RequestTimeline,
    /// Its tries, in order; for admins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempts: Option<Vec<Attempt>>,
}

/// Tokens of one kind at their price, or a fee.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PriceLine {
    /// The bucket, such as `input` or `reasoning`; `per_request`: the fee for the call.
    #[schema(example = "input")]
    pub kind: String,
    /// How many tokens; null: it is a fee.
    pub tokens: Option<u64>,
    /// The price of a million of them; null: it is a fee.
    pub per_million: Option<Usd>,
    /// What they cost, rounded up to a thousand-millionth of a USD. The list price is rounded once, so that it may be a
    /// little less than the lines together.
    pub amount: Usd,
}

/// Where a call's time went, in milliseconds; null: it is not known, or there was no such part.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RequestTimeline {
    /// Until the first try began.
    pub queue_ms: Option<i64>,
    /// From there until the last try began: what tries that failed took.
    pub retries_ms: Option<i64>,
    /// From there to the first byte of the answer.
    pub first_byte_ms: Option<i64>,
    /// From there to the end.
    pub stream_ms: Option<i64>,
    /// All of it.
    pub total_ms: Option<i64>,
}

/// What one account paid for a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RequestSource {
    /// The account.
    #[schema(value_type = String)]
    pub account_id: AccountId,
    /// What it counts.
    pub unit: Unit,
    /// How much it paid: a decimal of USD, or a whole number of tokens or calls.
    #[schema(example = "0.000002150")]
    pub amount: String,
    /// What that stood for, at list price.
    pub list_value: Usd,
}

/// One try of a call at one channel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Attempt {
    /// Its id.
    #[schema(value_type = String)]
    pub id: AttemptId,
    /// The number of the try, from 1.
    pub number: u8,
    /// Where it went.
    #[schema(value_type = String)]
    pub channel_id: ChannelId,
    /// What the channel is called; null: it is gone.
    pub channel_name: Option<String>,
    /// With which of the channel's secrets; null: with none.
    #[schema(value_type = Option<String>)]
    pub credential_id: Option<CredentialId>,
    /// The model's name there.
    pub upstream_model: String,
    /// The HTTP status that came back; null: none did.
    pub status_code: Option<u16>,
    /// What went wrong, as a stable code; null: nothing.
    pub error_code: Option<String>,
    /// What went wrong in the upstream's words, secrets taken out; null: nothing.
    pub error_text: Option<String>,
    /// When it began.
    pub started_at: Time,
    /// Milliseconds to the first byte; null: there was none.
    pub first_byte_ms: Option<i64>,
    /// Milliseconds to the end.
    pub duration_ms: i64,
}
