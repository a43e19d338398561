//! What a stranger may know of a site before signing in.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::oauth::OauthProvider;

/// The ways in that a site offers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SignInOptions {
    /// Whom the site takes.
    pub registration: RegistrationPolicy,
    /// Whether whoever registers has to show that the address is theirs before signing in.
    pub requires_verification: bool,
    /// Only addresses of these domains may register, but for those that were invited by name; none: of all.
    pub allowed_domains: Vec<String>,
    /// Whether the site sends mails, so that a forgotten password can be reset.
    pub is_mail_sent: bool,
    /// The fewest characters of a password.
    pub password_length_min: u32,
    /// The identity providers, by name.
    pub providers: Vec<OauthProvider>,
    /// Whether the site has an address that passkeys can be bound to.
    pub has_passkeys: bool,
    /// Whether whoever asks is signed in already. Pages ask this where they do not know: it is no refusal to be nobody.
    pub is_signed_in: bool,
}

/// Whom a site takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RegistrationPolicy {
    /// Everybody.
    Open,
    /// Whoever was invited.
    Invite,
    /// Nobody.
    Closed,
}
