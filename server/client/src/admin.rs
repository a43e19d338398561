//! What administrators do: `/api/admin/*`.

use waystation_api::adjustments::{Adjustment, AdjustmentCreate};
use waystation_api::audit_log::{AuditLogQuery, AuditLogRow};
use waystation_api::channels::{Channel, ChannelCreate, ChannelUpdate, Credential, CredentialCreate};
use waystation_api::grants::{Grant, GrantCreate};
use waystation_api::keys::{Key, KeyCreate, KeyCreated, KeyRotate, KeyUpdate};
use waystation_api::ledger::{BalanceDetails, Transfer};
use waystation_api::models::{Model, ModelCreate, ModelUpdate};
use waystation_api::pagination::{Page, PageQuery, SearchQuery};
use waystation_api::price_history::PriceHistoryEntry;
use waystation_api::prices::{PriceCreate, PriceVersion};
use waystation_api::requests::{OwnRequestQuery, Request, RequestDetails, RequestQuery};
use waystation_api::roles::RoleList;
use waystation_api::session::{Session, SessionsRevoked};
use waystation_api::users::{
    PasswordWithdrawn, User, UserCreate, UserCreated, UserQuery, UserRemoval, UserUpdate,
};
use waystation_ids::{ChannelId, CredentialId, KeyId, ModelId, RequestId, SessionId, UserId};

use crate::call::{Client, ClientError};

/// People and their keys.
impl Client {
    /// Enters a person.
    pub async fn create_user(&self, body: &UserCreate) -> Result<UserCreated, ClientError> {
        self.post(&["admin", "users"], body).await
    }

    /// Lists people.
    pub async fn list_users(&self, query: &UserQuery) -> Result<Page<User>, ClientError> {
        self.find(&["admin", "users"], query).await
    }

    /// Shows a person.
    pub async fn show_user(&self, user: UserId) -> Result<User, ClientError> {
        self.get(&["admin", "users", &user.to_string()]).await
    }

    /// Shows what each role may do.
    pub async fn list_roles(&self) -> Result<RoleList, ClientError> {
        self.get(&["admin", "roles"]).await
    }

    /// Changes a person.
    pub async fn update_user(&self, user: UserId, body: &UserUpdate) -> Result<User, ClientError> {
        self.patch(&["admin", "users", &user.to_string()], body).await
    }

    /// Removes a person; with `forfeit` the site takes what the accounts still hold.
    pub async fn remove_user(&self, user: UserId, forfeit: bool) -> Result<(), ClientError> {
        self.delete_with(&["admin", "users", &user.to_string()], &UserRemoval { forfeit }).await
    }

    /// Takes away a person's password.
    pub async fn reset_user_password(&self, user: UserId) -> Result<PasswordWithdrawn, ClientError> {
        self.post(&["admin", "users", &user.to_string(), "reset-password"], &()).await
    }

    /// Takes away a person's second factors.
    pub async fn reset_user_second_factor(&self, user: UserId) -> Result<(), ClientError> {
        self.post_silently(&["admin", "users", &user.to_string(), "reset-second-factor"]).await
    }

    /// Makes a key for a person; the answer has its secret, this once.
    pub async fn create_user_key(&self, user: UserId, body: &KeyCreate) -> Result<KeyCreated, ClientError> {
        self.post(&["admin", "users", &user.to_string(), "keys"], body).await
    }

    /// Lists a person's keys.
    pub async fn list_user_keys(&self, user: UserId, query: &PageQuery) -> Result<Page<Key>, ClientError> {
        self.find(&["admin", "users", &user.to_string(), "keys"], query).await
    }

    /// Shows a person's key.
    pub async fn show_user_key(&self, user: UserId, key: KeyId) -> Result<Key, ClientError> {
        self.get(&["admin", "users", &user.to_string(), "keys", &key.to_string()]).await
    }

    /// Changes a person's key.
    pub async fn update_user_key(
        &self,
        user: UserId,
        key: KeyId,
        body: &KeyUpdate,
    ) -> Result<Key, ClientError> {
        self.patch(&["admin", "users", &user.to_string(), "keys", &key.to_string()], body).await
    }

    /// Revokes a person's key, for good.
    pub async fn revoke_user_key(&self, user: UserId, key: KeyId) -> Result<Key, ClientError> {
        self.delete(&["admin", "users", &user.to_string(), "keys", &key.to_string()]).await
    }

    /// Gives a person's key a new secret.
    pub async fn rotate_user_key(
        &self,
        user: UserId,
        key: KeyId,
        body: &KeyRotate,
    ) -> Result<KeyCreated, ClientError> {
        self.post(&["admin", "users", &user.to_string(), "keys", &key.to_string(), "rotate"], body).await
    }
}

/// People's sessions.
impl Client {
    /// Lists a person's sessions, newest first.
    pub async fn list_user_sessions(
        &self,
        user: UserId,
        query: &PageQuery,
    ) -> Result<Page<Session>, ClientError> {
        self.find(&["admin", "users", &user.to_string(), "sessions"], query).await
    }

    /// Ends one of a person's sessions.
    pub async fn revoke_user_session(&self, user: UserId, session: SessionId) -> Result<(), ClientError> {
        self.delete_silently(&["admin", "users", &user.to_string(), "sessions", &session.to_string()]).await
    }

    /// Ends all of a person's sessions.
    pub async fn revoke_user_sessions(&self, user: UserId) -> Result<SessionsRevoked, ClientError> {
        self.delete(&["admin", "users", &user.to_string(), "sessions"]).await
    }
}

