//! Where the page of metrics is found: nowhere, unless the operator says so.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use subtle::ConstantTimeEq;
use tokio::net::TcpListener;
use tracing::info;
use waystation_api::error::ErrorCode;
use waystation_metrics::CONTENT_TYPE;
use waystation_relay::Relay;

use crate::auth::bearer_token;
use crate::error::{ApiError, StartError};
use crate::http::serve;
use crate::metrics::page::write_page;
use crate::state::App;

/// How long whoever is just reading the numbers may take when the server ends.
const END_TIME: Duration = Duration::from_millis(200);

/// What the route needs.
#[derive(Clone)]
struct MetricsState {
    app: App,
    relay: Arc<Relay>,
}

/// The route on the server's own address: only with a token, and only without a listener of its own.
pub(crate) fn metrics_routes(app: &App, relay: Arc<Relay>) -> Router {
    if app.config.metrics_token.is_none() || app.config.metrics_listen.is_some() {
        return Router::new();
    }
    page_route(app, relay)
}

/// Starts the listener of its own, where one is set.
pub(crate) async fn listen_for_metrics(app: &App, relay: Arc<Relay>) -> Result<(), StartError> {
    let Some(address) = app.config.metrics_listen else { return Ok(()) };
    if app.config.metrics_token.is_none() && !address.ip().is_loopback() {
        return Err(StartError::OpenMetrics(address));
    }
    let listen = |source| StartError::Listen { address, source };
    let listener = TcpListener::bind(address).await.map_err(listen)?;
    let address = listener.local_addr().map_err(listen)?;
    let router = page_route(app, relay);
    info!(%address, "metrics can be read");
    let stopping = app.tasks.stopping().clone();
    let (app, tasks) = (app.clone(), app.tasks.clone());
    tasks.spawn("metrics", async move {
        serve(&app, listener, router, stopping.cancelled(), tokio::time::sleep(END_TIME)).await;
    });
    Ok(())
}

fn page_route(app: &App, relay: Arc<Relay>) -> Router {
    let state = MetricsState { app: app.clone(), relay };
    Router::new().route("/metrics", get(show_metrics)).with_state(state)
}

/// `GET /metrics`.
async fn show_metrics(State(state): State<MetricsState>, headers: HeaderMap) -> Response {
    if let Some(token) = &state.app.config.metrics_token {
        let given = bearer_token(&headers).unwrap_or_default();
        if !bool::from(given.as_bytes().ct_eq(token.reveal().as_bytes())) {
            let message = "This needs the token of the setting metrics.token: Authorization: Bearer …";
            return ApiError::new(ErrorCode::InvalidToken, message).into_response();
        }
    }
    let page = write_page(&state.app, &state.relay).await;
    ([(header::CONTENT_TYPE, CONTENT_TYPE)], page).into_response()
}
