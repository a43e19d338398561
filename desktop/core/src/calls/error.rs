use std::error::Error as StdError;
use std::io;

use serde::Serialize;
use thiserror::Error;
use waystation_client::ClientError;

use crate::secrets::SecretError;
use crate::trust::{KeyChange, TrustError, Watch};

/// Why a call gave no answer of the site's.
#[derive(Debug, Error)]
pub enum CallError {
    /// There is no such connection.
    #[error("there is no such connection")]
    UnknownConnection,
    /// The call is none that is known.
    #[error("the call is not one that the window may make")]
    UnknownOperation,
    /// A part of the call is not of the form it must have.
    #[error("the call's {0} cannot be sent")]
    Malformed(&'static str),
    /// The call is too large.
    #[error("the call is too large")]
    TooLarge,
    /// The connection is only to be looked at.
    #[error("this connection is for looking only")]
    ReadOnly,
    /// Changes are locked until the site's name is typed.
    #[error("changes at this site are locked")]
    WritesLocked,
    /// This device is not paired with the site, or with another one at that address.
    #[error("this device is not paired with the site")]
    NotPaired,
    /// The site has ended this device's session.
    #[error("the site has signed this device out")]
    SignedOut,
    /// The server of this app does not run.
    #[error("the server of this app does not run")]
    NotRunning,
    /// The site shows another key than the one it is known by.
    #[error("the site's key has changed")]
    KeyChanged(KeyChange),
    /// The site's certificate is not believed.
    #[error("the site's certificate is not believed")]
    Untrusted(#[source] reqwest::Error),
    /// The site was not reached, or the answer broke off.
    #[error("the site cannot be reached")]
    Unreachable(#[source] reqwest::Error),
    /// The site took too long.
    #[error("the site does not answer")]
    Late,
    /// The answer is larger than answers are.
    #[error("the answer is too large")]
    AnswerTooLarge,
    /// The answer is not one of a Waystation, or has a secret in it that must not get out.
    #[error("the answer is not one of a Waystation")]
    Answer,
    /// The site refused to exchange the token, and said why.
    #[error("the site refused: {0}")]
    Refused(String),
    /// The secret could not be had or kept.
    #[error(transparent)]
    Secrets(#[from] SecretError),
    /// The connection's policy cannot be followed.
    #[error(transparent)]
    Trust(#[from] TrustError),
    /// A file could not be written.
    #[error("the file could not be written")]
    File(#[source] io::Error),
}

/// What the window is told of an error.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Failure {
    /// A stable word to act by.
    pub code: &'static str,
    /// What happened, in English, for logs and where the code is not known.
    pub message: String,
    /// Both keys, where the site's has changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_change: Option<KeyChange>,
}

impl CallError {
    /// Tells apart why a request failed.
    pub(super) fn of_request(error: reqwest::Error, key_change: Option<KeyChange>) -> Self {
        match key_change {
            Some(change) => CallError::KeyChanged(change),
            None if error.is_timeout() => CallError::Late,
            None if is_about_certificate(&error) => CallError::Untrusted(error.without_url()),
            None => CallError::Unreachable(error.without_url()),
        }
    }

    /// What a typed call's error means here. `watch` is the one of the way that it took.
    pub fn of_client(error: ClientError, watch: &Watch) -> Self {
        match error {
            ClientError::Connection(error) => CallError::of_request(error, watch.take()),
            ClientError::Refused(refusal, _) => CallError::Refused(refusal.message),
            ClientError::Setup(_) | ClientError::Answer { .. } => CallError::Answer,
        }
    }

    /// A stable word to act by.
    pub fn code(&self) -> &'static str {
        match self {
            CallError::UnknownConnection => "unknown_connection",
            CallError::UnknownOperation => "unknown_operation",
            CallError::Malformed(_) => "malformed_call",
            CallError::TooLarge => "call_too_large",
            CallError::ReadOnly => "read_only",
            CallError::WritesLocked => "writes_locked",
            CallError::NotPaired => "not_paired",
            CallError::SignedOut => "signed_out",
            CallError::NotRunning => "not_running",
            CallError::KeyChanged(_) => "key_changed",
            CallError::Untrusted(_) => "untrusted",
            CallError::Unreachable(_) => "no_connection",
            CallError::Late => "timed_out",
            CallError::AnswerTooLarge => "answer_too_large",
            CallError::Answer => "unreadable_answer",
            CallError::Refused(_) => "refused",
            CallError::Secrets(error) => error.code(),
            CallError::Trust(_) => "tls_policy",
            CallError::File(_) => "file",
        }
    }
}

impl SecretError {
    /// A stable word to act by.
    pub fn code(&self) -> &'static str {
        match self {
            SecretError::Unavailable(_) => "keyring_unavailable",
            SecretError::Locked => "secrets_locked",
            SecretError::WrongPassphrase => "wrong_passphrase",
            SecretError::WeakPassphrase => "weak_passphrase",
            SecretError::Damaged => "secret_damaged",
            SecretError::File(_) | SecretError::Sealing => "secret_not_kept",
        }
    }
}

impl Failure {
    /// A failure of that code.
    pub fn new(code: &'static str, message: impl ToString) -> Self {
        Failure { code, message: message.to_string(), key_change: None }
    }
}

impl From<CallError> for Failure {
    fn from(error: CallError) -> Self {
        Failure::from(&error)
    }
}

impl From<&CallError> for Failure {
    fn from(error: &CallError) -> Self {
        let key_change = match error {
            CallError::KeyChanged(change) => Some(*change),
            _ => None,
        };
        Failure { code: error.code(), message: error.to_string(), key_change }
    }
}

/// Libraries wrap the reason into each other's errors.
fn is_about_certificate(error: &reqwest::Error) -> bool {
    let mut source = error.source();
    while let Some(error) = source {
        if let Some(tls) = error.downcast_ref::<rustls::Error>() {
            return matches!(
                tls,
                rustls::Error::InvalidCertificate(_) | rustls::Error::NoCertificatesPresented
            );
        }
        // What an input or output error was made of is not among its sources, only the sources of that.
        let made_of = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        source = made_of.map(|inner| inner as &(dyn StdError + 'static)).or_else(|| error.source());
    }
    false
}
