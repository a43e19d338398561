//! Setting up, signing in and out: `/api/setup` and `/api/auth/*`.

use waystation_api::devices::DevicePair;
use waystation_api::session::TokenRefresh;
use waystation_api::setup::{SetupCreate, SetupState};
use waystation_api::sign_in::{SignInReply, Tokens};
use waystation_api::sign_in_options::SignInOptions;

use crate::call::{Client, ClientError};

impl Client {
    /// Shows whether the site has an owner.
    pub async fn show_setup(&self) -> Result<SetupState, ClientError> {
        self.get(&["setup"]).await
    }

    /// Makes the first owner.
    pub async fn complete_setup(&self, body: &SetupCreate) -> Result<SignInReply, ClientError> {
        self.post(&["setup"], body).await
    }

    /// Shows the ways in that the site offers.
    pub async fn show_sign_in_options(&self) -> Result<SignInOptions, ClientError> {
        self.get(&["auth", "options"]).await
    }

    /// Exchanges a refresh token for new tokens.
    pub async fn refresh_tokens(&self, body: &TokenRefresh) -> Result<Tokens, ClientError> {
        self.post(&["auth", "refresh"], body).await
    }

    /// Pairs this device with the person who began the pairing.
    pub async fn pair_device(&self, body: &DevicePair) -> Result<SignInReply, ClientError> {
        self.post(&["auth", "pair"], body).await
    }

    /// Ends the session that asks.
    pub async fn sign_out(&self) -> Result<(), ClientError> {
        self.post_silently(&["auth", "logout"]).await
    }
}
