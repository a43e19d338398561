//! The one way for calls to leave.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::{Method, Response, StatusCode};
use serde_json::Value;
use waystation_client::{Client, ClientError};
use zeroize::Zeroizing;

use crate::calls::answer::{Answer, read_answer};
use crate::calls::operations::Effect;
use crate::calls::request::{CheckedCall, PROOF};
use crate::calls::tokens::{AccessToken, Tokens, with_secrets};
use crate::calls::write_guard::{Moment, OPEN_TIME, OpenGuards};
use crate::calls::{Call, CallError, http_client};
use crate::connections::{Connection, ConnectionId, SiteAddress, WriteGuard};
use crate::secrets::{SecretError, SharedSecrets};
use crate::trust::Watch;

/// What the window is given instead of a proof; the proof itself stays here.
const KEPT_PROOF: &str = "kept-by-the-app";

/// Sends calls to sites, with what opens them.
pub struct Gateway {
    secrets: RwLock<Option<SharedSecrets>>,
    pub(super) tokens: Tokens,
    guards: OpenGuards,
    routes: Mutex<HashMap<ConnectionId, Route>>,
    proofs: Mutex<HashMap<ConnectionId, Zeroizing<String>>>,
}

/// The way to one site.
#[derive(Clone)]
pub(super) struct Route {
    /// What it was made for; a connection that is changed gets another.
    pub(super) made_for: Arc<(Connection, SiteAddress)>,
    pub(super) http: reqwest::Client,
    pub(super) watch: Watch,
}

impl Gateway {
    /// A gateway with the place where secrets lie, once there is one.
    pub fn new(secrets: Option<SharedSecrets>) -> Self {
        Gateway {
            secrets: RwLock::new(secrets),
            tokens: Tokens::default(),
            guards: OpenGuards::default(),
            routes: Mutex::default(),
            proofs: Mutex::default(),
        }
    }

    /// Takes secrets from another place from now on.
    pub fn use_secrets(&self, secrets: Option<SharedSecrets>) {
        *self.secrets.write().unwrap_or_else(PoisonError::into_inner) = secrets;
    }

    /// The place where secrets lie.
    pub fn secrets(&self) -> Result<SharedSecrets, CallError> {
        let secrets = self.secrets.read().unwrap_or_else(PoisonError::into_inner).clone();
        secrets.ok_or_else(|| SecretError::Unavailable("no place for secrets was chosen".into()).into())
    }

    /// Makes a call of the window's at the site of `connection`, which is at `base` now.
    pub async fn call(
        &self,
        connection: &Connection,
        base: &SiteAddress,
        call: Call,
    ) -> Result<Answer, CallError> {
        let call = call.check(base)?;
        if call.operation.effect == Effect::Change {
            self.guards.check_change(connection, Moment::now())?;
        }
        let route = self.route(connection, base)?;
        let mut token = self.token(connection, &route, None).await?;
        let mut response = self.send(connection, &route, &call, &token).await?;
        if response.status() == StatusCode::UNAUTHORIZED {
            // Who is refused has changed nothing: the call is made again with a new token.
            token = self.token(connection, &route, Some(&token)).await?;
            response = self.send(connection, &route, &call, &token).await?;
        }
        let mut answer = read_answer(response).await?;
        answer.check_secrets([token.reveal()])?;
        if call.operation.id == "create_proof" && answer.status == 200 {
            self.keep_proof(connection.id, &mut answer)?;
        }
        Ok(answer)
    }

    /// Asks the site something for the app itself.
    pub async fn ask<A, F>(
        &self,
        connection: &Connection,
        base: &SiteAddress,
        question: impl Fn(Client) -> F,
    ) -> Result<A, CallError>
    where
        F: Future<Output = Result<A, ClientError>>,
    {
        let route = self.route(connection, base)?;
        let client = |token: &AccessToken| {
            let client = Client::over(route.http.clone(), base.as_str(), Some(token.reveal()));
            client.map_err(|_| CallError::Answer)
        };
        let token = self.token(connection, &route, None).await?;
        let mut answered = question(client(&token)?).await;
        if matches!(answered, Err(ClientError::Refused(_, StatusCode::UNAUTHORIZED))) {
            // As after a night's sleep: this computer's clock did not count it.
            let token = self.token(connection, &route, Some(&token)).await?;
            answered = question(client(&token)?).await;
        }
        answered.map_err(|error| CallError::of_client(error, &route.watch))
    }

    /// Whether calls to the site can be made now without what is kept on the disk.
    pub fn has_token(&self, connection: &Connection, base: &SiteAddress) -> bool {
        self.tokens.has(connection, base)
    }

