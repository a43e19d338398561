//! Grants in calls and tokens pay before cash does, and within one call.

use serde_json::{Value, json};
use waystation_tests::{DatabaseKind, World, nanos};

use crate::{HONEST_COST, MODEL, add_mock, question, streamed_question};

async fn grant(world: &World, user: &str, unit: &str, amount: &str, more: Value) -> Value {
    let mut body = json!({ "unit": unit, "amount": amount, "note": "for a scenario" });
    for (name, value) in more.as_object().into_iter().flatten() {
        body[name] = value.clone();
    }
    world.post(&format!("/api/admin/users/{user}/grants"), body).await
}

async fn charged(world: &World, id: &str) -> (i64, i64) {
    let row = world.request_row(id).await;
    (nanos(row["cost"].as_str().unwrap()), nanos(row["charged"].as_str().unwrap()))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_calls_grant_pays_first_then_tokens_and_cash_share_a_call() {
    for kind in DatabaseKind::available() {
        let world = World::start(kind);
        add_mock(&world).await;
        let key = world.add_customer("1").await;
        grant(&world, &key.user_id, "tokens", "8", json!({})).await;
        grant(&world, &key.user_id, "calls", "1", json!({})).await;
        let cost = nanos(HONEST_COST);

        // The calls grant pays the whole call, fee included.
        let first = world.chat(&key.secret, question(MODEL)).await.expect(200);
        assert_eq!(charged(&world, &first.request_id()).await, (cost, 0));
        world.assert_balance(&key.user_id, "1").await;

        // Eight granted tokens cover the dearest first: five written and three read. Cash pays nine read and the fee.
        let second = world.chat(&key.secret, streamed_question(MODEL)).await.expect(200);
        assert_eq!(charged(&world, &second.request_id()).await, (cost, nanos("0.001018")));
        world.assert_balance(&key.user_id, "0.998982").await;
        let row = world.request_row(&second.request_id()).await;
        let sources = row["sources"].as_array().unwrap_or_else(|| panic!("{row}"));
        assert_eq!(sources.len(), 2, "{row}");

        // Nothing granted is left.
        let third = world.chat(&key.secret, question(MODEL)).await.expect(200);
        assert_eq!(charged(&world, &third.request_id()).await, (cost, cost));
        world.assert_balance(&key.user_id, "0.997908").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_grant_that_ends_first_is_used_first() {
    let world = World::start(DatabaseKind::Sqlite);
    add_mock(&world).await;
    let key = world.add_customer("1").await;
    let later = grant(&world, &key.user_id, "tokens", "1000", json!({})).await;
    let expires_at = waystation_tests::rfc3339_in(3_600);
    let sooner = grant(&world, &key.user_id, "tokens", "1000", json!({ "expires_at": expires_at })).await;
    let reply = world.chat(&key.secret, question(MODEL)).await.expect(200);
    let row = world.request_row(&reply.request_id()).await;
    let text = row["sources"].to_string();
    let account =
        |grant: &Value| grant["account_id"].as_str().unwrap_or_else(|| panic!("{grant}")).to_owned();
    assert!(text.contains(&account(&sooner)), "{row}");
    assert!(!text.contains(&account(&later)), "{row}");
    // The fee is not for tokens to pay.
    world.assert_balance(&key.user_id, "0.999").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_grant_for_another_model_pays_nothing() {
    let world = World::start(DatabaseKind::Sqlite);
    add_mock(&world).await;
    let key = world.add_customer("1").await;
    grant(&world, &key.user_id, "calls", "5", json!({ "models": ["another"] })).await;
    world.chat(&key.secret, question(MODEL)).await.expect(200);
    world.assert_balance(&key.user_id, "0.998926").await;
}
