//! Calls that failed, gathered by how.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use waystation_ids::{ChannelId, RequestId, UserId};

use crate::requests::{RequestCause, RequestStatus};
use crate::time::Time;

/// Which failed calls to gather.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ErrorGroupQuery {
    /// Begun then or later: a day, or a time; 24 hours ago, unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start_date: Option<String>,
    /// Begun on that day or earlier, or before that time; now, unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end_date: Option<String>,
    /// The zone of the days, such as `Asia/Shanghai` or `+08:00`; the site's, unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<String>,
    /// Who paid.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(value_type = Option<String>)]
    pub user_id: Option<UserId>,
    /// The model that was served.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// The channel that was tried last.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(value_type = Option<String>)]
    pub channel_id: Option<ChannelId>,
    /// The error code the caller got.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_code: Option<String>,
    /// The HTTP status the caller got.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status_code: Option<u16>,
}

/// The groups of a time, the largest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ErrorGroups {
    /// The beginning.
    pub from: Time,
    /// The end.
    pub until: Time,
    /// At most 200 groups.
    pub items: Vec<ErrorGroup>,
    /// Whether there are more.
    pub is_truncated: bool,
    /// Always null: there is one page.
    pub next_cursor: Option<String>,
}

/// Calls that failed in the same way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ErrorGroup {
    /// The error code the callers got; null: none.
    pub error_code: Option<String>,
    /// What it means.
    pub cause: Option<RequestCause>,
    /// How they ended.
    pub status: RequestStatus,
    /// The HTTP status the callers got.
    pub status_code: u16,
    /// The model that was served.
    pub model: String,
    /// The channel that was tried last; null: none was.
    #[schema(value_type = Option<String>)]
    pub channel_id: Option<ChannelId>,
    /// What it is called; null: none was tried, or it is gone.
    pub channel_name: Option<String>,
    /// How many calls.
    pub count: u64,
    /// Of how many people.
    pub users: u64,
    /// When the first of them began.
    pub first_seen_at: Time,
    /// When the last of them began.
    pub last_seen_at: Time,
    /// The last of them.
    #[schema(value_type = String)]
    pub example_request_id: RequestId,
}
