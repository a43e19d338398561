//! Another site's page makes a browser change nothing and shows nothing of what it made the browser ask for, whichever
//! route it is.

use serde_json::json;
use waystation_ids::Role;

use crate::access_rules::operations::operations;
use crate::access_rules::site::{Answer, Site};

/// Origins of pages that are not the site's, which answers as `127.0.0.1:8787`.
const STRANGERS: [&str; 16] = [
    "null",
    "",
    "*",
    "https://evil.example",
    "http://127.0.0.1",
    "http://127.0.0.1:87870",
    "http://127.0.0.1:8787.evil.example",
    "http://127.0.0.1:8787@evil.example",
    "http://evil.example:8787",
    "http://evil.example#127.0.0.1:8787",
    "http://evil127.0.0.1:8787",
    "http://localhost:8787",
    "http://[::1]:8787",
    "ftp://127.0.0.1:8787",
    "file://",
    "http://127.0.0.1:8787 http://evil.example",
];

fn assert_shares_nothing(answer: &Answer, context: &str) {
    let sharing = answer.headers.keys().find(|name| name.as_str().starts_with("access-control"));
    assert_eq!(sharing, None, "{context}");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_route_is_changed_by_or_shared_with_another_sites_page() {
    let site = Site::new("origins").await;
    let owner = site.enter("owner", Role::Owner).await;
    let cookie = site.cookie(&owner).await;
    let mut tried = 0;
    let relay = ["/v1/models", "/v1/chat/completions", "/api/v1/models", "/api/v1/chat/completions"];
    let mut routes: Vec<(String, String)> = relay.map(|path| ("GET".to_owned(), path.to_owned())).into();
    for operation in operations() {
        routes.push((operation.method.clone(), operation.path_with("none")));
    }
    for (method, path) in &routes {
        for origin in STRANGERS {
            let context = format!("{method} {path} by {origin:?}");
            let mut headers = vec![("cookie", cookie.clone()), ("origin", origin.to_owned())];
            let body = json!({});
            let answer = site.send(method, path, &headers, (method != "GET").then_some(&body)).await;
            assert_shares_nothing(&answer, &context);
            if method != "GET" {
                assert_eq!((answer.status.as_u16(), answer.code()), (403, "forbidden"), "{context}");
                // Nor does it sign anybody in or out without a cookie.
                let answer = site.send(method, path, &headers[1..], Some(&body)).await;
                assert_eq!((answer.status.as_u16(), answer.code()), (403, "forbidden"), "{context}");
            }
            headers.push(("access-control-request-method", method.clone()));
            headers.push(("access-control-request-headers", "authorization, content-type".to_owned()));
            let asked_before = site.send("OPTIONS", path, &headers, None).await;
            assert_shares_nothing(&asked_before, &context);
            assert!(!asked_before.status.is_success(), "{context}: {}", asked_before.status);
            tried += 1;
        }
    }
    println!("proof: requests of other sites' pages, none admitted; {tried}; -");
    assert!(tried > 1_000, "{tried}");
    // The session is still there: nobody was signed out.
    let own = vec![("cookie", cookie)];
    assert_eq!(site.send("GET", "/api/me", &own, None).await.status.as_u16(), 200);
    site.finish().await;
}
