//! Who did what to the site.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use waystation_ids::{Role, UserId};

use crate::time::Time;

/// A row of the audit log. Each has the hash of the one before: none can be changed or taken out unseen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AuditLogRow {
    /// Its number, from 1 without gaps.
    pub sequence: i64,
    /// When.
    pub at: Time,
    /// Who did it.
    pub actor: AuditLogActor,
    /// The address it was done from.
    pub client_ip: Option<String>,
    /// What was done.
    #[schema(example = "user.update")]
    pub action: String,
    /// What it was done to.
    pub target: Option<AuditLogTarget>,
    /// What that was like before, without secrets.
    #[schema(value_type = Option<Object>)]
    pub before: Option<Value>,
    /// What it is like after, without secrets.
    #[schema(value_type = Option<Object>)]
    pub after: Option<Value>,
    /// The request that did it.
    pub request_id: Option<String>,
    /// SHA-256 over the row and the hash of the one before, in hexadecimal.
    pub hash: String,
}

/// Who did something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AuditLogActor {
    /// How the actor was known: `cookie`, `token`, `command` at the server, `stranger` or `server`.
    pub kind: String,
    /// The person, where it is known.
    #[schema(value_type = Option<String>)]
    pub id: Option<UserId>,
    /// The person's role at that time.
    pub role: Option<Role>,
}

/// What something was done to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AuditLogTarget {
    /// What kind of thing it is.
    #[schema(example = "user")]
    pub kind: String,
    /// Its id or name.
    pub id: String,
}

/// Which rows to list.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AuditLogQuery {
    /// Only of this person.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(value_type = Option<String>)]
    pub actor: Option<UserId>,
    /// Only what begins with this, such as `user.`: lower-case letters, digits, dots and underscores.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(max_length = 64)]
    pub action: Option<String>,
    /// Only what was done to the thing of this id or name.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(max_length = 191)]
    pub target: Option<String>,
    /// From this day of the site's time zone, or this time, on.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(example = "2026-11-01")]
    pub start_date: Option<String>,
    /// Up to this day of the site's time zone, which is included, or this time, which is not.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(example = "2026-11-30")]
    pub end_date: Option<String>,
    /// How many rows at most: 1 to 100, 20 unless given. An export has all.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(minimum = 1, maximum = 100)]
    pub limit: Option<u32>,
    /// The `next_cursor` of the page before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}

/// What a check of the audit log found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditLogVerdict {
    /// Whether every row is as it was written and none is missing.
    pub is_whole: bool,
    /// How many rows there are in a whole log.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rows: Option<i64>,
    /// The number of the first row that is missing, was changed, or does not follow the one before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_broken: Option<i64>,
}