/// Balances.
impl Client {
    /// Changes a person's balance. Repeated under the same idempotency key it changes once.
    pub async fn create_adjustment(
        &self,
        user: UserId,
        idempotency_key: &str,
        body: &AdjustmentCreate,
    ) -> Result<Adjustment, ClientError> {
        self.post_once(&["admin", "users", &user.to_string(), "adjustments"], idempotency_key, body).await
    }

    /// Gives tokens, calls or money for a time. Repeated under the same idempotency key it gives once.
    pub async fn create_grant(
        &self,
        user: UserId,
        idempotency_key: &str,
        body: &GrantCreate,
    ) -> Result<Grant, ClientError> {
        self.post_once(&["admin", "users", &user.to_string(), "grants"], idempotency_key, body).await
    }

    /// Shows what a person has, account by account.
    pub async fn show_user_balance(&self, user: UserId) -> Result<BalanceDetails, ClientError> {
        self.get(&["admin", "users", &user.to_string(), "balance"]).await
    }

    /// Lists what moved a person's balances.
    pub async fn list_user_transfers(
        &self,
        user: UserId,
        query: &PageQuery,
    ) -> Result<Page<Transfer>, ClientError> {
        self.find(&["admin", "users", &user.to_string(), "ledger"], query).await
    }
}

/// Models and prices.
impl Client {
    /// Enters a model.
    pub async fn create_model(&self, body: &ModelCreate) -> Result<Model, ClientError> {
        self.post(&["admin", "models"], body).await
    }

    /// Lists models.
    pub async fn list_models(&self, query: &SearchQuery) -> Result<Page<Model>, ClientError> {
        self.find(&["admin", "models"], query).await
    }

    /// Shows a model.
    pub async fn show_model(&self, model: ModelId) -> Result<Model, ClientError> {
        self.get(&["admin", "models", &model.to_string()]).await
    }

    /// Changes a model.
    pub async fn update_model(&self, model: ModelId, body: &ModelUpdate) -> Result<Model, ClientError> {
        self.patch(&["admin", "models", &model.to_string()], body).await
    }

    /// Enters a version of a model's price.
    pub async fn create_price_version(
        &self,
        model: ModelId,
        body: &PriceCreate,
    ) -> Result<PriceVersion, ClientError> {
        self.post(&["admin", "models", &model.to_string(), "prices"], body).await
    }

    /// Lists the versions of a model's price.
    pub async fn list_price_versions(
        &self,
        model: ModelId,
        query: &PageQuery,
    ) -> Result<Page<PriceHistoryEntry>, ClientError> {
        self.find(&["admin", "models", &model.to_string(), "prices"], query).await
    }
}

/// Channels.
impl Client {
    /// Enters a channel.
    pub async fn create_channel(&self, body: &ChannelCreate) -> Result<Channel, ClientError> {
        self.post(&["admin", "channels"], body).await
    }

    /// Lists channels.
    pub async fn list_channels(&self, query: &SearchQuery) -> Result<Page<Channel>, ClientError> {
        self.find(&["admin", "channels"], query).await
    }

    /// Shows a channel.
    pub async fn show_channel(&self, channel: ChannelId) -> Result<Channel, ClientError> {
        self.get(&["admin", "channels", &channel.to_string()]).await
    }

    /// Changes a channel.
    pub async fn update_channel(
        &self,
        channel: ChannelId,
        body: &ChannelUpdate,
    ) -> Result<Channel, ClientError> {
        self.patch(&["admin", "channels", &channel.to_string()], body).await
    }

    /// Takes a channel out.
    pub async fn delete_channel(&self, channel: ChannelId) -> Result<(), ClientError> {
        self.delete_silently(&["admin", "channels", &channel.to_string()]).await
    }

    /// Gives a channel a further secret.
    pub async fn create_credential(
        &self,
        channel: ChannelId,
        body: &CredentialCreate,
    ) -> Result<Credential, ClientError> {
        self.post(&["admin", "channels", &channel.to_string(), "credentials"], body).await
    }

    /// Takes a secret from a channel.
    pub async fn delete_credential(
        &self,
        channel: ChannelId,
        credential: CredentialId,
    ) -> Result<(), ClientError> {
        let (channel, credential) = (channel.to_string(), credential.to_string());
        self.delete_silently(&["admin", "channels", &channel, "credentials", &credential]).await
    }
}

/// What was done to the site.
impl Client {
    /// Lists what was done, newest first.
    pub async fn list_audit_logs(&self, query: &AuditLogQuery) -> Result<Page<AuditLogRow>, ClientError> {
        self.find(&["admin", "audit-logs"], query).await
    }

    /// Gives what was done as CSV, all pages together.
    pub async fn export_audit_logs(&self, query: &AuditLogQuery) -> Result<String, ClientError> {
        self.find_text(&["admin", "audit-logs", "export.csv"], query).await
    }
}

/// Calls that were made.
impl Client {
    /// Lists everybody's calls, newest first.
    pub async fn list_requests(&self, query: &RequestQuery) -> Result<Page<Request>, ClientError> {
        self.find(&["admin", "requests"], query).await
    }

    /// Lists a user's calls, newest first.
    pub async fn list_user_requests(
        &self,
        user: UserId,
        query: &OwnRequestQuery,
    ) -> Result<Page<Request>, ClientError> {
        self.find(&["admin", "users", &user.to_string(), "requests"], query).await
    }

    /// Shows a call with its tries and who paid for it.
    pub async fn show_request(&self, request: RequestId) -> Result<RequestDetails, ClientError> {
        self.get(&["admin", "requests", &request.to_string()]).await
    }
}
