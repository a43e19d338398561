//! Keys that are revoked or disabled.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::json;
use waystation_tests::{Key, eventually};

use super::{Fleet, Grant, LIMIT, Messages, SERVERS, shared_kinds};
use crate::{MODEL, add_mock, question};

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_key_is_refused_by_three_servers_within_five_seconds_without_redis() {
    assert_revocations_spread(Messages::WithoutRedis).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_key_is_refused_by_three_servers_within_five_seconds_with_redis() {
    assert_revocations_spread(Messages::WithRedis).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_key_is_refused_by_three_servers_within_five_seconds_with_redis_cut_off() {
    assert_revocations_spread(Messages::WithRedisCutOff).await;
}

async fn assert_revocations_spread(messages: Messages) {
    for kind in shared_kinds() {
        let fleet = Fleet::start(kind, messages).await;
        let mock = add_mock(&fleet.world).await;
        assert_revocation_spreads(&fleet).await;
        // With Redis back, the next key spreads as well.
        fleet.mend();
        assert_others_spread(&fleet).await;
        drop(mock);
    }
}

/// Seen by calls, which every server has served.
async fn assert_revocation_spreads(fleet: &Fleet) {
    let world = &fleet.world;
    let key = world.add_customer("10").await;
    for server in 0..SERVERS {
        let served =
            async || (world.chat_on(server, &key.secret, question(MODEL)).await.status == 200).then_some(());
        eventually("every server serves the key", Duration::from_secs(15), served).await;
    }
    fleet.cut();
    world.delete(&path_of(&key)).await;
    let started = Instant::now();
    for server in 0..SERVERS {
        let refused = async || {
            let reply = world.chat_on(server, &key.secret, question(MODEL)).await;
            (reply.status == 401).then_some(())
        };
        eventually("every server refuses the key", LIMIT, refused).await;
    }
    let elapsed = started.elapsed();
    assert!(elapsed <= LIMIT, "all servers refuse after {elapsed:?}");
    println!(
        "proof: ms until the last of {SERVERS} servers refuses calls, a key revoked by an administrator, {:?}, {:?}; \
         {}; -",
        fleet.kind,
        fleet.messages,
        elapsed.as_millis()
    );
}

/// The other ways in which a key ends, and the same once more.
async fn assert_others_spread(fleet: &Fleet) {
    let world = &fleet.world;
    for what in ["a key revoked by its user", "a key disabled", "a key rotated"] {
        fleet.mend();
        let key = world.add_customer("0").await;
        let grants = [Grant::by_bearer("key", "/v1/models", &key.secret)];
        fleet.assert_served(&grants).await;
        let email = world.get(&format!("/api/admin/users/{}", key.user_id)).await["email"].clone();
        let arguments = ["admin", "access-token", "--email", email.as_str().unwrap(), "--json"];
        let token = world.first_server().options().run_json(&arguments, "");
        let own = format!("/api/me/keys/{}", key.id);
        fleet.cut();
        let done = match what {
            "a key revoked by its user" => {
                let token = token["access_token"].as_str();
                world.ask_as(token, "127.0.0.1", Method::DELETE, &own, &json!({})).await
            }
            "a key disabled" => {
                world.ask(Method::PATCH, &path_of(&key), Some(&json!({ "status": "disabled" }))).await
            }
            _ => {
                let path = format!("{}/rotate", path_of(&key));
                world.ask(Method::POST, &path, Some(&json!({ "grace_seconds": 0 }))).await
            }
        };
        let since = Instant::now();
        assert!(matches!(done.status, 200 | 201 | 204), "{what}: {} {}", done.status, done.text);
        fleet.assert_refused(what, since, &grants).await;
    }
}

fn path_of(key: &Key) -> String {
    format!("/api/admin/users/{}/keys/{}", key.user_id, key.id)
}
