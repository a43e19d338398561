//! What somebody has made is worth no more than its maker is now.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use waystation_tests::{MailServer, Reply, World, eventually};

use super::{PASSWORD, patient_site, start, token_of};

const HEARD_WITHIN: Duration = Duration::from_secs(5);

/// What an administrator has made before losing the role.
struct Made {
    id: String,
    key: String,
    /// By name: what opened the administration.
    tokens: Vec<(&'static str, String)>,
    refresh: String,
    /// A device that is not paired yet.
    code: String,
}

async fn post_as(world: &World, token: &str, path: &str, body: Value) -> Reply {
    world.ask_as(Some(token), "203.0.113.1", Method::POST, path, &body).await
}

async fn status(world: &World, token: &str, path: &str) -> u16 {
    world.ask_as(Some(token), "203.0.113.1", Method::GET, path, &json!({})).await.status
}

async fn enter_administrator(world: &World, email: &str) -> Made {
    let body = json!({ "email": email, "role": "admin", "password": PASSWORD });
    let id = world.post("/api/admin/users", body).await["id"].as_str().unwrap().to_owned();
    let by_password = token_of(world, email, PASSWORD).await;
    let pairing = async |name: &str| {
        let asked = post_as(world, &by_password, "/api/me/devices/pairing", json!({ "name": name })).await;
        asked.expect(201).json()["code"].as_str().unwrap().to_owned()
    };
    let code = pairing("paired").await;
    let paired = super::ask(world, "/api/auth/pair", json!({ "code": code })).await.expect(200).json();
    let arguments = ["admin", "access-token", "--email", email, "--json"];
    let by_command = world.first_server().options().run_json(&arguments, "");
    let key = post_as(world, &by_password, "/api/me/keys", json!({ "name": "a" })).await.expect(201).json();
    let text = |value: &Value| value.as_str().unwrap_or_else(|| panic!("{value}")).to_owned();
    Made {
        id,
        key: text(&key["secret"]),
        tokens: vec![
            ("a session", by_password.clone()),
            ("a device", text(&paired["tokens"]["access_token"])),
            ("a command's token", text(&by_command["access_token"])),
        ],
        refresh: text(&paired["tokens"]["refresh_token"]),
        code: pairing("not paired").await,
    }
}

/// Nothing that was made opens the administration, or makes anything that does.
async fn assert_nothing_is_left(world: &World, made: &Made) {
    for (what, token) in &made.tokens {
        let lost = async || matches!(status(world, token, "/api/admin/users").await, 401 | 403).then_some(());
        eventually(what, HEARD_WITHIN, lost).await;
    }
    let refreshed =
        super::ask(world, "/api/auth/refresh", json!({ "refresh_token": made.refresh })).await.status;
    assert_eq!(refreshed, 401);
    let paired = super::ask(world, "/api/auth/pair", json!({ "code": made.code })).await;
    paired.expect_code(400, "invalid_link");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_administrator_made_opens_nothing_more_than_a_user_may_once_it_is_one() {
    let mails = MailServer::start();
    let world = start(patient_site(&mails));
    let made = enter_administrator(&world, "ann@example.org").await;
    for (what, token) in &made.tokens {
        assert_eq!(status(&world, token, "/api/admin/users").await, 200, "{what}");
    }
    // A key opens the relay, whoever has made it, and nothing of the management.
    assert_eq!(status(&world, &made.key, "/v1/models").await, 200);
    for path in ["/api/admin/users", "/api/me", "/api/me/keys"] {
        assert_eq!(status(&world, &made.key, path).await, 401, "{path}");
    }
    let path = format!("/api/admin/users/{}", made.id);
    world.patch(&path, json!({ "role": "user" })).await;
    assert_nothing_is_left(&world, &made).await;
    assert_eq!(status(&world, &made.key, "/v1/models").await, 200);
    // Whoever signs in again is a user.
    let token = token_of(&world, "ann@example.org", PASSWORD).await;
    assert_eq!(status(&world, &token, "/api/me").await, 200);
    assert_eq!(status(&world, &token, "/api/admin/users").await, 403);

    // Whoever is disabled has no key that opens anything either, and has it back with everything else.
    for (change, opened) in [("disabled", 401), ("active", 200)] {
        world.patch(&path, json!({ "status": change })).await;
        let heard = async || (status(&world, &made.key, "/v1/models").await == opened).then_some(());
        eventually(change, HEARD_WITHIN, heard).await;
    }
    assert_nothing_is_left(&world, &made).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_makes_a_key_or_a_person_worth_more_than_oneself() {
    let mails = MailServer::start();
    let world = start(patient_site(&mails));
    let ann = enter_administrator(&world, "ann@example.org").await;
    // Whoever runs commands at the server needs no proof besides.
    let token = &ann.tokens[2].1;
    // Neither a key nor an invitation names a role; a person is given one that is below the giver's.
    for field in ["role", "scopes", "permissions", "user_id", "admin"] {
        let mut body = json!({ "name": "a" });
        body[field] = json!("owner");
        post_as(&world, token, "/api/me/keys", body).await.expect_code(400, "invalid_request");
        let mut body = json!({});
        body[field] = json!("owner");
        post_as(&world, token, "/api/admin/invites", body).await.expect_code(400, "invalid_request");
    }
    for role in ["owner", "admin"] {
        let body = json!({ "email": format!("{role}2@example.org"), "role": role });
        post_as(&world, token, "/api/admin/users", body).await.expect_code(403, "forbidden");
    }
    let owner = world.get("/api/me").await["id"].as_str().unwrap().to_owned();
    let body = json!({ "name": "a" });
    post_as(&world, token, &format!("/api/admin/users/{owner}/keys"), body)
        .await
        .expect_code(403, "forbidden");
}
