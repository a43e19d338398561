//! Why nobody was signed in by a provider: a code for the page, and what the log says.

use axum::http::StatusCode;
use thiserror::Error;
use waystation_store::StoreError;

use crate::error::ApiError;
use crate::sign_in::oauth::id_token::IdTokenError;
use crate::sign_in::oauth::outbound::AskError;

/// Why nobody was signed in by a provider. The page gets the code alone: what a provider writes is not repeated to
/// browsers.
#[derive(Debug, Error)]
pub(super) enum OauthFailure {
    /// The state is unknown, used, too old, another browser's or another provider's.
    #[error("the answer belongs to no way that this browser began with this provider")]
    InvalidState,
    /// The person said no.
    #[error("the person refused")]
    AccessDenied,
    /// The provider did not do what it was asked.
    #[error("the provider refused ({0})")]
    ProviderRefused(String),
    /// The provider did not answer.
    #[error("the provider could not be asked")]
    Unreachable(#[from] AskError),
    /// The provider answered with a failure of its own.
    #[error("the provider answered {0}")]
    Status(StatusCode),
    /// What the provider said does not hold together, or is not its to say.
    #[error("the provider's answer cannot be believed: {0}")]
    InvalidAnswer(&'static str),
    /// Its id token is not one to believe.
    #[error("the provider's id token cannot be believed")]
    InvalidIdToken(#[from] IdTokenError),
    /// The provider's account is closed, or not trusted enough.
    #[error("the account with the provider is not let in")]
    AccountNotAllowed,
    /// The provider does not say that the person holds the address.
    #[error("the provider does not assert a verified address")]
    EmailUnverified,
    /// The address is somebody's here, who has to sign in and link.
    #[error("the address is somebody's here already")]
    AccountExists,
    /// The account with the provider is somebody else's here.
    #[error("the account with the provider is linked to somebody else")]
    IdentityTaken,
    /// The person has as many accounts with providers as one may have.
    #[error("the person has too many accounts with providers")]
    TooManyIdentities,
    /// The session that wanted the link is not the one that came back.
    #[error("the session that began is not the one that came back")]
    OtherSession,
    /// The provider lets nobody register here.
    #[error("nobody registers by this provider")]
    RegistrationClosed,
    /// What any sign-in may be refused for.
    #[error("the sign-in was refused: {}", .0.operator_text())]
    Refused(ApiError),
}

impl OauthFailure {
    /// What the page branches on.
    pub(super) fn code(&self) -> String {
        let code = match self {
            OauthFailure::InvalidState => "invalid_state",
            OauthFailure::AccessDenied => "access_denied",
            OauthFailure::ProviderRefused(_) => "provider_refused",
            OauthFailure::Unreachable(_) | OauthFailure::Status(_) => "provider_unavailable",
            OauthFailure::InvalidAnswer(_) | OauthFailure::InvalidIdToken(_) => "invalid_answer",
            OauthFailure::AccountNotAllowed => "account_not_allowed",
            OauthFailure::EmailUnverified => "email_unverified",
            OauthFailure::AccountExists => "account_exists",
            OauthFailure::IdentityTaken => "identity_taken",
            OauthFailure::TooManyIdentities => "too_many_identities",
            OauthFailure::OtherSession => "other_session",
            OauthFailure::RegistrationClosed => "registration_closed",
            OauthFailure::Refused(error) => {
                let code = serde_json::to_value(error.code()).unwrap_or_default();
                return code.as_str().unwrap_or("internal_error").to_owned();
            }
        };
        code.to_owned()
    }
}

impl From<ApiError> for OauthFailure {
    fn from(error: ApiError) -> Self {
        OauthFailure::Refused(error)
    }
}

impl From<StoreError> for OauthFailure {
    fn from(error: StoreError) -> Self {
        OauthFailure::Refused(error.into())
    }
}
