//! Access tokens: short-lived, in memory only, got by exchanging what the keyring keeps.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::task::spawn_blocking;
use waystation_api::error::ErrorCode;
use waystation_api::session::TokenRefresh;
use waystation_client::{Client, ClientError};
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::calls::CallError;
use crate::calls::gateway::Route;
use crate::connections::{Connection, ConnectionId, SiteAddress};
use crate::secrets::{Credential, SecretError, SharedSecrets};

/// By this computer's clock, from when it was given. The site says when it ends by its own, which may differ; and who
/// is refused before gets another.
const LASTS: Duration = Duration::from_secs(10 * 60);

/// An access token. It cannot be printed by accident.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub(super) struct AccessToken {
    text: String,
    #[zeroize(skip)]
    given_at: Instant,
    /// Who and where the site is that gave it. It goes to no other.
    #[zeroize(skip)]
    given_by: Arc<(String, SiteAddress)>,
}

impl AccessToken {
    /// The text itself, for the site alone.
    pub(super) fn reveal(&self) -> &str {
        &self.text
    }

    fn is_good(&self, connection: &Connection, base: &SiteAddress) -> bool {
        self.given_by.0 == connection.binding() && self.given_by.1 == *base && self.given_at.elapsed() < LASTS
    }
}

impl fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AccessToken(…)")
    }
}

/// The access tokens of all connections.
#[derive(Default)]
pub(super) struct Tokens(Mutex<HashMap<ConnectionId, Arc<Held>>>);

/// Locked while a token is exchanged, so that many calls at once make one exchange.
type Held = tokio::sync::Mutex<Option<AccessToken>>;

impl Tokens {
    /// A token of the connection's that should be good, `refused` being none.
    pub(super) async fn get(
        &self,
        secrets: &SharedSecrets,
        connection: &Connection,
        route: &Route,
        refused: Option<&AccessToken>,
    ) -> Result<AccessToken, CallError> {
        let base = &route.made_for.1;
        let held = self.held(connection.id);
        let mut held = held.lock().await;
        if let Some(token) = held.as_ref() {
            let is_refused = refused.is_some_and(|refused| refused.text == token.text);
            if !is_refused && token.is_good(connection, base) {
                return Ok(token.clone());
            }
        }
        *held = None;
        let token = exchange(secrets, connection, route).await?;
        *held = Some(token.clone());
        Ok(token)
    }

    /// Whether a token is at hand that should be good.
    pub(super) fn has(&self, connection: &Connection, base: &SiteAddress) -> bool {
        let held = self.held(connection.id);
        held.try_lock().is_ok_and(|held| held.as_ref().is_some_and(|token| token.is_good(connection, base)))
    }

    /// The place of a connection's token. It stays the same as long as the app runs: with two of them two exchanges
    /// could be under way.
    pub(super) fn held(&self, id: ConnectionId) -> Arc<Held> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(id).or_default().clone()
    }
}

/// Exchanges a connection's refresh token. What names the exchange is kept before it begins, and the new token before
/// it is used: whenever this stops, by a crash or a lost answer, the next try asks for the same exchange again.
async fn exchange(
    secrets: &SharedSecrets,
    connection: &Connection,
    route: &Route,
) -> Result<AccessToken, CallError> {
    let (id, base) = (connection.id, &route.made_for.1);
    let client = Client::over(route.http.clone(), base.as_str(), None).map_err(|_| CallError::Answer)?;
    let kept = with_secrets(secrets, move |store| Credential::load(store, id)).await?;
    let kept = kept.filter(|kept| kept.belongs_to(connection)).ok_or(CallError::NotPaired)?;
    let begun = match kept.attempt() {
        Some(_) => kept,
        None => {
            let begun = kept.begin_exchange()?;
            let written = begun.clone();
            with_secrets(secrets, move |store| written.save(store, id)).await?;
            begun
        }
    };
    let body = TokenRefresh {
        refresh_token: begun.refresh_token().reveal().to_owned(),
        attempt: begun.attempt().map(|attempt| attempt.reveal().to_owned()),
    };
    let tokens = match client.refresh_tokens(&body).await {
        Ok(tokens) => tokens,
        Err(ClientError::Refused(refusal, _)) if refusal.code == ErrorCode::InvalidToken => {
            with_secrets(secrets, move |store| store.delete(id)).await?;
            return Err(CallError::SignedOut);
        }
        Err(error) => return Err(CallError::of_client(error, &route.watch)),
    };
    let given = Credential::new(connection, tokens.refresh_token);
    with_secrets(secrets, move |store| given.save(store, id)).await?;
    let given_by = Arc::new((connection.binding(), base.clone()));
    Ok(AccessToken { text: tokens.access_token, given_at: Instant::now(), given_by })
}

/// Keyrings answer when they like: somebody may be asked to unlock one.
pub(super) async fn with_secrets<A: Send + 'static>(
    secrets: &SharedSecrets,
    work: impl FnOnce(&dyn crate::secrets::SecretStore) -> Result<A, SecretError> + Send + 'static,
) -> Result<A, CallError> {
    let secrets = secrets.clone();
    match spawn_blocking(move || work(secrets.as_ref())).await {
        Ok(worked) => Ok(worked?),
        Err(error) => Err(SecretError::Unavailable(Box::new(error)).into()),
    }
}
