//! The table of routes, and the layers around them.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::from_fn_with_state;
use axum::routing::get;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use waystation_api::error::ErrorCode;
use waystation_relay::Relay;

use crate::auth::{GuardedRoutes, identify_actor};
use crate::error::ApiError;
use crate::http::host_guard::check_host;
use crate::http::origin_guard::check_origin;
use crate::http::reception::receive_request;
use crate::http::security_headers::add_security_headers;
use crate::metrics::metrics_routes;
use crate::pages::{WebFiles, show_page};
use crate::relay_routes::{RelayState, relay_routes};
use crate::setup::require_owner;
use crate::state::App;
use crate::{
    adjustments, audit_log, channels, grants, health, invites, keys, ledger, model_groups, models, notices,
    openapi, requests, revenue, settings, sign_in, site, statistics, usage, users,
};

/// Everything the server answers.
pub(crate) fn build_router(app: &App, relay: Arc<Relay>) -> Router {
    let document = api_document();
    let management = api_routes(management_slices())
        .layer(from_fn_with_state(app.clone(), identify_actor))
        .layer(from_fn_with_state(app.clone(), require_owner));
    let setup = api_routes(sign_in::setup_routes());
    let files = Arc::new(WebFiles::load());
    let page = Arc::new(openapi::write_page(&document));
    let document = Arc::new(openapi::write_document(&document));
    let probes = Router::new()
        .route("/healthz", get(health::show_alive))
        .route("/readyz", get(health::show_ready))
        .method_not_allowed_fallback(wrong_method)
        .with_state(app.clone());
    let public = Router::new()
        .route("/api/docs", get(move || openapi::show_page(page)))
        .route("/api/openapi.json", get(move || openapi::show_document(document)));
    let metrics = metrics_routes(app, relay.clone());
    let relay = relay_routes(RelayState { app: app.clone(), relay });
    Router::new()
        .merge(management)
        .merge(setup)
        .merge(public)
        .fallback(async move |State(app): State<App>, request: Request| {
            show_page(&app, &files, request).await
        })
        .method_not_allowed_fallback(wrong_method)
        .with_state(app.clone())
        .layer(from_fn_with_state(app.clone(), check_origin))
        .layer(from_fn_with_state(app.clone(), check_host))
        .merge(probes)
        .merge(metrics)
        .layer(from_fn_with_state(app.clone(), add_security_headers))
        .nest("/v1", relay.clone())
        .nest("/api/v1", relay)
        .layer(from_fn_with_state(app.clone(), receive_request))
}

/// The description of the management API, made from its routes.
pub(crate) fn api_document() -> OpenApi {
    let slices = management_slices().merge(sign_in::setup_routes());
    OpenApiRouter::<App>::with_openapi(openapi::outline()).nest("/api", slices.into_router()).into_openapi()
}

/// Every slice's routes below `/api`.
pub(crate) fn management_slices() -> GuardedRoutes {
    GuardedRoutes::new()
        .merge(users::routes())
        .merge(keys::routes())
        .merge(adjustments::routes())
        .merge(grants::routes())
        .merge(ledger::routes())
        .merge(requests::routes())
        .merge(usage::routes())
        .merge(revenue::routes())
        .merge(statistics::routes())
        .merge(models::routes())
        .merge(channels::routes())
        .merge(model_groups::routes())
        .merge(notices::routes())
        .merge(settings::routes())
        .merge(site::routes())
        .merge(invites::routes())
        .merge(audit_log::routes())
        .merge(sign_in::routes())
}

fn api_routes(slices: GuardedRoutes) -> Router<App> {
    OpenApiRouter::new().nest("/api", slices.into_router()).into()
}

async fn wrong_method() -> ApiError {
    ApiError::new(ErrorCode::MethodNotAllowed, "This address does not take this method.")
}
