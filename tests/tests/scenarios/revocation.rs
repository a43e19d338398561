//! A key revoked on one server is refused by all within five seconds.

use std::time::Duration;

use waystation_tests::{DatabaseKind, RedisServer, TcpGate, World, WorldOptions, eventually};

use crate::{MODEL, add_mock, question};

const SERVERS: usize = 3;
const LIMIT: Duration = Duration::from_secs(5);

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_key_is_refused_by_three_servers_within_five_seconds_without_redis() {
    let world = World::start_with(DatabaseKind::shared(), options(None));
    assert_revocation_spreads(&world, || {}).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_key_is_refused_by_three_servers_within_five_seconds_with_redis() {
    let redis = RedisServer::start();
    let world = World::start_with(DatabaseKind::shared(), options(Some(redis.address())));
    assert_revocation_spreads(&world, || {}).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_key_is_refused_by_three_servers_within_five_seconds_with_redis_cut_off() {
    let redis = RedisServer::start();
    let gate = TcpGate::start(redis.address()).await;
    let world = World::start_with(DatabaseKind::shared(), options(Some(gate.address())));
    assert_revocation_spreads(&world, || gate.cut()).await;
    // With Redis back, the next key spreads as well.
    gate.mend();
    assert_revocation_spreads(&world, || {}).await;
}

fn options(redis: Option<String>) -> WorldOptions {
    let redis_url = redis.map(|address| format!("redis://{address}"));
    WorldOptions { servers: SERVERS, redis_url, ..WorldOptions::single() }
}

/// Every server has the key in its cache; `before_revoking` may break something.
async fn assert_revocation_spreads(world: &World, before_revoking: impl FnOnce()) {
    if world.relay_get("/healthz", "").await.status == 200
        && world.get("/api/admin/models").await["items"] == serde_json::json!([])
    {
        add_mock(world).await;
    }
    let key = world.add_customer("10").await;
    for server in 0..SERVERS {
        let served =
            async || (world.chat_on(server, &key.secret, question(MODEL)).await.status == 200).then_some(());
        eventually("every server serves the key", Duration::from_secs(15), served).await;
    }
    before_revoking();
    world.delete(&format!("/api/admin/users/{}/keys/{}", key.user_id, key.id)).await;
    let started = std::time::Instant::now();
    for server in 0..SERVERS {
        let refused = async || {
            let reply = world.chat_on(server, &key.secret, question(MODEL)).await;
            (reply.status == 401).then_some(())
        };
        eventually("every server refuses the key", LIMIT, refused).await;
    }
    assert!(started.elapsed() <= LIMIT, "all servers refuse after {:?}", started.elapsed());
}
