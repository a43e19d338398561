//! Identity providers, and one's accounts with them.

use waystation_api::oauth::{Identities, Identity, OauthStart, OauthStarted};
use waystation_ids::IdentityId;

use crate::call::{Client, ClientError};

impl Client {
    /// Begins to sign in by a provider, or to link an account with it.
    pub async fn start_oauth(&self, provider: &str, body: &OauthStart) -> Result<OauthStarted, ClientError> {
        self.post(&["auth", "oauth", provider, "start"], body).await
    }

    /// Lists one's accounts with identity providers.
    pub async fn list_my_identities(&self) -> Result<Identities, ClientError> {
        self.get(&["me", "identities"]).await
    }

    /// Takes an account with an identity provider off.
    pub async fn unlink_my_identity(&self, identity: IdentityId) -> Result<Identity, ClientError> {
        self.delete(&["me", "identities", &identity.to_string()]).await
    }
}
