//! What browsers are told about the site's answers: to run nothing that is not the site's own, and to show them
//! nowhere else. There is no header that lets another site's pages read them.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::middleware::Next;
use axum::response::Response;

use crate::state::App;

/// Pages of ours run the site's own scripts only, and load nothing from elsewhere.
pub(crate) const PAGE_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
     font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
/// What is no page does nothing at all.
const DATA_POLICY: &str = "default-src 'none'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'";

const ALWAYS: [(HeaderName, &str); 7] = [
    (header::CONTENT_SECURITY_POLICY, DATA_POLICY),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    // Not "no-referrer": forms of our pages would then be sent without their origin.
    (header::REFERRER_POLICY, "same-origin"),
    (
        HeaderName::from_static("permissions-policy"),
        "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    ),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
];

/// Adds the headers to every answer that does not say otherwise itself.
pub(super) async fn add_security_headers(State(app): State<App>, request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let is_data = path == "/api" || path.starts_with("/api/");
    let is_https = app.public_origin.as_ref().is_some_and(|origin| origin.is_https());
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in ALWAYS {
        add(headers, name, value);
    }
    if is_https {
        add(headers, header::STRICT_TRANSPORT_SECURITY, "max-age=31536000");
    }
    if is_data {
        add(headers, header::CACHE_CONTROL, "no-store");
    }
    response
}

fn add(headers: &mut HeaderMap, name: HeaderName, value: &'static str) {
    headers.entry(name).or_insert(HeaderValue::from_static(value));
}
