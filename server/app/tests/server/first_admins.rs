use serde_json::json;

use crate::browser::{PASSWORD, program, send, setup_token};
use crate::world::{Server, Site};

/// Runs a command that succeeds and prints JSON.
async fn command(site: &Site, arguments: &[&str], input: &str) -> serde_json::Value {
    let ran = site.run_with_input(&[arguments, &["--json"]].concat(), input).await;
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    serde_json::from_str(&ran.stdout).unwrap()
}

async fn access_token(site: &Site, email: &str) -> String {
    let printed = command(site, &["admin", "access-token", "--email", email], "").await;
    printed["access_token"].as_str().unwrap().to_owned()
}

async fn enter(server: &Server, token: &str, role: &str) -> u16 {
    let body = json!({"email": format!("{role}.of@example.com"), "role": role});
    program(server, token, "POST", "/api/admin/users", Some(body)).await.status
}

#[tokio::test]
async fn a_site_comes_to_its_second_admin_by_commands_alone() {
    let site = Site::new();
    let server = site.serve(&[]).await;
    let printed = site.run(&["setup-token"]).await.stdout;
    assert_eq!(printed.trim(), setup_token(&site.data_dir()));

    // An administrator does not make the site anybody's: it still waits for its owner.
    let early =
        ["admin", "create-user", "--email", "admin@example.com", "--role", "admin", "--password-stdin"];
    assert_eq!(command(&site, &early, PASSWORD).await["role"], "admin");
    let token = access_token(&site, "admin@example.com").await;
    let refused = program(&server, &token, "GET", "/api/me", None).await;
    assert_eq!((refused.status, refused.code().as_str()), (503, "setup_required"));
    let owner =
        ["admin", "create-user", "--email", "owner@example.com", "--role", "owner", "--password-stdin"];
    assert_eq!(command(&site, &owner, PASSWORD).await["role"], "owner");
    assert_eq!(site.run(&["setup-token"]).await.code, Some(1));
    let late = json!({"token": printed.trim(), "email": "late@example.com", "password": PASSWORD});
    assert_eq!(send(&server.url, "POST", "/api/setup", &[], Some(late)).await.status, 409);

    let second =
        ["admin", "create-user", "--email", "second@example.com", "--role", "admin", "--password-stdin"];
    assert_eq!(command(&site, &second, PASSWORD).await["role"], "admin");
    // What admins may and what only owners may, at the server that was running all the while.
    let admin = access_token(&site, "second@example.com").await;
    assert_eq!(enter(&server, &admin, "operator").await, 201);
    assert_eq!(enter(&server, &admin, "admin").await, 403);
    assert_eq!(enter(&server, &access_token(&site, "owner@example.com").await, "admin").await, 201);
    let body = json!({"login": "second@example.com", "password": PASSWORD});
    let signed_in =
        send(&server.url, "POST", "/api/auth/login", &[("origin", &server.url)], Some(body)).await;
    assert_eq!((signed_in.status, &signed_in.json()["user"]["role"]), (200, &json!("admin")));
    let verified = site.run(&["audit", "verify"]).await;
    assert_eq!(verified.code, Some(0), "{}", verified.stderr);
    server.stop().await;
}
