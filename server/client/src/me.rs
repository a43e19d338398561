//! What everybody does for themselves: `/api/me/*`.

use waystation_api::devices::{Pairing, PairingCreate};
use waystation_api::keys::{Key, KeyCreate, KeyCreated, KeyRotate, KeyUpdate};
use waystation_api::ledger::{Account, BalanceDetails, LedgerSummary, Transfer};
use waystation_api::pagination::{Page, PageQuery};
use waystation_api::requests::{OwnRequestQuery, Request, RequestDetails};
use waystation_api::session::{Session, SessionsRevoked};
use waystation_api::users::{Me, MeUpdate};
use waystation_ids::{KeyId, RequestId, SessionId, TransferId};

use crate::call::{Client, ClientError};

impl Client {
    /// Shows the person the access token belongs to.
    pub async fn show_me(&self) -> Result<Me, ClientError> {
        self.get(&["me"]).await
    }

    /// Changes what one is called.
    pub async fn update_me(&self, body: &MeUpdate) -> Result<Me, ClientError> {
        self.patch(&["me"], body).await
    }

    /// Shows what one has, account by account.
    pub async fn show_my_balance(&self) -> Result<BalanceDetails, ClientError> {
        self.get(&["me", "balance"]).await
    }

    /// Lists what moved one's balances.
    pub async fn list_my_transfers(&self, query: &PageQuery) -> Result<Page<Transfer>, ClientError> {
        self.find(&["me", "ledger"], query).await
    }

    /// Shows one movement of one's balances.
    pub async fn show_my_transfer(&self, transfer: TransferId) -> Result<Transfer, ClientError> {
        self.get(&["me", "ledger", &transfer.to_string()]).await
    }

    /// Shows all that came into one's books and left them.
    pub async fn show_my_ledger_summary(&self) -> Result<LedgerSummary, ClientError> {
        self.get(&["me", "ledger", "summary"]).await
    }

    /// Lists what one was given for a time.
    pub async fn list_my_grants(&self) -> Result<Page<Account>, ClientError> {
        self.get(&["me", "grants"]).await
    }

    /// Makes a key; the answer has its secret, this once.
    pub async fn create_my_key(&self, body: &KeyCreate) -> Result<KeyCreated, ClientError> {
        self.post(&["me", "keys"], body).await
    }

    /// Makes one's first key, once; for whoever signed in by an identity provider.
    pub async fn create_my_first_key(&self) -> Result<KeyCreated, ClientError> {
        self.post(&["me", "first-key"], &serde_json::json!({})).await
    }

    /// Lists one's keys.
    pub async fn list_my_keys(&self, query: &PageQuery) -> Result<Page<Key>, ClientError> {
        self.find(&["me", "keys"], query).await
    }

    /// Shows one of one's keys.
    pub async fn show_my_key(&self, key: KeyId) -> Result<Key, ClientError> {
        self.get(&["me", "keys", &key.to_string()]).await
    }

    /// Changes a key.
    pub async fn update_my_key(&self, key: KeyId, body: &KeyUpdate) -> Result<Key, ClientError> {
        self.patch(&["me", "keys", &key.to_string()], body).await
    }

    /// Revokes a key, for good.
    pub async fn revoke_my_key(&self, key: KeyId) -> Result<Key, ClientError> {
        self.delete(&["me", "keys", &key.to_string()]).await
    }

    /// Gives a key a new secret.
    pub async fn rotate_my_key(&self, key: KeyId, body: &KeyRotate) -> Result<KeyCreated, ClientError> {
        self.post(&["me", "keys", &key.to_string(), "rotate"], body).await
    }

    /// Lists one's own calls, newest first.
    pub async fn list_my_requests(&self, query: &OwnRequestQuery) -> Result<Page<Request>, ClientError> {
        self.find(&["me", "requests"], query).await
    }

    /// Shows one of one's own calls.
    pub async fn show_my_request(&self, request: RequestId) -> Result<RequestDetails, ClientError> {
        self.get(&["me", "requests", &request.to_string()]).await
    }

    /// Lists one's own sessions, newest first.
    pub async fn list_my_sessions(&self, query: &PageQuery) -> Result<Page<Session>, ClientError> {
        self.find(&["me", "sessions"], query).await
    }

    /// Ends one of one's own sessions.
    pub async fn revoke_my_session(&self, session: SessionId) -> Result<(), ClientError> {
        self.delete_silently(&["me", "sessions", &session.to_string()]).await
    }

    /// Ends all of one's own sessions but the one that asks.
    pub async fn revoke_my_other_sessions(&self) -> Result<SessionsRevoked, ClientError> {
        self.post(&["me", "sessions", "revoke-others"], &()).await
    }

    /// Begins to pair a device.
    pub async fn create_my_pairing(&self, body: &PairingCreate) -> Result<Pairing, ClientError> {
        self.post(&["me", "devices", "pairing"], body).await
    }
}
