//! The test bed itself: what the mock and the gate promise the other scenarios.

use std::time::Duration;

use serde_json::{Value, json};
use waystation_tests::{
    Behaviour, DatabaseKind, MockUpstream, RedisServer, Reply, TcpGate, TestDatabase, eventually,
};

use crate::{question, streamed_question};

async fn ask(base_url: &str, body: Value) -> Reply {
    let request = reqwest::Client::new().post(format!("{base_url}/chat/completions")).body(body.to_string());
    Reply::read(request.send().await.expect("the mock answers")).await
}

#[tokio::test]
async fn the_mock_answers_honestly_unless_told_otherwise() {
    let mock = MockUpstream::start().await;
    let plain = ask(&mock.base_url(), question("honest")).await.expect(200).json();
    assert_eq!(plain["usage"], json!({ "prompt_tokens": 12, "completion_tokens": 5, "total_tokens": 17 }));
    let streamed = ask(&mock.base_url(), streamed_question("honest")).await.expect(200);
    assert_eq!(streamed.streamed_text(), "one two three four five");
    assert_eq!(streamed.events().last().unwrap(), "[DONE]");
    mock.script("broken", Behaviour::failing(503));
    ask(&mock.base_url(), question("broken")).await.expect(503);
    assert_eq!((mock.call_count("honest"), mock.call_count("broken"), mock.total_calls()), (2, 1, 3));
}

#[tokio::test]
async fn the_mock_tears_and_cuts_streams() {
    let mock = MockUpstream::start().await;
    for chunk_bytes in [1, 3, 100] {
        mock.script("torn", Behaviour { chunk_bytes, ..Behaviour::default() });
        let reply = ask(&mock.base_url(), streamed_question("torn")).await;
        assert_eq!(reply.streamed_text(), "one two three four five");
        assert_eq!(reply.events().last().unwrap(), "[DONE]");
    }
    mock.script("cut", Behaviour { cut_after: Some(2), ..Behaviour::default() });
    let reply = ask(&mock.base_url(), streamed_question("cut")).await;
    assert_eq!(reply.streamed_text(), "one two");
    assert!(!reply.text.contains("[DONE]"));
}

#[tokio::test]
async fn the_mocks_gate_holds_calls_back() {
    let mock = MockUpstream::start().await;
    mock.script("gated", Behaviour::gated());
    let base_url = mock.base_url();
    let call = tokio::spawn(async move { ask(&base_url, question("gated")).await });
    let arrived = async || (mock.call_count("gated") == 1).then_some(());
    eventually("the call is in", Duration::from_secs(10), arrived).await;
    assert!(!call.is_finished());
    mock.open_gate();
    call.await.unwrap().expect(200);
}

#[tokio::test]
async fn other_programs_script_the_mock_over_http() {
    let mock = MockUpstream::start().await;
    let root = mock.base_url().trim_end_matches("/v1").to_owned();
    let client = reqwest::Client::new();
    let script = json!({ "model": "m", "behaviour": { "status": 418, "raw_body": "short and stout" } });
    let reply = client.post(format!("{root}/__script")).body(script.to_string()).send().await.unwrap();
    assert_eq!(reply.status(), 200);
    assert_eq!(ask(&mock.base_url(), question("m")).await.expect(418).text, "short and stout");
    let calls = Reply::read(client.get(format!("{root}/__calls")).send().await.unwrap()).await.json();
    assert_eq!(calls["by_model"]["m"], 1, "{calls}");
    assert!(calls["last"]["body"].as_str().unwrap().contains("Count to five"), "{calls}");
}

#[tokio::test]
async fn a_cut_line_passes_nothing_until_it_is_mended() {
    let mock = MockUpstream::start().await;
    let target = mock.base_url().trim_start_matches("http://").trim_end_matches("/v1").to_owned();
    let gate = TcpGate::start(target).await;
    let url = format!("http://{}/v1/models", gate.address());
    let client = reqwest::Client::builder().pool_max_idle_per_host(0).build().unwrap();
    assert!(client.get(&url).send().await.is_ok());
    gate.cut();
    assert!(client.get(&url).send().await.is_err());
    gate.mend();
    assert!(client.get(&url).send().await.is_ok());
}

#[test]
fn every_world_gets_a_database_of_its_own() {
    for kind in DatabaseKind::available() {
        let one = TestDatabase::create(kind, &std::env::temp_dir().join("one"));
        let other = TestDatabase::create(kind, &std::env::temp_dir().join("other"));
        assert_eq!(one.kind(), kind);
        assert_ne!(one.url(), other.url());
    }
}

#[test]
fn a_redis_server_answers_and_ends() {
    let redis = RedisServer::start();
    let address = redis.address();
    assert!(std::net::TcpStream::connect(&address).is_ok());
    drop(redis);
    assert!(std::net::TcpStream::connect(&address).is_err());
}
