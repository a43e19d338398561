//! Callers that leave and servers that stop: whatever was begun is settled.

use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use waystation_tests::{Behaviour, DatabaseKind, Key, MockUpstream, World, WorldOptions, eventually};

use crate::{MODEL, add_mock, question, streamed_question};

const PATIENCE: Duration = Duration::from_secs(20);

/// Opens a gated stream and waits until its first piece has come.
async fn open_stream(world: &World, mock: &MockUpstream, key: &Key) -> reqwest::Response {
    mock.script(MODEL, Behaviour::gated());
    let mut response =
        world.send(0, "/v1/chat/completions", &key.secret, streamed_question(MODEL).to_string()).await;
    let mut read = String::new();
    while !read.contains("one") {
        let chunk = timeout(PATIENCE, response.chunk()).await.unwrap().unwrap().expect("the stream goes on");
        read.push_str(&String::from_utf8_lossy(&chunk));
    }
    response
}

async fn read_rest(mut response: reqwest::Response) -> String {
    let mut rest = String::new();
    while let Ok(Some(chunk)) = timeout(PATIENCE, response.chunk()).await.expect("the stream ends") {
        rest.push_str(&String::from_utf8_lossy(&chunk));
    }
    rest
}

async fn is_reachable(world: &World) -> bool {
    TcpStream::connect(world.base_urls()[0].trim_start_matches("http://")).await.is_ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopping_server_takes_no_calls_and_finishes_those_it_has() {
    let mut world = World::start(DatabaseKind::Sqlite);
    let mock = add_mock(&world).await;
    let key = world.add_customer("1").await;
    let stream = open_stream(&world, &mock, &key).await;
    world.server(0).terminate();
    let closed = async || (!is_reachable(&world).await).then_some(());
    eventually("nobody is let in any more", PATIENCE, closed).await;
    mock.open_gate();
    let rest = read_rest(stream).await;
    assert!(rest.contains("five") && rest.contains("[DONE]"), "{rest}");
    assert!(world.server(0).ends_within(PATIENCE).await, "nothing is left to wait for");
    world.restart(0);
    assert_eq!(world.count_requests(&key.user_id).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn when_the_time_is_over_a_stream_ends_with_an_error_and_is_settled() {
    let options = WorldOptions::single().with("WAYSTATION_RELAY_DRAIN_MS", "500");
    let mut world = World::start_with(DatabaseKind::Sqlite, options);
    let mock = add_mock(&world).await;
    let key = world.add_customer("1").await;
    let stream = open_stream(&world, &mock, &key).await;
    world.server(0).terminate();
    let rest = read_rest(stream).await;
    assert!(rest.contains("server_shutdown") && !rest.contains("[DONE]"), "{rest}");
    assert!(
        world.server(0).ends_within(Duration::from_secs(6)).await,
        "the end comes within 5 s of the deadline"
    );
    world.restart(0);
    assert_eq!(world.count_requests(&key.user_id).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_signal_ends_calls_at_once_and_settles_them() {
    let mut world = World::start(DatabaseKind::Sqlite);
    let mock = add_mock(&world).await;
    let key = world.add_customer("1").await;
    let stream = open_stream(&world, &mock, &key).await;
    world.server(0).terminate();
    let closed = async || (!is_reachable(&world).await).then_some(());
    eventually("the first signal is heard", PATIENCE, closed).await;
    world.server(0).terminate();
    let rest = read_rest(stream).await;
    assert!(rest.contains("server_shutdown") && !rest.contains("[DONE]"), "{rest}");
    // The time for calls would be 30 s.
    assert!(world.server(0).ends_within(Duration::from_secs(10)).await);
    world.restart(0);
    assert_eq!(world.count_requests(&key.user_id).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_whose_caller_has_gone_is_waited_for_too() {
    let mut world = World::start(DatabaseKind::Sqlite);
    let mock = add_mock(&world).await;
    let key = world.add_customer("1").await;
    drop(open_stream(&world, &mock, &key).await);
    world.server(0).terminate();
    let closed = async || (!is_reachable(&world).await).then_some(());
    eventually("the signal is heard", PATIENCE, closed).await;
    mock.open_gate();
    assert!(world.server(0).ends_within(PATIENCE).await);
    world.restart(0);
    assert_eq!(world.count_requests(&key.user_id).await, 1);
}

/// All ended calls of a user.
async fn list_requests(world: &World, user: &str) -> Vec<Value> {
    let mut all = Vec::new();
    let mut cursor = String::new();
    loop {
        let path = format!("/api/admin/requests?user_id={user}&limit=100{cursor}");
        let page = world.get(&path).await;
        all.extend(page["items"].as_array().expect("a list has items").iter().cloned());
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return all,
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn callers_that_leave_at_any_moment_leave_no_hold_and_no_call_without_a_row() {
    const CALLS: u64 = 500;
    for kind in DatabaseKind::available() {
        let world = World::start(kind);
        let mock = add_mock(&world).await;
        let key = world.add_customer("100").await;
        mock.script(MODEL, Behaviour { head_delay_ms: 5, piece_delay_ms: 3, ..Behaviour::default() });
        let address = world.base_urls()[0].trim_start_matches("http://").to_owned();
        let mut running = Vec::new();
        for number in 0..CALLS {
            let body = if number % 2 == 0 { question(MODEL) } else { streamed_question(MODEL) }.to_string();
            let request = format!(
                "POST /v1/chat/completions HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {}\r\n\
                 Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
                key.secret,
                body.len()
            );
            let address = address.clone();
            running.push(tokio::spawn(async move {
                let mut stream = TcpStream::connect(address).await.unwrap();
                stream.write_all(request.as_bytes()).await.unwrap();
                // From before the hold to after the end, in uneven steps; some stay until they have read something.
                let patience = Duration::from_micros(number * 7_919 % 45_000);
                let mut buffer = [0; 256];
                let _ = timeout(patience, stream.read(&mut buffer)).await;
                // What it has not read makes the end of the connection a reset.
            }));
            // Sixteen at a time, so that the books have work at each moment.
            if running.len() == 16 {
                for call in running.drain(..) {
                    call.await.unwrap();
                }
            }
        }
        for call in running {
            call.await.unwrap();
        }
        let settled = async || {
            let (_, pending) = world.balance(&key.user_id).await;
            (pending == 0).then_some(())
        };
        eventually("nothing is held", PATIENCE, settled).await;
        let rows = list_requests(&world, &key.user_id).await;
        let seen = mock.total_calls();
        // A caller that leaves while its request is on its way upstream may have a row and no call, never the reverse.
        assert!(rows.len() >= seen && rows.len() <= usize::try_from(CALLS).unwrap(), "{} {seen}", rows.len());
        assert!(seen > 100, "{seen} calls came upstream");
        let cancelled = rows.iter().filter(|row| row["status_code"] == 499).count();
        assert!(cancelled > 50 && cancelled < rows.len(), "{cancelled} of {} were left", rows.len());
    }
}