    /// Opens a site for changes for some minutes if its name was typed as it is written.
    pub fn open_writes(&self, connection: &Connection, typed: &str) -> Result<Duration, CallError> {
        self.guards.open(connection, typed, Moment::now())?;
        Ok(OPEN_TIME)
    }

    /// Refuses another guard before a site's changes, if it would be a way around the one there is.
    pub fn check_guard(&self, connection: &Connection, guard: WriteGuard) -> Result<(), CallError> {
        self.guards.check_guard(connection, guard, Moment::now())
    }

    /// Locks a site's changes at once.
    pub fn lock_writes(&self, id: ConnectionId) {
        self.guards.lock(id);
    }

    /// Forgets what opens a connection's site, where it is kept and in memory. An exchange that is under way ends before:
    /// what it keeps would stay for good.
    pub async fn forget_secret(&self, id: ConnectionId) -> Result<(), CallError> {
        let held = self.tokens.held(id);
        let mut held = held.lock().await;
        *held = None;
        self.forget_way(id);
        with_secrets(&self.secrets()?, move |store| store.delete(id)).await
    }

    /// Forgets what is held of a connection in memory, as if the app had begun anew.
    pub async fn forget(&self, id: ConnectionId) {
        *self.tokens.held(id).lock().await = None;
        self.forget_way(id);
    }

    pub(super) fn forget_way(&self, id: ConnectionId) {
        self.guards.lock(id);
        self.routes.lock().unwrap_or_else(PoisonError::into_inner).remove(&id);
        self.proofs.lock().unwrap_or_else(PoisonError::into_inner).remove(&id);
    }

    pub(super) fn route(&self, connection: &Connection, base: &SiteAddress) -> Result<Route, CallError> {
        let mut routes = self.routes.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(route) = routes.get(&connection.id)
            && route.made_for.0 == *connection
            && route.made_for.1 == *base
        {
            return Ok(route.clone());
        }
        let watch = Watch::default();
        let http = http_client(&connection.tls, connection.proxy_to(base), &watch)?;
        let route = Route { made_for: Arc::new((connection.clone(), base.clone())), http, watch };
        routes.insert(connection.id, route.clone());
        Ok(route)
    }

    pub(super) async fn token(
        &self,
        connection: &Connection,
        route: &Route,
        refused: Option<&AccessToken>,
    ) -> Result<AccessToken, CallError> {
        self.tokens.get(&self.secrets()?, connection, route, refused).await
    }

    async fn send(
        &self,
        connection: &Connection,
        route: &Route,
        call: &CheckedCall,
        token: &AccessToken,
    ) -> Result<Response, CallError> {
        let method = Method::from_bytes(call.operation.method.as_bytes()).map_err(|_| CallError::Answer)?;
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, bearer(token)?);
        if let Some(key) = &call.idempotency_key {
            headers.insert("idempotency-key", header_value(key)?);
        }
        if call.proof.as_deref() == Some(KEPT_PROOF) {
            let kept =
                self.proofs.lock().unwrap_or_else(PoisonError::into_inner).get(&connection.id).cloned();
            if let Some(proof) = kept {
                headers.insert(PROOF, secret_value(&proof)?);
            }
        }
        let mut request = route.http.request(method, call.url.clone()).headers(headers);
        if let Some(body) = &call.body {
            request = request.header(CONTENT_TYPE, "application/json").body(body.clone());
        }
        request.send().await.map_err(|error| CallError::of_request(error, route.watch.take()))
    }

    /// Keeps a proof and puts a word into its place.
    fn keep_proof(&self, id: ConnectionId, answer: &mut Answer) -> Result<(), CallError> {
        let mut body: Value = serde_json::from_str(&answer.body).map_err(|_| CallError::Answer)?;
        let place = body.get_mut("proof").ok_or(CallError::Answer)?;
        let Value::String(proof) = std::mem::replace(place, KEPT_PROOF.into()) else {
            return Err(CallError::Answer);
        };
        self.proofs.lock().unwrap_or_else(PoisonError::into_inner).insert(id, Zeroizing::new(proof));
        answer.body = body.to_string();
        Ok(())
    }
}

pub(super) fn bearer(token: &AccessToken) -> Result<HeaderValue, CallError> {
    secret_value(&format!("Bearer {}", token.reveal()))
}

fn secret_value(text: &str) -> Result<HeaderValue, CallError> {
    let mut value = header_value(text)?;
    value.set_sensitive(true);
    Ok(value)
}

fn header_value(text: &str) -> Result<HeaderValue, CallError> {
    HeaderValue::from_str(text).map_err(|_| CallError::Malformed("header"))
}
