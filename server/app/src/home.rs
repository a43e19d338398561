//! The page at `/`: where the site's API is, and a line to try it.

use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{Html, IntoResponse};

use crate::state::App;

/// Pages of ours run no script and load nothing.
pub(crate) const PAGE_POLICY: [(header::HeaderName, &str); 2] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'",
    ),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
];

/// `GET /`.
pub(crate) async fn show_home(State(app): State<App>, headers: HeaderMap) -> impl IntoResponse {
    let base = base_url(&app, &headers);
    let model = if app.is_demo { "demo" } else { "MODEL" };
    let page = include_str!("home.html")
        .replace("{base_url}", &escape_html(&base))
        .replace("{curl}", &escape_html(&curl_line(&base, "$WAYSTATION_KEY", model)));
    (PAGE_POLICY, Html(page))
}

/// A command that streams an answer as pasted, its usage in the last chunk.
pub(crate) fn curl_line(base: &str, key: &str, model: &str) -> String {
    format!(
        "curl -N {base}/v1/chat/completions -H \"Authorization: Bearer {key}\" \
         -H \"Content-Type: application/json\" \
         -d '{{\"model\":\"{model}\",\"stream\":true,\"stream_options\":{{\"include_usage\":true}},\
         \"messages\":[{{\"role\":\"user\",\"content\":\"Hello\"}}]}}'"
    )
}

/// Makes text safe inside of HTML.
pub(crate) fn escape_html(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// The address people reach the site under: the configured one, or the one this request named.
fn base_url(app: &App, headers: &HeaderMap) -> String {
    if let Some(url) = &app.config.public_url {
        return url.trim_end_matches('/').to_owned();
    }
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).filter(|host| is_host(host));
    match host {
        Some(host) => format!("http://{host}"),
        None => format!("http://{}", app.config.listen),
    }
}

/// Whoever calls writes the host; what could be more than a name and a port is not repeated.
fn is_host(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-:[]".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_that_is_more_than_a_name_is_not_repeated() {
        assert!(is_host("127.0.0.1:8787") && is_host("[::1]:80") && is_host("ai.example.com"));
        assert!(!is_host("a\"><script>") && !is_host("a/b") && !is_host("u@h"));
    }

    #[test]
    fn the_command_is_valid_json_within_shell_quotes() {
        let line = curl_line("http://h", "k", "demo");
        let body = line.split("-d '").nth(1).and_then(|rest| rest.strip_suffix('\'')).unwrap();
        let body: serde_json::Value = serde_json::from_str(body).unwrap();
        assert_eq!(body["model"], "demo");
        assert_eq!(body["stream_options"]["include_usage"], true);
    }
}
