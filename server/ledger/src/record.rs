//! What is written about a call when it ends, beside what it cost.

use serde::{Deserialize, Serialize};
use waystation_ids::{ChannelId, CredentialId, KeyId, PriceVersionId, RequestId, UserId};
use waystation_pricing::{Cost, Usage};

/// How a call ended, as its row and the roll-ups say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CallStatus {
    /// The answer was delivered whole.
    Ok,
    /// The upstream failed, or sent what is no answer.
    Failed,
    /// The upstream's stream broke off or said it failed, after some of it had been delivered.
    Interrupted,
    /// The caller went away.
    Cancelled,
    /// The process that relayed it died.
    Lost,
}

impl CallStatus {
    /// Every status.
    pub const ALL: [CallStatus; 5] = [
        CallStatus::Ok,
        CallStatus::Failed,
        CallStatus::Interrupted,
        CallStatus::Cancelled,
        CallStatus::Lost,
    ];

    /// The stable name used in JSON and in stored rows.
    pub fn name(self) -> &'static str {
        match self {
            CallStatus::Ok => "ok",
            CallStatus::Failed => "failed",
            CallStatus::Interrupted => "interrupted",
            CallStatus::Cancelled => "cancelled",
            CallStatus::Lost => "lost",
        }
    }

    /// The status of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        CallStatus::ALL.into_iter().find(|status| status.name() == name)
    }
}

/// Facts of a call for its row. Everything but the money, which the books decide.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallRecord {
    /// The call.
    pub request: RequestId,
    /// Who paid.
    pub user: UserId,
    /// With which key.
    pub key: KeyId,
    /// The model the caller named.
    pub model_asked: String,
    /// The model that answered, as the site names it.
    pub model_served: String,
    /// The channel that answered, or was tried last.
    pub channel: Option<ChannelId>,
    /// The dialect the caller spoke, such as `openai`.
    pub dialect: String,
    /// The route's path, such as `/v1/chat/completions`.
    pub route: String,
    /// The HTTP method.
    pub method: String,
    /// Whether a stream was asked for.
    pub stream: bool,
    /// What was used.
    pub usage: UsageRecord,
    /// The price that settles the call.
    pub price_version: PriceVersionId,
    /// The factor on it, in parts per million.
    pub multiplier_ppm: i64,
    /// The output cap that was sent upstream, in tokens.
    pub output_cap: u64,
    /// How it ended.
    pub status: CallStatus,
    /// The HTTP status the caller got.
    pub status_code: u16,
    /// The error code the caller got.
    pub error_code: Option<String>,
    /// Milliseconds from admission to the first byte of the answer.
    pub first_byte_ms: Option<i64>,
    /// Milliseconds from admission to the end.
    pub duration_ms: i64,
    /// The caller's address.
    pub client_ip: String,
    /// The caller's user agent, cut to 255 characters.
    pub user_agent: String,
    /// When the call began, in unix milliseconds of this host.
    pub started_at_ms: i64,
}

/// Usage in a form that can be stored: bucket names with their tokens, and the source.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UsageRecord {
    /// Tokens of each bucket that is not empty.
    pub tokens: Vec<(waystation_pricing::Bucket, u64)>,
    /// Where the numbers come from.
    pub source: waystation_pricing::UsageSource,
}

impl From<&Usage> for UsageRecord {
    fn from(usage: &Usage) -> Self {
        UsageRecord { tokens: usage.filled().collect(), source: usage.source }
    }
}

impl From<&UsageRecord> for Usage {
    fn from(record: &UsageRecord) -> Self {
        record
            .tokens
            .iter()
            .fold(Usage::none(record.source), |usage, (bucket, tokens)| usage.with(*bucket, *tokens))
    }
}

/// One try of a call at one channel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttemptRecord {
    /// The number of the try, from 1.
    pub number: u8,
    /// Where it went.
    pub channel: ChannelId,
    /// With which of the channel's secrets.
    pub credential: Option<CredentialId>,
    /// The model's name there.
    pub upstream_model: String,
    /// The HTTP status that came back, if any did.
    pub status_code: Option<u16>,
    /// What went wrong, as a stable code.
    pub error_code: Option<String>,
    /// What went wrong in the upstream's words, redacted and cut to 500 characters; for admins.
    pub error_text: Option<String>,
    /// When it began, in unix milliseconds of this host.
    pub started_at_ms: i64,
    /// Milliseconds to the first byte.
    pub first_byte_ms: Option<i64>,
    /// Milliseconds to the end.
    pub duration_ms: i64,
}

/// The end of a call: what it costs and everything to be written with it, in one transaction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settlement {
    /// What it costs; none: the hold is voided and nothing is charged.
    pub cost: Option<Cost>,
    /// The call's row.
    pub record: CallRecord,
    /// Its tries, in order.
    pub attempts: Vec<AttemptRecord>,
}
