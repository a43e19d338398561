//! Whether the server is alive, and whether it can do its work.

use axum::extract::State;
use axum::http::StatusCode;
use tracing::warn;

use crate::error::error_chain;
use crate::state::App;

/// `GET /healthz`: the process answers.
pub(crate) async fn show_alive() -> &'static str {
    "ok\n"
}

/// `GET /readyz`: the database answers and its schema is this version's. Upstreams do not count: a server without
/// them still has its books to keep.
pub(crate) async fn show_ready(State(app): State<App>) -> (StatusCode, &'static str) {
    if app.tasks.is_draining() {
        return (StatusCode::SERVICE_UNAVAILABLE, "stopping\n");
    }
    match app.store.pending_migrations().await {
        Ok(0) => (StatusCode::OK, "ready\n"),
        Ok(pending) => {
            warn!(pending, "not ready: migrations are pending");
            (StatusCode::SERVICE_UNAVAILABLE, "migrations are pending\n")
        }
        Err(error) => {
            warn!(error = error_chain(&error), "not ready: the database does not answer");
            (StatusCode::SERVICE_UNAVAILABLE, "the database does not answer\n")
        }
    }
}
