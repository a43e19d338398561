//! Calls that have ended.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use waystation_ids::{
    AccountId, AttemptId, ChannelId, CredentialId, KeyId, PriceVersionId, RequestId, UserId,
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
    /// How it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<RequestStatus>,
    /// The HTTP status the caller got.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status_code: Option<u16>,
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
    /// With which key.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(value_type = Option<String>)]
    pub key_id: Option<KeyId>,
    /// The model asked for or served.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// How it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<RequestStatus>,
    /// The HTTP status the caller got.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status_code: Option<u16>,
    /// Begun then or later: a day of the site's time zone such as `2026-11-21`, or a time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start_date: Option<String>,
    /// Begun on that day of the site's time zone or earlier, or before that time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end_date: Option<String>,
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
    /// Its tries, in order; for admins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempts: Option<Vec<Attempt>>,
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
