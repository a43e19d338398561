//! Signing in by an identity provider, and the accounts with providers that a person has.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use waystation_ids::IdentityId;

use crate::sign_in::Reception;
use crate::time::Time;

/// An identity provider.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OauthProvider {
    /// What it is called in addresses.
    #[schema(example = "github")]
    pub name: String,
    /// What people call it.
    #[schema(example = "GitHub")]
    pub title: String,
    /// How it was set up.
    pub preset: OauthPreset,
}

/// What is known of an identity provider before it is set up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum OauthPreset {
    /// GitHub.
    Github,
    /// Google.
    Google,
    /// LINUX DO, which verifies no address for others.
    LinuxDo,
    /// One that speaks OpenID Connect.
    Oidc,
    /// One that speaks OAuth 2 alone.
    OAuth2,
}

/// What somebody is sent to a provider for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OauthPurpose {
    /// To sign in, or to register where the site lets people.
    #[default]
    SignIn,
    /// To link the account with the provider to the person who is signed in.
    Link,
}

/// A way by a provider to begin.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OauthStart {
    /// What for.
    #[serde(default)]
    pub purpose: OauthPurpose,
    /// The path of this site that the browser ends at; `/` unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 512, example = "/app/keys")]
    pub return_path: Option<String>,
    /// Only a browser comes back from a provider: `cookie`. Programs are paired.
    #[serde(default)]
    pub reception: Reception,
    /// The invitation of somebody who is new here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 128)]
    pub invite: Option<String>,
}

/// Where to go now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OauthStarted {
    /// The provider's page, to be opened within ten minutes by the browser that got the cookie of this answer.
    pub authorize_url: String,
}

/// The accounts with identity providers that a person has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Identities {
    /// All of them, the oldest first.
    pub items: Vec<Identity>,
}

/// A person's account with an identity provider.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Identity {
    /// Its id.
    #[schema(value_type = String, example = "idn_06ft3r5yx1v2k4m7q9s0t2w6z0")]
    pub id: IdentityId,
    /// The provider.
    pub provider: String,
    /// The address that the provider showed last. It decides nothing.
    pub email: Option<String>,
    /// When it was linked.
    pub created_at: Time,
    /// When somebody last signed in by it.
    pub last_used_at: Option<Time>,
}
