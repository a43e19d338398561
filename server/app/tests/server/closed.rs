//! What is not set up is closed.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::browser::{PASSWORD, send, set_up};
use crate::world::{Server, Site};

/// Every management route of the server's own description, with something for each parameter.
async fn routes(server: &Server) -> Vec<(String, String)> {
    let description = send(&server.url, "GET", "/api/openapi.json", &[], None).await.json();
    let mut routes = Vec::new();
    for (path, methods) in description["paths"].as_object().unwrap() {
        for method in methods.as_object().unwrap().keys() {
            routes.push((method.to_uppercase(), path.replace(['{', '}'], "")));
        }
    }
    routes
}

/// The routes that anybody may ask once there is an owner: they are how people sign in, and what the site offers.
fn is_for_strangers(path: &str) -> bool {
    ["/api/models", "/api/site"].contains(&path)
        || path.starts_with("/api/auth/")
            && !["/api/auth/logout", "/api/auth/proof"].contains(&path)
            && path != "/api/auth/proof/start"
        || path == "/api/setup"
}

#[tokio::test]
async fn with_no_settings_at_all_every_management_route_refuses() {
    let site = Site::new();
    let server = site.serve(&[]).await;
    let routes = routes(&server).await;
    assert!(routes.len() > 75, "{}", routes.len());
    for (method, path) in &routes {
        let body = || (method != "GET").then(|| json!({}));
        for authorization in ["", "Bearer ", "Bearer null", "Bearer undefined", "Basic YWRtaW46YWRtaW4="] {
            let seen = send(&server.url, method, path, &[("authorization", authorization)], body()).await;
            if path == "/api/setup" {
                continue;
            }
            let context = format!("{method} {path} {authorization:?}: {}", seen.text);
            assert_eq!((seen.status, seen.code().as_str()), (503, "setup_required"), "{context}");
        }
    }
    // With an owner, and nothing else set.
    set_up(&site, &server).await;
    let mut refusals = BTreeSet::new();
    for (method, path) in &routes {
        if is_for_strangers(path) {
            continue;
        }
        let body = (method != "GET").then(|| json!({}));
        let seen = send(&server.url, method, path, &[], body).await;
        assert_eq!(
            (seen.status, seen.code().as_str()),
            (401, "invalid_token"),
            "{method} {path}: {}",
            seen.text
        );
        refusals.insert(path.clone());
    }
    assert!(refusals.len() > 40, "{}", refusals.len());
    // Nobody is let in by nothing, by an empty secret, or by what such programs come with elsewhere.
    for (login, password) in
        [("admin", "admin"), ("root", "123456"), ("owner@example.com", ""), ("owner@example.com", "password")]
    {
        let body = json!({"login": login, "password": password});
        let seen = send(&server.url, "POST", "/api/auth/login", &[], Some(body)).await;
        assert!(matches!(seen.status, 400 | 401), "{login}: {} {}", seen.status, seen.text);
    }
    server.stop().await;
    let printed = site.run(&["config", "print"]).await.stdout;
    assert!(printed.contains("127.0.0.1:8787"), "it listens to this machine only: {printed}");
}

#[tokio::test]
async fn of_a_hundred_who_come_first_by_each_way_without_the_token_nobody_becomes_anything() {
    let site = Site::new().with_variable("WAYSTATION_AUTH_REGISTRATION", "open");
    let server = site.serve(&[]).await;
    let wanted = |number: usize| json!({"email": format!("p{number}@example.com"), "password": PASSWORD});
    type Asked = fn(Value) -> Value;
    let ways: [(&str, &str, Asked); 8] = [
        ("POST", "/api/auth/register", |person| person),
        ("POST", "/api/admin/users", |mut person| {
            person["role"] = json!("owner");
            person
        }),
        (
            "POST",
            "/api/auth/login",
            |person| json!({"login": person["email"], "password": person["password"]}),
        ),
        ("POST", "/api/auth/pair", |_| json!({"code": "a".repeat(43)})),
        ("POST", "/api/auth/passkeys/start", |_| json!({})),
        ("POST", "/api/auth/oauth/github/start", |_| json!({})),
        ("GET", "/api/auth/oauth/github/callback?code=a&state=b", |_| Value::Null),
        ("POST", "/api/auth/password-reset", |person| json!({"email": person["email"]})),
    ];
    for (method, path, body) in ways {
        let mut racing = tokio::task::JoinSet::new();
        for number in 0..100 {
            let (url, body) = (server.url.clone(), body(wanted(number)));
            racing.spawn(async move {
                let body = (method == "POST").then_some(body);
                send(&url, method, path, &[], body).await.status
            });
        }
        let statuses = racing.join_all().await;
        assert_eq!(statuses, vec![503; 100], "{path}");
    }
    assert_eq!(send(&server.url, "GET", "/api/setup", &[], None).await.json(), json!({"required": true}));
    // The one with the token is the first and only one.
    let cookie = set_up(&site, &server).await.cookie();
    let users = crate::browser::browse(&server, &cookie, "GET", "/api/admin/users", None).await.json();
    assert_eq!(users["items"].as_array().unwrap().len(), 1, "{users}");
    server.stop().await;
}
