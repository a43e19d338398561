//! Registering, invitations and passwords: `/api/auth/*` and what belongs to it.

use waystation_api::invites::{Invite, InviteCreate, InviteCreated};
use waystation_api::pagination::{Page, PageQuery};
use waystation_api::passwords::{PasswordReset, PasswordResetRequest, PasswordSignIn, PasswordUpdate};
use waystation_api::registration::{Accepted, EmailVerification, Registration, VerificationRequest};
use waystation_api::sign_in::SignInReply;
use waystation_ids::InviteId;

use crate::call::{Client, ClientError};

impl Client {
    /// Registers.
    pub async fn register(&self, body: &Registration) -> Result<Accepted, ClientError> {
        self.post(&["auth", "register"], body).await
    }

    /// Verifies an address by the token of a mailed link.
    pub async fn verify_email(&self, body: &EmailVerification) -> Result<(), ClientError> {
        self.post_with(&["auth", "verify-email"], body).await
    }

    /// Has the link that verifies an address mailed again.
    pub async fn resend_verification(&self, body: &VerificationRequest) -> Result<Accepted, ClientError> {
        self.post(&["auth", "resend-verification"], body).await
    }

    /// Signs in by password.
    pub async fn sign_in(&self, body: &PasswordSignIn) -> Result<SignInReply, ClientError> {
        self.post(&["auth", "login"], body).await
    }

    /// Has a link mailed that resets a password.
    pub async fn request_password_reset(&self, body: &PasswordResetRequest) -> Result<Accepted, ClientError> {
        self.post(&["auth", "password-reset"], body).await
    }

    /// Resets a password by the token of a mailed link.
    pub async fn reset_password(&self, body: &PasswordReset) -> Result<(), ClientError> {
        self.post_with(&["auth", "password-reset", "confirm"], body).await
    }

    /// Changes one's password.
    pub async fn update_my_password(&self, body: &PasswordUpdate) -> Result<(), ClientError> {
        self.post_with(&["me", "password"], body).await
    }

    /// Makes an invitation; the answer has its link, this once.
    pub async fn create_invite(&self, body: &InviteCreate) -> Result<InviteCreated, ClientError> {
        self.post(&["admin", "invites"], body).await
    }

    /// Lists invitations, the newest first.
    pub async fn list_invites(&self, query: &PageQuery) -> Result<Page<Invite>, ClientError> {
        self.find(&["admin", "invites"], query).await
    }

    /// Takes an invitation back.
    pub async fn revoke_invite(&self, invite: InviteId) -> Result<Invite, ClientError> {
        self.delete(&["admin", "invites", &invite.to_string()]).await
    }
}
