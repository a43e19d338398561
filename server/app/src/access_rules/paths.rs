//! What is needed hangs on the route that was found, not on how its path was spelled or what a header says of it.

use serde_json::json;
use waystation_ids::Role;

use crate::access_rules::operations::{Needed, Operation, operations};
use crate::access_rules::site::Site;

/// Other ways to write a path, some of which another program in front might take for the same.
fn spellings(path: &str) -> Vec<String> {
    let rest = path.strip_prefix("/api").unwrap();
    let last = path.rsplit_once('/').unwrap();
    let second = rest.trim_start_matches('/').chars().next().unwrap();
    vec![
        format!("{path}?"),
        format!("{path}?x=1"),
        format!("{path}/"),
        format!("{path}//"),
        format!("{path}/."),
        format!("{path}/.."),
        format!("{path}/x/.."),
        format!("{path}."),
        format!("{path}%2f"),
        format!("{path}%00"),
        format!("{path}%20"),
        format!("{path};"),
        format!("{path};x=1"),
        format!("{path}.json"),
        format!("{path}%23"),
        format!("{path}%3f"),
        format!("/{path}"),
        format!("/api/{rest}"),
        format!("/api/.{rest}"),
        format!("/api/x/..{rest}"),
        format!("/api/docs/..{rest}"),
        format!("/api/openapi.json/..{rest}"),
        format!("/api/v1/..{rest}"),
        format!("/healthz/..{path}"),
        format!("/api%2f{}", rest.trim_start_matches('/')),
        format!("/api/%2e%2e{path}"),
        format!("/%61pi{rest}"),
        format!("/api/%{:02x}{}", u32::from(second), &rest[2..]),
        format!("/api/%25{:02x}{}", u32::from(second), &rest[2..]),
        format!("/API{rest}"),
        path.to_uppercase(),
        format!("/api{}", rest.to_uppercase()),
        format!("{}//{}", last.0, last.1),
        format!("{}/./{}", last.0, last.1),
        format!("{}%2f{}", last.0, last.1),
        format!("{}/;/{}", last.0, last.1),
        format!("{}\\{}", last.0, last.1).replace('\\', "%5c"),
        format!("http://127.0.0.1:8787{path}"),
    ]
}

/// Headers by which another program may tell what it was asked, and which mean nothing here.
const HEADERS: [(&str, &str); 12] = [
    ("x-original-url", "/api/openapi.json"),
    ("x-rewrite-url", "/healthz"),
    ("x-forwarded-uri", "/healthz"),
    ("x-forwarded-prefix", "/api/auth"),
    ("x-forwarded-host", "localhost"),
    ("forwarded", "for=127.0.0.1;host=localhost;proto=https"),
    ("x-http-method-override", "GET"),
    ("x-method-override", "OPTIONS"),
    ("x-forwarded-for", "127.0.0.1"),
    ("x-real-ip", "127.0.0.1"),
    ("x-user-id", "1"),
    ("x-middleware-subrequest", "middleware:middleware:middleware"),
];

fn guarded() -> Vec<Operation> {
    operations().into_iter().filter(|operation| operation.needed != Needed::Nothing).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn no_spelling_of_a_path_lets_anybody_through() {
    let site = Site::new("spellings").await;
    let user = site.one_of_each_role().await.remove(0);
    let token = site.token(&user).await;
    let signed_in = vec![("authorization", format!("Bearer {token}")), ("idempotency-key", "a".to_owned())];
    let mut tried = 0;
    for operation in guarded() {
        let path = operation.path_with("none");
        let needs_more = !operation.admits(Role::User);
        for spelling in spellings(&path) {
            let body = json!({});
            let body = (!operation.is_read()).then_some(&body);
            let context = format!("{} {spelling}", operation.method);
            let answer = site.send(&operation.method, &spelling, &[], body).await;
            // Either it is the route, and asks who it is, or it is no route at all.
            assert!(
                matches!(answer.status.as_u16(), 400 | 401 | 404 | 405 | 421),
                "{context}: {} {}",
                answer.status,
                answer.text
            );
            if needs_more {
                let answer = site.send(&operation.method, &spelling, &signed_in, body).await;
                assert!(
                    answer.lacks_permission() || matches!(answer.status.as_u16(), 400 | 404 | 405 | 421),
                    "{context} by a user: {} {}",
                    answer.status,
                    answer.text
                );
                // What reaches a handler knows the route's own things.
                assert_ne!(answer.code(), "not_found", "{context} by a user: {}", answer.text);
            }
            tried += 1;
        }
    }
    assert!(tried > 1_500, "{tried}");
    site.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_header_changes_the_verdict() {
    let site = Site::new("headers").await;
    let user = site.one_of_each_role().await.remove(0);
    let token = site.token(&user).await;
    for operation in guarded() {
        let path = operation.path_with("none");
        let body = json!({});
        let body = (!operation.is_read()).then_some(&body);
        for (name, value) in HEADERS {
            let context = format!("{} {path} with {name}", operation.method);
            let headers = vec![(name, value.to_owned())];
            let answer = site.send(&operation.method, &path, &headers, body).await;
            assert_eq!((answer.status.as_u16(), answer.code()), (401, "invalid_token"), "{context}");
            if operation.admits(Role::User) {
                continue;
            }
            let headers = [headers, vec![("authorization", format!("Bearer {token}"))]].concat();
            let answer = site.send(&operation.method, &path, &headers, body).await;
            assert!(answer.lacks_permission(), "{context} by a user: {} {}", answer.status, answer.text);
        }
    }
    site.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_other_method_of_a_path_lets_anybody_through() {
    let site = Site::new("methods").await;
    site.one_of_each_role().await;
    let operations = operations();
    for operation in &operations {
        let path = operation.path_with("none");
        for method in
            ["HEAD", "OPTIONS", "TRACE", "PUT", "DELETE", "PATCH", "POST", "GET", "QUERY", "PROPFIND", "get"]
        {
            let other =
                operations.iter().find(|other| other.method == method && other.path == operation.path);
            if other.is_some_and(|other| other.needed == Needed::Nothing)
                || operation.needed == Needed::Nothing
            {
                continue;
            }
            let answer = site.send(method, &path, &[], None).await;
            assert!(!answer.status.is_success(), "{method} {path}: {} {}", answer.status, answer.text);
            assert!(!answer.status.is_server_error(), "{method} {path}: {} {}", answer.status, answer.text);
        }
    }
    site.finish().await;
}
