//! What a key may be limited to.

use std::time::Duration;

use serde_json::json;
use waystation_tests::{DatabaseKind, World, eventually, price, rfc3339_in};

use crate::{MODEL, add_mock, question};

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_kept_to_its_models() {
    let world = World::start(DatabaseKind::Sqlite);
    let mock = add_mock(&world).await;
    world.add_model("other", price("1", "1", "0")).await;
    world.add_channel(&mock.base_url(), &["other"], 0).await;
    let user = world.add_user("1").await;
    let key = world.add_key(&user, json!({ "allowed_models": ["other"] })).await;
    world.chat(&key.secret, question(MODEL)).await.expect_error(403, "model_not_allowed");
    world.chat(&key.secret, question("other")).await.expect(200);
    assert_eq!(mock.call_count(MODEL), 0);
    let listed = world.relay_get("/v1/models", &key.secret).await.expect(200).json();
    assert_eq!(listed["data"].as_array().map(Vec::len), Some(1), "{listed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_kept_to_its_addresses() {
    let world = World::start(DatabaseKind::Sqlite);
    let mock = add_mock(&world).await;
    let user = world.add_user("1").await;
    let elsewhere = world.add_key(&user, json!({ "allowed_ips": ["10.0.0.0/8", "2001:db8::/32"] })).await;
    world.chat(&elsewhere.secret, question(MODEL)).await.expect_error(403, "ip_not_allowed");
    assert_eq!(mock.total_calls(), 0);
    let here = world.add_key(&user, json!({ "allowed_ips": ["127.0.0.0/8"] })).await;
    world.chat(&here.secret, question(MODEL)).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_kept_to_its_budget() {
    for kind in DatabaseKind::available() {
        let world = World::start(kind);
        let mock = add_mock(&world).await;
        world.add_model("fee", price("0", "0", "0.01")).await;
        world.add_channel(&mock.base_url(), &["fee"], 0).await;
        let user = world.add_user("1").await;
        for budget in ["total", "day", "month"] {
            let before = mock.call_count("fee");
            let key = world.add_key(&user, json!({ "budgets": { budget: "0.025" } })).await;
            world.chat(&key.secret, question("fee")).await.expect(200);
            world.chat(&key.secret, question("fee")).await.expect(200);
            let reply = world.chat(&key.secret, question("fee")).await.expect_error(402, "budget_exceeded");
            assert_eq!(reply.header("x-should-retry"), "false", "{:?}", reply.headers);
            assert_eq!(mock.call_count("fee") - before, 2, "{budget}");
        }
        world.assert_balance(&user, "0.94").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_ends_when_it_expires() {
    let world = World::start(DatabaseKind::Sqlite);
    add_mock(&world).await;
    let user = world.add_user("1").await;
    let key = world.add_key(&user, json!({ "expires_at": rfc3339_in(3) })).await;
    world.chat(&key.secret, question(MODEL)).await.expect(200);
    let expired = async || {
        let reply = world.chat(&key.secret, question(MODEL)).await;
        (reply.status == 401).then_some(reply)
    };
    let (reply, _) = eventually("the key has expired", Duration::from_secs(10), expired).await;
    reply.expect_error(401, "invalid_api_key");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotated_key_takes_the_place_of_the_old_one() {
    let world = World::start(DatabaseKind::Sqlite);
    add_mock(&world).await;
    let old = world.add_customer("1").await;
    world.chat(&old.secret, question(MODEL)).await.expect(200);
    let path = format!("/api/admin/users/{}/keys/{}/rotate", old.user_id, old.id);
    let rotated = world.post(&path, json!({ "grace_seconds": 0 })).await;
    let secret = rotated["secret"].as_str().unwrap_or_else(|| panic!("{rotated}"));
    assert_ne!(secret, old.secret);
    world.chat(secret, question(MODEL)).await.expect(200);
    world.chat(&old.secret, question(MODEL)).await.expect_error(401, "invalid_api_key");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_keys_output_cap_lowers_what_may_be_asked_for() {
    let world = World::start(DatabaseKind::Sqlite);
    let mock = add_mock(&world).await;
    let user = world.add_user("1").await;
    let key = world.add_key(&user, json!({ "output_cap": 16 })).await;
    let mut body = question(MODEL);
    body.as_object_mut().unwrap().remove("max_tokens");
    let reply = world.chat(&key.secret, body).await.expect(200);
    assert_eq!(reply.header("x-waystation-output-cap"), "16", "{:?}", reply.headers);
    let sent: serde_json::Value = serde_json::from_str(&mock.last_call(MODEL).unwrap().body).unwrap();
    let cap = if sent["max_tokens"].is_null() { &sent["max_completion_tokens"] } else { &sent["max_tokens"] };
    assert_eq!(cap, 16, "{sent}");
}
