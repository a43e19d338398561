//! The description of the management API.

use std::sync::Arc;

use axum::http::header;
use axum::response::{Html, IntoResponse};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{ComponentsBuilder, InfoBuilder, OpenApi, OpenApiBuilder};

/// What the description says beside the routes.
pub(crate) fn outline() -> OpenApi {
    let token = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .bearer_format("JWT")
        .description(Some("A short-lived access token."))
        .build();
    let info = InfoBuilder::new()
        .title("Waystation management API")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(include_str!("openapi.md")))
        .build();
    OpenApiBuilder::new()
        .info(info)
        .components(Some(
            ComponentsBuilder::new().security_scheme("access_token", SecurityScheme::Http(token)).build(),
        ))
        .build()
}

/// The description as text, the same each time.
pub(crate) fn write_document(document: OpenApi) -> String {
    document.to_pretty_json().map(|text| text + "\n").unwrap_or_default()
}

/// `GET /api/openapi.json`.
pub(crate) async fn show_document(document: Arc<String>) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json")], document.as_str().to_owned())
}

/// `GET /api/docs`: the description as a page, without scripts of others.
pub(crate) async fn show_docs() -> Html<&'static str> {
    Html(include_str!("docs.html"))
}
