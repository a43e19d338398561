//! A setting changed on one server counts on all.

use std::time::Duration;

use serde_json::{Value, json};
use waystation_tests::{DatabaseKind, RedisServer, TcpGate, World, WorldOptions, eventually};

const HEARD_WITHIN: Duration = Duration::from_secs(5);

async fn site_of(server: &str) -> Value {
    let answer = reqwest::get(format!("{server}/api/site")).await.unwrap();
    assert_eq!(answer.status().as_u16(), 200);
    serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap()
}

async fn register_at(server: &str, email: &str) -> u16 {
    let body = json!({ "email": email, "password": "correct horse battery staple" });
    let request = reqwest::Client::new()
        .post(format!("{server}/api/auth/register"))
        .header("content-type", "application/json")
        .body(body.to_string());
    request.send().await.unwrap().status().as_u16()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_setting_changed_on_one_server_counts_on_the_other_within_five_seconds() {
    for kind in DatabaseKind::available() {
        change_settings(World::start_with(kind, two_servers())).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_setting_is_heard_of_by_redis_too_and_without_it_when_it_is_cut_off() {
    let redis = RedisServer::start();
    let gate = TcpGate::start(redis.address()).await;
    for is_cut in [false, true] {
        let redis_url = Some(format!("redis://{}", gate.address()));
        let world = World::start_with(DatabaseKind::Sqlite, WorldOptions { redis_url, ..two_servers() });
        if is_cut {
            gate.cut();
        }
        change_settings(world).await;
    }
}

fn two_servers() -> WorldOptions {
    WorldOptions { servers: 2, ..WorldOptions::single() }
}

async fn change_settings(world: World) {
    let [first, second] = <[String; 2]>::try_from(world.base_urls()).unwrap();
    for server in [&first, &second] {
        assert_eq!(site_of(server).await["name"], "Waystation");
        assert_eq!(register_at(server, "ann@example.org").await, 403);
    }
    let values = json!({ "site.name": "驿站", "auth.registration": "open" });
    world.patch("/api/admin/settings", json!({ "values": values })).await;
    assert_eq!(site_of(&first).await["name"], "驿站", "at once where it was changed");
    let heard = async || (site_of(&second).await["name"] == "驿站").then_some(());
    eventually("the other server hears of it", HEARD_WITHIN, heard).await;
    assert!((200..300).contains(&register_at(&second, "ben@example.org").await));
    let values = json!({ "site.name": null, "auth.registration": null });
    world.patch("/api/admin/settings", json!({ "values": values })).await;
    let closed = async || (register_at(&second, "eve@example.org").await == 403).then_some(());
    eventually("the other server takes nobody new", HEARD_WITHIN, closed).await;
    assert_eq!(site_of(&second).await["name"], "Waystation");
}
