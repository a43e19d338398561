//! Which pages may make a browser do something here: the site's own.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::auth::{carries_bearer, carries_cookie};
use crate::error::ApiError;
use crate::http::host_guard::host_of;
use crate::http::public_origin::PublicOrigin;
use crate::state::App;

/// Refuses what another site's page makes a browser send. Programs that send an access token are not browsers, or
/// they are ones that were given it; a cookie goes along unasked.
pub(super) async fn check_origin(State(app): State<App>, request: Request, next: Next) -> Response {
    let is_safe = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    let headers = request.headers();
    let is_admitted = is_safe
        || (carries_bearer(headers) && !carries_cookie(headers))
        || is_own_page(headers, app.public_origin.as_ref(), carries_cookie(headers));
    if is_admitted {
        next.run(request).await
    } else {
        ApiError::forbidden(
            "This was sent by the page of another site, or by a program without an access token.",
        )
        .into_response()
    }
}

/// Whether the headers are those of one of the site's own pages, or of no page at all.
fn is_own_page(headers: &HeaderMap, public: Option<&PublicOrigin>, needs_proof: bool) -> bool {
    let mut origins = headers.get_all(header::ORIGIN).iter();
    match (origins.next(), origins.next()) {
        (None, _) => match headers.get("sec-fetch-site") {
            Some(site) => site == "same-origin",
            None => !needs_proof,
        },
        (Some(origin), None) => origin.to_str().is_ok_and(|origin| is_own_origin(headers, public, origin)),
        (Some(_), Some(_)) => false,
    }
}

fn is_own_origin(headers: &HeaderMap, public: Option<&PublicOrigin>, origin: &str) -> bool {
    if public.is_some_and(|public| origin == public.origin()) {
        return true;
    }
    // The host has been checked: it is one of the site's. Its public name has one origin, which this is not.
    let Some(host) = headers.get(header::HOST).and_then(|host| host.to_str().ok()) else { return false };
    let is_public = public.is_some_and(|public| host_of(host).as_deref() == Some(public.host()));
    let authority = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
    !is_public && authority.is_some_and(|authority| authority.eq_ignore_ascii_case(host))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(named: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in named {
            headers.append(*name, value.parse().unwrap());
        }
        headers
    }

    #[test]
    fn only_pages_of_the_public_origin_are_the_sites_own() {
        let public = PublicOrigin::read("https://ai.example.com").unwrap();
        let is_own = |origin: &str| {
            let headers = headers(&[("host", "ai.example.com"), ("origin", origin)]);
            is_own_page(&headers, Some(&public), true)
        };
        assert!(is_own("https://ai.example.com"));
        for origin in [
            "null",
            "",
            "http://ai.example.com",
            "https://ai.example.com:8443",
            "https://ai.example.com.evil.example",
            "https://evil.example",
            "https://evilai.example.com",
            "https://ai.example.com@evil.example",
            "https://AI.example.com/",
            "https://ai.example.com, https://ai.example.com",
            "file://",
            "chrome-extension://abc",
            "https://ai.example.com\u{7f}",
        ] {
            let Ok(value) = axum::http::HeaderValue::from_str(origin) else { continue };
            let mut sent = headers(&[("host", "ai.example.com")]);
            sent.append(header::ORIGIN, value);
            assert!(!is_own_page(&sent, Some(&public), true), "{origin:?}");
            assert!(!is_own_page(&sent, Some(&public), false), "{origin:?}");
        }
    }

    #[test]
    fn without_a_public_address_a_page_of_the_requests_own_host_is_the_sites() {
        let is_own = |host: &str, origin: &str| {
            is_own_page(&headers(&[("host", host), ("origin", origin)]), None, true)
        };
        assert!(is_own("127.0.0.1:8787", "http://127.0.0.1:8787"));
        assert!(is_own("localhost:8787", "http://localhost:8787"));
        for origin in ["http://127.0.0.1", "http://127.0.0.1:1", "http://localhost:8787", "null"] {
            assert!(!is_own("127.0.0.1:8787", origin), "{origin}");
        }
        // By the address of this machine, behind the name of the site.
        let public = PublicOrigin::read("https://ai.example.com").unwrap();
        let tunnel = headers(&[("host", "127.0.0.1:8787"), ("origin", "http://127.0.0.1:8787")]);
        assert!(is_own_page(&tunnel, Some(&public), true));
    }

    #[test]
    fn without_an_origin_a_browser_says_that_the_page_is_the_sites_own() {
        let is_own =
            |named: &[(&'static str, &str)], needs_proof| is_own_page(&headers(named), None, needs_proof);
        assert!(is_own(&[("sec-fetch-site", "same-origin")], true));
        for site in ["cross-site", "same-site", "none", ""] {
            assert!(!is_own(&[("sec-fetch-site", site)], true), "{site}");
            assert!(!is_own(&[("sec-fetch-site", site)], false), "{site}");
        }
        assert!(!is_own(&[], true));
        // A program that signs in.
        assert!(is_own(&[], false));
        assert!(!is_own(&[("host", "a"), ("origin", "http://a"), ("origin", "http://a")], true));
    }
}
