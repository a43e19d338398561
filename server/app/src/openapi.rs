//! The description of the management API.

use std::fmt::Write;
use std::sync::Arc;

use axum::http::header;
use axum::response::{Html, IntoResponse};
use serde_json::Value;
use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme,
};
use utoipa::openapi::{ComponentsBuilder, InfoBuilder, OpenApi, OpenApiBuilder};

use crate::auth::COOKIE_NAME;
use crate::html::escape_html;

/// The page of the description runs no script and loads nothing; its style is its own.
const DOCS_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'";
/// How programs are known.
const TOKEN_SCHEME: &str = "access_token";
/// How browsers are known.
const COOKIE_SCHEME: &str = "session_cookie";

/// What the description says beside the routes.
pub(crate) fn outline() -> OpenApi {
    let token = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .bearer_format("JWT")
        .description(Some("A short-lived access token."))
        .build();
    let cookie = ApiKeyValue::with_description(COOKIE_NAME, "A browser's session.");
    let info = InfoBuilder::new()
        .title("Waystation management API")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(include_str!("openapi.md")))
        .build();
    OpenApiBuilder::new()
        .info(info)
        .components(Some(
            ComponentsBuilder::new()
                .security_scheme(TOKEN_SCHEME, SecurityScheme::Http(token))
                .security_scheme(COOKIE_SCHEME, SecurityScheme::ApiKey(ApiKey::Cookie(cookie)))
                .build(),
        ))
        .security(Some(security_requirements()))
        .build()
}

/// Either of the two ways to be known; both at once are none.
pub(crate) fn security_requirements() -> Vec<SecurityRequirement> {
    [TOKEN_SCHEME, COOKIE_SCHEME]
        .map(|scheme| SecurityRequirement::new(scheme, Vec::<String>::new()))
        .to_vec()
}

/// The description as text, the same each time.
pub(crate) fn write_document(document: &OpenApi) -> String {
    document.to_pretty_json().map(|text| text + "\n").unwrap_or_default()
}

/// The description as a page.
pub(crate) fn write_page(document: &OpenApi) -> String {
    let document = serde_json::to_value(document).unwrap_or_default();
    let mut rows = String::new();
    for (path, methods) in document["paths"].as_object().into_iter().flatten() {
        for (method, operation) in methods.as_object().into_iter().flatten() {
            // Writing to a String cannot fail.
            let _ = write!(
                rows,
                "<tr><td><code>{}</code></td><td><code>{}</code></td><td>{}</td><td>{}</td></tr>",
                method.to_uppercase(),
                escape_html(path),
                escape_html(first_line(&operation["summary"])),
                answers(operation)
            );
        }
    }
    include_str!("docs.html")
        .replace("{intro}", &escape_html(include_str!("openapi.md")))
        .replace("{rows}", &rows)
}

/// `GET /api/openapi.json`.
pub(crate) async fn show_document(document: Arc<String>) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json")], document.as_str().to_owned())
}

/// `GET /api/docs`: the description as a page, without scripts.
pub(crate) async fn show_page(page: Arc<String>) -> impl IntoResponse {
    ([(header::CONTENT_SECURITY_POLICY, DOCS_POLICY)], Html(page.as_str().to_owned()))
}

fn first_line(text: &Value) -> &str {
    text.as_str().and_then(|text| text.lines().next()).unwrap_or_default()
}

fn answers(operation: &Value) -> String {
    let statuses =
        operation["responses"].as_object().into_iter().flatten().map(|(status, _)| escape_html(status));
    statuses.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::api_document;

    #[test]
    fn the_committed_description_is_that_of_the_routes() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../api/openapi.json");
        let committed = std::fs::read_to_string(path).unwrap_or_default();
        assert!(
            committed == write_document(&api_document()),
            "run: waystation openapi > server/api/openapi.json"
        );
    }
}
