//! A server that dies leaves no hold behind.

use std::time::Duration;

use waystation_tests::{Behaviour, DatabaseKind, Reply, World, WorldOptions, eventually, nanos};

use crate::{MODEL, add_mock, question, streamed_question};

#[tokio::test(flavor = "multi_thread")]
async fn a_hold_of_a_killed_server_ends_within_a_minute_of_its_deadline_on_sqlite() {
    kill_mid_stream(DatabaseKind::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hold_of_a_killed_server_ends_within_a_minute_of_its_deadline_on_mariadb() {
    if DatabaseKind::available().contains(&DatabaseKind::Mariadb) {
        kill_mid_stream(DatabaseKind::Mariadb).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hold_of_a_killed_server_ends_within_a_minute_of_its_deadline_on_postgres() {
    if DatabaseKind::available().contains(&DatabaseKind::Postgres) {
        kill_mid_stream(DatabaseKind::Postgres).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restarted_server_knows_everything_it_knew() {
    let mut world = World::start(DatabaseKind::Sqlite);
    add_mock(&world).await;
    let key = world.add_customer("1").await;
    world.chat(&key.secret, question(MODEL)).await.expect(200);
    world.server(0).stop();
    world.restart(0);
    world.chat(&key.secret, question(MODEL)).await.expect(200);
    world.assert_balance(&key.user_id, "0.997852").await;
    assert_eq!(world.count_requests(&key.user_id).await, 2);
}

async fn kill_mid_stream(kind: DatabaseKind) {
    let total = Duration::from_secs(10);
    let options = WorldOptions::single().with("WAYSTATION_RELAY_TOTAL_MS", &total.as_millis().to_string());
    let mut world = World::start_with(kind, options);
    let mock = add_mock(&world).await;
    mock.script(MODEL, Behaviour::gated());
    let key = world.add_customer("1").await;
    let body = streamed_question(MODEL).to_string();
    let mut response = world.send(0, "/v1/chat/completions", &key.secret, body).await;
    let id = response.headers()["x-request-id"].to_str().unwrap().to_owned();
    response.chunk().await.unwrap().expect("the stream has begun");
    assert!(world.balance(&key.user_id).await.1 > 0, "the call is held");

    world.server(0).kill();
    let cut = Reply::read(response).await;
    assert!(!cut.text.contains("[DONE]"), "{}", cut.text);
    world.restart(0);
    let released = async || (world.balance(&key.user_id).await.1 == 0).then_some(());
    eventually("the hold has ended", total + Duration::from_secs(60), released).await;
    world.assert_balance(&key.user_id, "1").await;
    let row = world.request_row(&id).await;
    assert_eq!(row["status"], "lost", "{row}");
    assert_eq!(nanos(row["charged"].as_str().unwrap()), 0, "{row}");
    mock.open_gate();
    world.chat(&key.secret, question(MODEL)).await.expect(200);
}
