//! Sessions, and the tokens that go with them.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use waystation_ids::{SessionId, UserId};

use crate::time::Time;

/// A sign-in of a person that has not ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Session {
    /// Its id.
    #[schema(value_type = String, example = "ses_06ft3r5yx1v2k4m7q9s0t2w6z0")]
    pub id: SessionId,
    /// What made it.
    pub kind: SessionKind,
    /// What its user calls it.
    pub name: Option<String>,
    /// Where it was made from.
    #[schema(example = "203.0.113.5")]
    pub client_ip: Option<String>,
    /// What made it, as it said itself.
    pub user_agent: Option<String>,
    /// How it was proved who signs in, such as `password`.
    pub proved_by: Option<String>,
    /// When it was made.
    pub created_at: Time,
    /// When it was last used, to the minute.
    pub last_used_at: Option<Time>,
    /// When it ends unless it is used before.
    pub expires_at: Time,
    /// Whether it is the one that asks.
    pub is_current: bool,
}

/// What makes a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SessionKind {
    /// A command at the server.
    Cli,
    /// A browser.
    Browser,
    /// A device or program.
    Device,
}

/// How many sessions were ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SessionsRevoked {
    /// So many.
    pub revoked: u64,
}

/// A refresh token to exchange. No Debug: nothing may print it by accident.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TokenRefresh {
    /// The one that was given last.
    #[schema(example = "wsr_…")]
    pub refresh_token: String,
    /// 43 to 64 random characters, written down before they are sent. The same token shown again with the same ones
    /// is answered alike, so that who loses an answer can ask for it again; with others it is a copy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempt: Option<String>,
}

/// A short-lived token for programs, sent as `Authorization: Bearer …`. No Debug: nothing may print it by accident.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
pub struct AccessToken {
    /// The token.
    pub access_token: String,
    /// From when on it is refused.
    pub expires_at: Time,
}

/// What an access token says (RFC 7519, section 4.1), signed with HS256.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessClaims {
    /// Who it is for.
    pub sub: UserId,
    /// The session it belongs to; ending that ends the token.
    pub sid: SessionId,
    /// When it was made, in unix seconds.
    pub iat: i64,
    /// From when on it is refused, in unix seconds.
    pub exp: i64,
}
