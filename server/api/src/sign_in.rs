//! Signing in, and what it gives.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use waystation_ids::SessionId;

use crate::keys::KeyCreated;
use crate::time::Time;
use crate::users::User;

/// What a caller who signs in wants to be known by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Reception {
    /// A browser: a cookie.
    #[default]
    Cookie,
    /// A program: an access token and a refresh token.
    Tokens,
}

/// What follows a right first proof.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum SignInReply {
    /// The caller is signed in.
    SignedIn(Box<SignedIn>),
    /// A second factor is needed: send it with the challenge.
    SecondFactorRequired(SecondFactorChallenge),
}

/// A sign-in that succeeded. No Debug: nothing may print it by accident.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
pub struct SignedIn {
    /// Who signed in.
    pub user: User,
    /// The session, for the list of sessions.
    #[schema(value_type = String, example = "ses_06ft3r5yx1v2k4m7q9s0t2w6z0")]
    pub session: SessionId,
    /// When the session ends by itself.
    pub expires_at: Time,
    /// The tokens, where the caller asked for them; otherwise the answer sets a cookie.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokens: Option<Tokens>,
    /// Whether the person's role needs a second factor that the person does not have: nothing else is allowed before
    /// one is set up.
    #[serde(default)]
    pub must_set_up_second_factor: bool,
    /// The key that the first sign-in makes. It is shown this once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_key: Option<KeyCreated>,
}

/// What a program is known by. No Debug: nothing may print it by accident.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
pub struct Tokens {
    /// Sent as `Authorization: Bearer …`.
    pub access_token: String,
    /// From when on the access token is refused.
    pub expires_at: Time,
    /// Exchanged for new tokens at `/api/auth/refresh`, once.
    pub refresh_token: String,
}

/// A second factor that is asked for.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
pub struct SecondFactorChallenge {
    /// Names the sign-in that is under way; good for five tries within five minutes.
    pub challenge: String,
    /// What the person has: one of them is needed.
    pub methods: Vec<SecondFactor>,
}

/// A second factor, or a fresh proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SecondFactor {
    /// A code of an authenticator app.
    Totp,
    /// A passkey.
    Passkey,
    /// One of the codes that were shown when the second factor was set up.
    RecoveryCode,
}
