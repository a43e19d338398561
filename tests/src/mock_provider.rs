//! An identity provider that says whatever it is told, true or not: in the shapes of GitHub and LINUX DO.

use std::collections::HashMap;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// A running provider; it lives as long as the runtime it was started on.
#[derive(Clone, Debug)]
pub struct MockProvider {
    address: SocketAddr,
    state: Arc<State>,
}

/// What it answers at one path.
#[derive(Clone, Debug)]
pub struct ProviderAnswer {
    /// The HTTP status.
    pub status: u16,
    /// The body.
    pub body: String,
    /// Where to, for redirects.
    pub location: Option<String>,
    /// How long it takes.
    pub delay: Duration,
}

/// What it was asked.
#[derive(Clone, Debug)]
pub struct ProviderCall {
    /// The path.
    pub path: String,
    /// The headers, names in lower case.
    pub headers: HashMap<String, String>,
    /// The body.
    pub body: String,
}

#[derive(Debug, Default)]
struct State {
    answers: Mutex<HashMap<String, ProviderAnswer>>,
    calls: Mutex<Vec<ProviderCall>>,
}

impl ProviderAnswer {
    /// A document.
    pub fn json(body: &Value) -> ProviderAnswer {
        ProviderAnswer { status: 200, body: body.to_string(), location: None, delay: Duration::ZERO }
    }
}

impl MockProvider {
    /// Listens on a free loopback port, and gives every code a token.
    pub async fn start() -> MockProvider {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has a free port");
        let address = listener.local_addr().expect("a bound listener has an address");
        let state = Arc::new(State::default());
        let accepting = Arc::clone(&state);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let state = Arc::clone(&accepting);
                tokio::spawn(async move {
                    let service = service_fn(|request| {
                        let state = Arc::clone(&state);
                        async move { Ok::<_, Infallible>(state.answer(request).await) }
                    });
                    // Whoever gives up waiting ends in an error here; that is meant.
                    let _ = hyper::server::conn::http1::Builder::new()
                        .timer(TokioTimer::new())
                        .serve_connection(TokioIo::new(stream), service)
                        .await;
                });
            }
        });
        let provider = MockProvider { address, state };
        // As GitHub writes it: its scopes are separated by commas.
        let token = json!({"access_token": "gho_1", "token_type": "bearer", "scope": "read:user,user:email"});
        provider.script("/token", ProviderAnswer::json(&token));
        provider
    }

    /// An address of it.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// What it answers at a path from now on.
    pub fn script(&self, path: &str, answer: ProviderAnswer) {
        lock(&self.state.answers).insert(path.to_owned(), answer);
    }

    /// A document at a path from now on.
    pub fn say(&self, path: &str, document: &Value) {
        self.script(path, ProviderAnswer::json(document));
    }

    /// The last call at a path.
    pub fn last_call(&self, path: &str) -> Option<ProviderCall> {
        lock(&self.state.calls).iter().rev().find(|call| call.path == path).cloned()
    }

    /// How many calls came at a path.
    pub fn count_calls(&self, path: &str) -> usize {
        lock(&self.state.calls).iter().filter(|call| call.path == path).count()
    }
}

impl State {
    async fn answer(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let path = request.uri().path().to_owned();
        let headers = request.headers().iter();
        let headers = headers
            .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
            .collect();
        let body = request.into_body().collect().await.map(|body| body.to_bytes()).unwrap_or_default();
        let body = String::from_utf8_lossy(&body).into_owned();
        lock(&self.calls).push(ProviderCall { path: path.clone(), headers, body });
        let answer = lock(&self.answers).get(&path).cloned();
        let answer = answer.unwrap_or(ProviderAnswer { status: 404, ..ProviderAnswer::json(&json!({})) });
        tokio::time::sleep(answer.delay).await;
        let mut response = Response::builder()
            .status(answer.status)
            .header("content-type", "application/json; charset=utf-8");
        if let Some(location) = answer.location {
            response = response.header("location", location);
        }
        response.body(Full::new(answer.body.into())).expect("the scripted answer is one")
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
