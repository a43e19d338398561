//! The main job: a priced answer comes back, and the books know.

use serde_json::json;
use waystation_tests::{DatabaseKind, World, nanos};

use crate::{HONEST_COST, MODEL, add_mock, question, streamed_question};

#[tokio::test(flavor = "multi_thread")]
async fn a_plain_call_is_answered_priced_and_recorded() {
    for kind in DatabaseKind::available() {
        let world = World::start(kind);
        let mock = add_mock(&world).await;
        let key = world.add_customer("1").await;

        let reply = world.chat(&key.secret, question(MODEL)).await.expect(200);
        let answer = reply.json();
        assert_eq!(answer["choices"][0]["message"]["content"], "one two three four five");
        assert_eq!(answer["usage"]["prompt_tokens"], 12);
        assert_eq!(answer["mock_extension"]["kept"], true, "unknown fields pass");

        let row = world.request_row(&reply.request_id()).await;
        assert_eq!(nanos(row["cost"].as_str().unwrap()), nanos(HONEST_COST), "{row}");
        assert_eq!(nanos(row["charged"].as_str().unwrap()), nanos(HONEST_COST), "{row}");
        assert_eq!(row["status"], "ok", "{row}");
        assert_eq!(row["route"], "/v1/chat/completions", "{row}");
        assert_eq!(row["user_id"], key.user_id.as_str(), "{row}");
        assert_eq!(row["key_id"], key.id.as_str(), "{row}");
        assert_eq!(row["attempts"].as_array().map(Vec::len), Some(1), "{row}");
        world.assert_balance(&key.user_id, "0.998926").await;

        let seen = mock.last_call(MODEL).unwrap();
        assert_eq!(
            seen.headers["authorization"], "Bearer upstream-secret",
            "the channel's credential, not the caller's"
        );
        assert!(!seen.body.contains(&key.secret) && !format!("{:?}", seen.headers).contains(&key.secret));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_is_passed_on_and_priced_like_its_plain_twin() {
    for kind in DatabaseKind::available() {
        let world = World::start(kind);
        add_mock(&world).await;
        let key = world.add_customer("1").await;

        let reply = world.chat(&key.secret, streamed_question(MODEL)).await.expect(200);
        assert!(reply.header("content-type").starts_with("text/event-stream"), "{:?}", reply.headers);
        assert_eq!(reply.streamed_text(), "one two three four five");
        let events = reply.events();
        assert_eq!(events.last().map(String::as_str), Some("[DONE]"));
        assert!(!reply.text.contains("\"usage\":{"), "the usage event was not asked for: {}", reply.text);

        let row = world.request_row(&reply.request_id()).await;
        assert_eq!(nanos(row["cost"].as_str().unwrap()), nanos(HONEST_COST), "{row}");
        assert_eq!(row["stream"], true, "{row}");
        world.assert_balance(&key.user_id, "0.998926").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_usage_event_reaches_a_client_that_asks_for_it() {
    let world = World::start(DatabaseKind::Sqlite);
    add_mock(&world).await;
    let key = world.add_customer("1").await;
    let mut body = streamed_question(MODEL);
    body["stream_options"] = json!({ "include_usage": true });
    let reply = world.chat(&key.secret, body).await.expect(200);
    assert!(reply.text.contains("\"completion_tokens\":5"), "{}", reply.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_upstream_is_always_asked_for_usage_and_given_an_output_cap() {
    let world = World::start(DatabaseKind::Sqlite);
    let mock = add_mock(&world).await;
    let key = world.add_customer("1").await;
    let mut body = streamed_question(MODEL);
    body.as_object_mut().unwrap().remove("max_tokens");
    body["made_up_field"] = json!({ "nested": [1, 2.50, "three"] });
    let reply = world.chat(&key.secret, body).await.expect(200);
    assert!(!reply.header("x-waystation-output-cap").is_empty(), "{:?}", reply.headers);

    let sent: serde_json::Value = serde_json::from_str(&mock.last_call(MODEL).unwrap().body).unwrap();
    assert_eq!(sent["stream_options"]["include_usage"], true, "{sent}");
    assert!(sent["max_tokens"].is_u64() || sent["max_completion_tokens"].is_u64(), "{sent}");
    assert_eq!(sent["made_up_field"], json!({ "nested": [1, 2.50, "three"] }), "unknown fields pass");
}

#[tokio::test(flavor = "multi_thread")]
async fn both_base_paths_serve_the_same_relay() {
    let world = World::start(DatabaseKind::Sqlite);
    add_mock(&world).await;
    let key = world.add_customer("1").await;
    for base in ["/v1", "/api/v1"] {
        let models = world.relay_get(&format!("{base}/models"), &key.secret).await.expect(200).json();
        assert_eq!(models["object"], "list");
        assert_eq!(models["data"][0]["id"], MODEL, "{models}");
        let model = world.relay_get(&format!("{base}/models/{MODEL}"), &key.secret).await.expect(200).json();
        assert_eq!(model["id"], MODEL);
        let path = format!("{base}/chat/completions");
        let response = world.send(0, &path, &key.secret, question(MODEL).to_string()).await;
        assert_eq!(response.status(), 200);
    }
    let usage = world.relay_get("/v1/usage", &key.secret).await.expect(200).json();
    assert_eq!(usage["object"], "usage");
    assert_eq!(usage["total_requests"], 2, "{usage}");
    assert_eq!(nanos(usage["total_cost"].as_str().unwrap()), 2 * nanos(HONEST_COST), "{usage}");
}
