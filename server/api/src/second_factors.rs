//! Second factors and fresh proofs.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::passkeys::{PasskeyUseStarted, UsedCredential};
use crate::passwords::Password;
use crate::time::Time;

/// An authenticator app to set up. No Debug: nothing may print its secret by accident.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
pub struct TotpSetup {
    /// The secret, in base 32, for typing in.
    pub secret: String,
    /// The same as an address (`otpauth://…`), for a QR code.
    pub uri: String,
}

/// A code that shows that the authenticator app is set up. No Debug, as with every code.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TotpConfirm {
    /// What the app shows: six digits.
    pub code: String,
}

/// Whether an authenticator app is set up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TotpState {
    /// Whether its codes are asked for.
    pub enabled: bool,
    /// When it was set up.
    pub enabled_at: Option<Time>,
}

/// New codes for the day the second factor is lost. They are shown this once. No Debug: nothing may print them.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
pub struct RecoveryCodes {
    /// The codes, each good for once.
    pub codes: Vec<String>,
}

/// How many recovery codes there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RecoveryCodesLeft {
    /// How many have not been used.
    pub left: u64,
    /// How many were given.
    pub total: u64,
}

/// A sign-in that waits for its second factor.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChallengeQuery {
    /// The sign-in that is under way.
    pub challenge: String,
}

/// The second factor of a sign-in: one of the three. No Debug: nothing may print it by accident.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SecondFactorAnswer {
    /// The sign-in that is under way.
    pub challenge: String,
    /// What the authenticator app shows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub totp: Option<String>,
    /// One of the recovery codes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recovery_code: Option<String>,
    /// The browser's answer to the challenge's `passkey`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub passkey: Option<UsedCredential>,
}

/// By what somebody who is signed in proves again who they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ProofMethod {
    /// The password; only where there is no second factor.
    Password,
    /// A code of an authenticator app.
    Totp,
    /// A passkey.
    Passkey,
    /// One of the recovery codes.
    RecoveryCode,
}

impl ProofMethod {
    /// The name used in JSON and in messages.
    pub const fn name(self) -> &'static str {
        match self {
            ProofMethod::Password => "password",
            ProofMethod::Totp => "totp",
            ProofMethod::Passkey => "passkey",
            ProofMethod::RecoveryCode => "recovery_code",
        }
    }
}

/// By what the caller can prove who it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ProofStarted {
    /// One of these is needed.
    pub methods: Vec<ProofMethod>,
    /// What to ask of the browser, where the caller has a passkey.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub passkey: Option<PasskeyUseStarted>,
}

/// A proof: one of the four. No Debug: nothing may print it by accident.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProofCreate {
    /// The password.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<Password>,
    /// What the authenticator app shows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub totp: Option<String>,
    /// One of the recovery codes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recovery_code: Option<String>,
    /// The browser's answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub passkey: Option<PasskeyProof>,
}

/// A browser's answer that proves who the caller is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PasskeyProof {
    /// The `challenge` of the start.
    pub challenge: String,
    /// The browser's answer.
    pub credential: UsedCredential,
}

/// A proof that was right. No Debug: nothing may print it by accident.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
pub struct ProofGiven {
    /// Sent once in the header `x-proof`, by the same session.
    pub proof: String,
    /// From when on it is refused.
    pub expires_at: Time,
}
