//! Bodies that come packed, honest and not.

use std::io::Write;
use std::process::{Command, Stdio};

use serde_json::json;
use waystation_tests::{DatabaseKind, Reply, World};

use crate::{MODEL, add_mock, question};

/// What the program gzip makes of these bytes.
pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut child = Command::new("gzip")
        .arg("-9")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("gzip runs");
    let mut input = child.stdin.take().unwrap();
    let bytes = bytes.to_vec();
    let writing = std::thread::spawn(move || input.write_all(&bytes));
    let output = child.wait_with_output().unwrap();
    writing.join().unwrap().unwrap();
    output.stdout
}

async fn send(world: &World, secret: &str, coding: &str, body: Vec<u8>) -> Reply {
    let request = reqwest::Client::new()
        .post(format!("{}/v1/chat/completions", world.base_urls()[0]))
        .bearer_auth(secret)
        .header("content-type", "application/json")
        .header("content-encoding", coding)
        .body(body);
    Reply::read(request.send().await.expect("the server answers")).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_packed_call_is_a_call_like_any_other() {
    let world = World::start(DatabaseKind::Sqlite);
    let mock = add_mock(&world).await;
    let key = world.add_customer("1").await;
    let body = question(MODEL).to_string();
    send(&world, &key.secret, "gzip", gzip(body.as_bytes())).await.expect(200);
    let seen = mock.last_call(MODEL).unwrap();
    assert!(!seen.headers.contains_key("content-encoding"), "{:?}", seen.headers);
    assert_eq!(serde_json::from_str::<serde_json::Value>(&seen.body).unwrap()["model"], MODEL);
    // Of a caller that is not known nothing is unpacked.
    send(&world, "sk-nonsense", "gzip", gzip(body.as_bytes())).await.expect_error(401, "invalid_api_key");
    send(&world, &key.secret, "gzip", body.clone().into_bytes()).await.expect_error(400, "invalid_request");
    let reply = send(&world, &key.secret, "gzip, gzip", gzip(body.as_bytes())).await;
    assert!(reply.header("accept-encoding").contains("gzip"), "{:?}", reply.headers);
    reply.expect_error(415, "unsupported_media_type");
    assert_eq!(mock.total_calls(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bomb_is_refused_and_takes_no_memory() {
    let mut world = World::start(DatabaseKind::Sqlite);
    let mock = add_mock(&world).await;
    let key = world.add_customer("1").await;
    let piece = gzip(&vec![b' '; 10 * 1024 * 1024]);
    send(&world, &key.secret, "gzip", piece.repeat(8)).await.expect_error(413, "request_too_large");
    // What the first took may not have been given back yet; it is no part of what the next takes.
    let before = world.server(0).peak_resident_bytes();
    // A thousand in a row are 10 MiB that unpack to 10 GiB.
    let bomb = piece.repeat(1_024);
    assert!((8_000_000..33_000_000).contains(&bomb.len()), "{}", bomb.len());
    let sent = reqwest::Client::new()
        .post(format!("{}/v1/chat/completions", world.base_urls()[0]))
        .bearer_auth(&key.secret)
        .header("content-encoding", "gzip")
        .body(bomb);
    // The refusal comes while the client still sends, which some clients take for a broken connection.
    if let Ok(answer) = sent.send().await {
        assert_eq!(answer.status(), 413);
    }
    let grown = world.server(0).peak_resident_bytes() - before;
    assert!(grown < 64 * 1024 * 1024, "{grown} bytes more");
    // The management's bodies are bounded alike.
    let answer = reqwest::Client::new()
        .post(format!("{}/api/admin/users", world.base_urls()[0]))
        .header("content-type", "application/json")
        .header("content-encoding", "gzip")
        .body(piece)
        .send()
        .await
        .unwrap();
    assert!(matches!(answer.status().as_u16(), 401 | 413), "{}", answer.status());
    assert_eq!(mock.total_calls(), 0);
    world.assert_balance(&key.user_id, "1").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_nested_deeply_are_refused_everywhere() {
    let world = World::start(DatabaseKind::Sqlite);
    let mock = add_mock(&world).await;
    let key = world.add_customer("1").await;
    for levels in [65, 100_000, 1_000_000] {
        let nested = format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        let objects = format!("{}1{}", "{\"a\":".repeat(levels), "}".repeat(levels));
        for deep in [&nested, &objects] {
            let body = format!(
                r#"{{"model":"{MODEL}","messages":[{{"role":"user","content":"hello"}}],"metadata":{deep}}}"#
            );
            for body in [body, deep.clone(), deep[..deep.len() / 2].to_owned()] {
                let reply = Reply::read(world.send(0, "/v1/chat/completions", &key.secret, body).await).await;
                reply.expect_error(400, "invalid_request");
            }
        }
    }
    for levels in [65_usize, 100] {
        let mut deep = json!(1);
        for _ in 0..levels {
            deep = json!([deep]);
        }
        let body = json!({ "name": "a", "context_length": deep });
        let reply = world.ask(reqwest::Method::POST, "/api/admin/models", Some(&body)).await.expect(400);
        assert!(reply.text.contains("64 levels"), "{}", reply.text);
    }
    assert_eq!(mock.total_calls(), 0);
    world.assert_balance(&key.user_id, "1").await;
}
