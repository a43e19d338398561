//! Whether the server is alive, and whether it can do its work.

use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use tokio::time::timeout;
use tracing::warn;

use crate::error::error_chain;
use crate::state::App;

/// Whoever asks does not wait for longer.
const PING_TIMEOUT: Duration = Duration::from_secs(2);

/// Shows whoever started the server that it is the one they started.
const LAUNCH: HeaderName = HeaderName::from_static("x-waystation-launch");

/// `GET /healthz`: the process answers.
pub(crate) async fn show_alive(State(app): State<App>) -> Response {
    let nonce = app.launch_nonce.get().and_then(|nonce| HeaderValue::from_str(nonce).ok());
    match nonce {
        Some(nonce) => ([(LAUNCH, nonce)], "ok\n").into_response(),
        None => "ok\n".into_response(),
    }
}

/// `GET /readyz`: the database answers and no migration of this version is missing there, and the other instances know
/// that this one lives. Upstreams do not count: a server without them still has its books to keep.
pub(crate) async fn show_ready(State(app): State<App>) -> (StatusCode, &'static str) {
    if app.tasks.is_draining() {
        return (StatusCode::SERVICE_UNAVAILABLE, "stopping\n");
    }
    match timeout(PING_TIMEOUT, app.store.has_current_schema()).await {
        Ok(Ok(false)) => (StatusCode::SERVICE_UNAVAILABLE, "migrations are pending\n"),
        Ok(Ok(true)) if app.instance_lease.is_held() => (StatusCode::OK, "ready\n"),
        Ok(Ok(true)) => (StatusCode::SERVICE_UNAVAILABLE, "the instance's lease is not renewed\n"),
        Ok(Err(error)) => {
            warn!(error = error_chain(&error), "not ready: the database does not answer");
            (StatusCode::SERVICE_UNAVAILABLE, "the database does not answer\n")
        }
        Err(_) => {
            warn!("not ready: the database does not answer in time");
            (StatusCode::SERVICE_UNAVAILABLE, "the database does not answer\n")
        }
    }
}
