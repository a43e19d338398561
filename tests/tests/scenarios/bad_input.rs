//! What must be refused: clearly, before anything is sent, with nothing held and nothing charged.

use serde_json::json;
use waystation_tests::{DatabaseKind, Key, MockUpstream, Reply, World, price};

use crate::{MODEL, add_mock, question};

/// Nothing was sent, held or charged.
async fn assert_untouched(world: &World, mock: &MockUpstream, key: &Key, balance: &str) {
    assert_eq!(mock.total_calls(), 0, "the upstream was called");
    world.assert_balance(&key.user_id, balance).await;
}

async fn send(world: &World, secret: &str, body: &str) -> Reply {
    Reply::read(world.send(0, "/v1/chat/completions", secret, body.to_owned()).await).await
}

#[tokio::test(flavor = "multi_thread")]
async fn malformed_bodies_are_refused() {
    let world = World::start(DatabaseKind::Sqlite);
    let mock = add_mock(&world).await;
    let key = world.add_customer("1").await;
    let bodies = [
        "",
        "{",
        "[]",
        "null",
        "\"echo\"",
        "{}",
        r#"{"model":"echo"}"#,
        r#"{"model":1,"messages":[{"role":"user","content":"hello"}]}"#,
        r#"{"model":null,"messages":[{"role":"user","content":"hello"}]}"#,
        r#"{"model":"echo","messages":"hello"}"#,
        r#"{"model":"echo","messages":[]}"#,
        r#"{"model":"echo","messages":[1]}"#,
        r#"{"model":"echo","messages":[{"role":"user","content":"hello"}],"stream":"yes"}"#,
        r#"{"model":"echo","messages":[{"role":"user","content":"hello"}],"max_tokens":"many"}"#,
        r#"{"model":"echo","messages":[{"role":"user","content":"hello"}],"max_tokens":-1}"#,
        r#"{"model":"echo","messages":[{"role":"user","content":"hello"}],"max_tokens":1.5}"#,
        r#"{"model":"echo","messages":[{"role":"user","content":"hello"}],"max_tokens":1e308}"#,
        r#"{"model":"echo","messages":[{"role":"user","content":"hello"}],"n":0}"#,
        r#"{"model":"echo","messages":[{"role":"user","content":"hello"}],"n":-3}"#,
        r#"{"model":"echo","messages":[{"role":"user","content":"hello"}],"n":18446744073709551615}"#,
        r#"{"model":"echo","messages":[{"role":"user","content":"hello"}]} trailing"#,
        r#"{"model":"echo","model":"other","messages":[{"role":"user","content":"hello"}]}"#,
    ];
    for body in bodies {
        let reply = send(&world, &key.secret, body).await;
        assert!((400..404).contains(&reply.status), "{body} was answered {} {}", reply.status, reply.text);
        let status = reply.status;
        let code = reply.code();
        assert!(
            matches!(code.as_str(), "invalid_request" | "unsupported_parameter" | "insufficient_balance"),
            "{body}: {code}"
        );
        reply.expect_error(status, &code);
    }
    let deep = format!("{}1{}", "[".repeat(20_000), "]".repeat(20_000));
    send(&world, &key.secret, &deep).await.expect_error(400, "invalid_request");
    assert_untouched(&world, &mock, &key, "1").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_unpriced_and_disabled_models_are_refused() {
    let world = World::start(DatabaseKind::Sqlite);
    let mock = add_mock(&world).await;
    let key = world.add_customer("1").await;
    world.post("/api/admin/models", json!({ "name": "unpriced" })).await;
    let disabled = world.add_model("disabled", price("1", "1", "0")).await;
    world.patch(&format!("/api/admin/models/{disabled}"), json!({ "active": false })).await;
    world.add_channel(&mock.base_url(), &["unpriced", "disabled"], 0).await;
    for model in ["unknown", "unpriced", "disabled", "", "echo ", "ECHO", "../echo"] {
        let reply = world.chat(&key.secret, question(model)).await;
        assert!(matches!(reply.status, 400 | 404), "{model:?}: {} {}", reply.status, reply.text);
        let (status, code) = (reply.status, reply.code());
        assert!(matches!(code.as_str(), "model_not_found" | "invalid_request"), "{model:?}: {code}");
        reply.expect_error(status, &code);
    }
    for model in ["unknown", "unpriced", "disabled"] {
        world.chat(&key.secret, question(model)).await.expect_error(404, "model_not_found");
    }
    assert_untouched(&world, &mock, &key, "1").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_that_no_channel_serves_is_refused() {
    let world = World::start(DatabaseKind::Sqlite);
    let mock = add_mock(&world).await;
    let key = world.add_customer("1").await;
    world.add_model("lonely", price("1", "1", "0")).await;
    world.chat(&key.secret, question("lonely")).await.expect_error(503, "no_channel_available");
    assert_untouched(&world, &mock, &key, "1").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disabled_and_enabled_model_follows_without_a_restart() {
    let world = World::start(DatabaseKind::Sqlite);
    let mock = add_mock(&world).await;
    let key = world.add_customer("1").await;
    let model = world.add_model("moody", price("1", "1", "0")).await;
    world.add_channel(&mock.base_url(), &["moody"], 0).await;
    world.chat(&key.secret, question("moody")).await.expect(200);
    world.patch(&format!("/api/admin/models/{model}"), json!({ "active": false })).await;
    world.chat(&key.secret, question("moody")).await.expect_error(404, "model_not_found");
    world.patch(&format!("/api/admin/models/{model}"), json!({ "active": true })).await;
    world.chat(&key.secret, question("moody")).await.expect(200);
    assert_eq!(mock.call_count("moody"), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_keys_are_refused() {
    let world = World::start(DatabaseKind::Sqlite);
    let mock = add_mock(&world).await;
    let key = world.add_customer("1").await;
    let mut mistyped = key.secret.clone();
    let last = mistyped.pop().unwrap();
    mistyped.push(if last == 'a' { 'b' } else { 'a' });
    let long = "sk-".to_owned() + &"a".repeat(5_000);
    for secret in ["", "sk-", "nonsense", &mistyped, &long, "sk-' OR '1'='1"] {
        world.chat(secret, question(MODEL)).await.expect_error(401, "invalid_api_key");
    }
    let disabled = world.add_key(&key.user_id, json!({})).await;
    let path = format!("/api/admin/users/{}/keys/{}", key.user_id, disabled.id);
    world.patch(&path, json!({ "status": "disabled" })).await;
    world.chat(&disabled.secret, question(MODEL)).await.expect_error(401, "invalid_api_key");
    world.delete(&path).await;
    world.chat(&disabled.secret, question(MODEL)).await.expect_error(401, "invalid_api_key");
    assert_untouched(&world, &mock, &key, "1").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_key_is_rejected_at_once_on_the_same_server() {
    let world = World::start(DatabaseKind::Sqlite);
    add_mock(&world).await;
    let key = world.add_customer("1").await;
    world.chat(&key.secret, question(MODEL)).await.expect(200);
    world.delete(&format!("/api/admin/users/{}/keys/{}", key.user_id, key.id)).await;
    world.chat(&key.secret, question(MODEL)).await.expect_error(401, "invalid_api_key");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_balance_is_refused_and_the_client_told_not_to_retry() {
    for kind in DatabaseKind::available() {
        let world = World::start(kind);
        let mock = add_mock(&world).await;
        for balance in ["0", "0.0005"] {
            let key = world.add_customer(balance).await;
            let reply =
                world.chat(&key.secret, question(MODEL)).await.expect_error(402, "insufficient_balance");
            assert_eq!(reply.header("x-should-retry"), "false", "{:?}", reply.headers);
            assert_untouched(&world, &mock, &key, balance).await;
            assert_eq!(world.count_requests(&key.user_id).await, 0);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cap_beyond_the_balance_is_refused_naming_what_is_affordable() {
    let world = World::start(DatabaseKind::Sqlite);
    let mock = add_mock(&world).await;
    let key = world.add_customer("0.01").await;
    let mut body = question(MODEL);
    body["max_tokens"] = json!(50_000);
    let reply = world.chat(&key.secret, body).await.expect_error(402, "insufficient_balance");
    let message = reply.json()["error"]["message"].as_str().unwrap().to_owned();
    assert!(message.chars().any(|character| character.is_ascii_digit()), "{message}");
    assert_untouched(&world, &mock, &key, "0.01").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn management_refuses_what_it_does_not_know() {
    let world = World::start(DatabaseKind::Sqlite);
    let user = world.add_user("0").await;
    let wrong = [
        ("/api/admin/users", json!({ "email": "no-at-sign", "role": "user" })),
        ("/api/admin/users", json!({ "email": "a@example.org", "role": "emperor" })),
        ("/api/admin/users", json!({ "email": "a@example.org", "role": "user", "balance": "100" })),
        ("/api/admin/models", json!({ "name": "" })),
        (
            "/api/admin/channels",
            json!({ "name": "x", "format": "openai", "base_url": "file:///etc/passwd",
            "credentials": [], "models": [] }),
        ),
    ];
    for (path, body) in wrong {
        let reply = world.ask(reqwest::Method::POST, path, Some(&body)).await;
        assert!(matches!(reply.status, 400 | 422), "{path} {body}: {} {}", reply.status, reply.text);
        assert!(reply.json()["error"]["request_id"].is_string(), "{}", reply.text);
    }
    for amount in ["0", "-1", "1e3", "NaN", "9223372036854775808", "0.0000000001", "", " 1"] {
        let body = json!({ "direction": "credit", "amount": amount, "reason_code": "test", "note": "wrong" });
        let path = format!("/api/admin/users/{user}/adjustments");
        let reply = world.ask(reqwest::Method::POST, &path, Some(&body)).await;
        assert!(matches!(reply.status, 400 | 422), "{amount:?}: {} {}", reply.status, reply.text);
    }
    world.assert_balance(&user, "0").await;
}
