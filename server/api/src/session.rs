//! Access tokens.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use waystation_ids::{SessionId, UserId};

use crate::time::Time;

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
