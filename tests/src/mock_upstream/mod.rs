//! An upstream that does as it is told, however wrong.
//!
//! It speaks the OpenAI form. What it does is chosen by the model's name: honest unless a [`Behaviour`] was set for
//! it. A test in the same process uses the methods; other programs use `GET /__calls` and `POST /__script`.

mod answer;
mod behaviour;
mod body;

use std::collections::HashMap;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};

use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use serde::Serialize;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::watch;

pub use self::behaviour::{Behaviour, Hang};
use self::body::ScriptedBody;

/// In the place of a model's name: what the list of models answers.
pub const MODEL_LIST: &str = "/models";

/// A running mock upstream; it lives as long as the runtime it was started on.
#[derive(Clone, Debug)]
pub struct MockUpstream {
    address: SocketAddr,
    state: Arc<State>,
}

/// A call the mock was sent.
#[derive(Clone, Debug, Serialize)]
pub struct SeenCall {
    /// The path with the query.
    pub path: String,
    /// The model asked for; empty when the body is no JSON.
    pub model: String,
    /// The headers, names in lower case.
    pub headers: HashMap<String, String>,
    /// The body.
    pub body: String,
}

#[derive(Debug)]
struct State {
    scripts: Mutex<HashMap<String, Behaviour>>,
    calls: Mutex<Vec<SeenCall>>,
    gate: watch::Sender<bool>,
}

impl MockUpstream {
    /// Listens on a free loopback port.
    pub async fn start() -> MockUpstream {
        MockUpstream::listen("127.0.0.1:0").await.expect("loopback has a free port")
    }

    /// Listens on this address.
    pub async fn listen(address: &str) -> std::io::Result<MockUpstream> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let state = Arc::new(State {
            scripts: Mutex::default(),
            calls: Mutex::default(),
            gate: watch::Sender::new(false),
        });
        let accepting = Arc::clone(&state);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                // A test that measures when events come measures the relay, not this.
                let _ = stream.set_nodelay(true);
                let state = Arc::clone(&accepting);
                tokio::spawn(async move {
                    let service = service_fn(|request| {
                        let state = Arc::clone(&state);
                        async move { Ok::<_, Infallible>(state.serve(request).await) }
                    });
                    // A client that leaves and a scripted cut both end in an error here; both are meant.
                    let _ = hyper::server::conn::http1::Builder::new()
                        .timer(TokioTimer::new())
                        .serve_connection(TokioIo::new(stream), service)
                        .await;
                });
            }
        });
        Ok(MockUpstream { address, state })
    }

    /// What a channel takes as its base address.
    pub fn base_url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    /// From now on, calls of this model are answered so.
    pub fn script(&self, model: &str, behaviour: Behaviour) {
        lock(&self.state.scripts).insert(model.to_owned(), behaviour);
    }

    /// How many calls of this model have come in.
    pub fn call_count(&self, model: &str) -> usize {
        lock(&self.state.calls).iter().filter(|call| call.model == model).count()
    }

    /// How many calls have come in.
    pub fn total_calls(&self) -> usize {
        lock(&self.state.calls).len()
    }

    /// The last call of this model.
    pub fn last_call(&self, model: &str) -> Option<SeenCall> {
        lock(&self.state.calls).iter().rev().find(|call| call.model == model).cloned()
    }

    /// Lets every call that waits at the gate go on, and later ones pass.
    pub fn open_gate(&self) {
        self.state.gate.send_replace(true);
    }

    /// Makes gated calls wait again.
    pub fn close_gate(&self) {
        self.state.gate.send_replace(false);
    }
}

impl State {
    async fn serve(self: Arc<Self>, request: Request<Incoming>) -> Response<ScriptedBody> {
        let path = request.uri().path_and_query().map_or("/", |path| path.as_str()).to_owned();
        let headers = request
            .headers()
            .iter()
            .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
            .collect();
        let Ok(collected) = request.into_body().collect().await else {
            return json_response(400, &json!({ "error": { "message": "the body broke off" } }));
        };
        let body = String::from_utf8_lossy(&collected.to_bytes()).into_owned();
        match path.as_str() {
            "/__calls" => return self.report_calls(),
            "/__script" => return self.take_script(&body),
            "/__open" => {
                self.gate.send_replace(true);
                return json_response(200, &json!({}));
            }
            _ => {}
        }
        let list_script = lock(&self.scripts).get(MODEL_LIST).cloned();
        if let (true, Some(behaviour)) = (path.ends_with("/models"), list_script) {
            lock(&self.calls).push(SeenCall { path, model: MODEL_LIST.to_owned(), headers, body });
            return answer::play(behaviour, json!({}), self.gate.subscribe()).await;
        }
        if path.ends_with("/models") {
            return json_response(
                200,
                &json!({ "object": "list", "data": [{ "id": "honest", "object": "model" }] }),
            );
        }
        let asked = serde_json::from_str(&body).unwrap_or(Value::Null);
        let model = asked["model"].as_str().unwrap_or_default().to_owned();
        let behaviour = lock(&self.scripts).get(&model).cloned().unwrap_or_default();
        lock(&self.calls).push(SeenCall { path, model, headers, body });
        if asked.is_null() {
            return json_response(400, &json!({ "error": { "message": "the body cannot be read" } }));
        }
        answer::play(behaviour, asked, self.gate.subscribe()).await
    }

    fn report_calls(&self) -> Response<ScriptedBody> {
        let calls = lock(&self.calls);
        let mut by_model = HashMap::<&str, usize>::new();
        for call in calls.iter() {
            *by_model.entry(&call.model).or_default() += 1;
        }
        json_response(200, &json!({ "total": calls.len(), "by_model": by_model, "last": calls.last() }))
    }

    /// `{"model": …, "behaviour": {…}}`
    fn take_script(&self, body: &str) -> Response<ScriptedBody> {
        #[derive(serde::Deserialize)]
        struct Script {
            model: String,
            behaviour: Behaviour,
        }
        match serde_json::from_str::<Script>(body) {
            Ok(script) => {
                lock(&self.scripts).insert(script.model, script.behaviour);
                json_response(200, &json!({}))
            }
            Err(error) => json_response(400, &json!({ "error": { "message": error.to_string() } })),
        }
    }
}

fn json_response(status: u16, value: &Value) -> Response<ScriptedBody> {
    Response::builder()
        .status(status)
        .header("content-type", "application/json")
        .body(ScriptedBody::whole(value.to_string()))
        .expect("the parts are valid")
}

/// A test that panicked while it held the lock has failed already; the others may go on.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}
