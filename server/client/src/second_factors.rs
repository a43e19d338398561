//! Second factors, passkeys and fresh proofs: `/api/auth/*` and `/api/me/*`.

use waystation_api::pagination::Page;
use waystation_api::passkeys::{
    Passkey, PasskeyCreate, PasskeyCreated, PasskeyCreationStarted, PasskeySignIn, PasskeyUpdate,
    PasskeyUseStarted,
};
use waystation_api::second_factors::{
    ChallengeQuery, ProofCreate, ProofGiven, ProofStarted, RecoveryCodes, RecoveryCodesLeft,
    SecondFactorAnswer, TotpConfirm, TotpSetup, TotpState,
};
use waystation_api::sign_in::{SecondFactorChallenge, SignInReply};
use waystation_ids::PasskeyId;

use crate::call::{Client, ClientError};

/// The header of fresh proofs.
const PROOF_HEADER: &str = "x-proof";

impl Client {
    /// Shows what a sign-in that is under way waits for.
    pub async fn show_second_factor_challenge(
        &self,
        body: &ChallengeQuery,
    ) -> Result<SecondFactorChallenge, ClientError> {
        self.post(&["auth", "second-factor", "methods"], body).await
    }

    /// Signs in with the second factor.
    pub async fn finish_second_factor(&self, body: &SecondFactorAnswer) -> Result<SignInReply, ClientError> {
        self.post(&["auth", "second-factor"], body).await
    }

    /// Begins to sign in with a passkey.
    pub async fn start_passkey_sign_in(&self) -> Result<PasskeyUseStarted, ClientError> {
        self.post(&["auth", "passkeys", "start"], &()).await
    }

    /// Signs in with a passkey.
    pub async fn finish_passkey_sign_in(&self, body: &PasskeySignIn) -> Result<SignInReply, ClientError> {
        self.post(&["auth", "passkeys", "finish"], body).await
    }

    /// Begins to prove again who one is.
    pub async fn start_proof(&self) -> Result<ProofStarted, ClientError> {
        self.post(&["auth", "proof", "start"], &()).await
    }

    /// Proves again who one is.
    pub async fn create_proof(&self, body: &ProofCreate) -> Result<ProofGiven, ClientError> {
        self.post(&["auth", "proof"], body).await
    }

    /// The same client with a proof, for the one call that needs it.
    pub fn with_proof(&self, proof: &ProofGiven) -> Result<Client, ClientError> {
        self.with_header(PROOF_HEADER, &proof.proof)
    }

    /// Begins to set up an authenticator app.
    pub async fn create_totp(&self) -> Result<TotpSetup, ClientError> {
        self.post(&["me", "totp"], &()).await
    }

    /// Shows whether an authenticator app is set up.
    pub async fn show_totp(&self) -> Result<TotpState, ClientError> {
        self.get(&["me", "totp"]).await
    }

    /// Confirms an authenticator app by its first code.
    pub async fn confirm_totp(&self, body: &TotpConfirm) -> Result<RecoveryCodes, ClientError> {
        self.post(&["me", "totp", "confirm"], body).await
    }

    /// Takes the authenticator app away.
    pub async fn delete_totp(&self) -> Result<(), ClientError> {
        self.delete_silently(&["me", "totp"]).await
    }

    /// Makes new recovery codes.
    pub async fn create_recovery_codes(&self) -> Result<RecoveryCodes, ClientError> {
        self.post(&["me", "recovery-codes"], &()).await
    }

    /// Shows how many recovery codes are left.
    pub async fn count_recovery_codes(&self) -> Result<RecoveryCodesLeft, ClientError> {
        self.get(&["me", "recovery-codes"]).await
    }

    /// Begins to make a passkey.
    pub async fn start_passkey(&self) -> Result<PasskeyCreationStarted, ClientError> {
        self.post(&["me", "passkeys", "start"], &()).await
    }

    /// Keeps a passkey that was made.
    pub async fn finish_passkey(&self, body: &PasskeyCreate) -> Result<PasskeyCreated, ClientError> {
        self.post(&["me", "passkeys", "finish"], body).await
    }

    /// Lists one's passkeys.
    pub async fn list_passkeys(&self) -> Result<Page<Passkey>, ClientError> {
        self.get(&["me", "passkeys"]).await
    }

    /// Renames a passkey.
    pub async fn update_passkey(&self, id: PasskeyId, body: &PasskeyUpdate) -> Result<Passkey, ClientError> {
        self.patch(&["me", "passkeys", &id.to_string()], body).await
    }

    /// Takes a passkey away.
    pub async fn delete_passkey(&self, id: PasskeyId) -> Result<(), ClientError> {
        self.delete_silently(&["me", "passkeys", &id.to_string()]).await
    }
}
