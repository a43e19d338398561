//! Upstreams that fail or lie: the client gets a clear error, and pays for nothing it did not get.

use std::time::Duration;

use serde_json::json;
use waystation_tests::{Behaviour, DatabaseKind, Hang, World, WorldOptions, nanos, price};

use crate::{MODEL, add_mock, question, streamed_question};

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_upstream_is_an_error_and_free() {
    for kind in DatabaseKind::available() {
        let world = World::start(kind);
        let closed = {
            let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
            listener.local_addr().unwrap()
        };
        world.add_model(MODEL, price("2", "10", "0.001")).await;
        world.add_channel(&format!("http://{closed}/v1"), &[MODEL], 0).await;
        let key = world.add_customer("1").await;
        for body in [question(MODEL), streamed_question(MODEL)] {
            world.chat(&key.secret, body).await.expect_error(502, "upstream_error");
        }
        world.assert_balance(&key.user_id, "1").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn garbage_is_an_error_and_free() {
    let world = World::start(DatabaseKind::Sqlite);
    let mock = add_mock(&world).await;
    let key = world.add_customer("1").await;
    let redirect = Behaviour {
        headers: vec![("location".to_owned(), format!("{}/elsewhere", mock.base_url()))],
        ..Behaviour::raw(302, "")
    };
    let scripts = [
        Behaviour::failing(500),
        Behaviour::failing(503),
        Behaviour::raw(200, ""),
        Behaviour::raw(200, "<html>Welcome to the hotel's network</html>"),
        Behaviour::raw(200, "{\"choices\":[{\"mess"),
        Behaviour::raw(200, "null"),
        redirect,
        Behaviour { cut_after: Some(0), ..Behaviour::default() },
    ];
    for script in scripts {
        mock.script(MODEL, script.clone());
        for body in [question(MODEL), streamed_question(MODEL)] {
            let streamed = body["stream"] == true;
            let reply = world.chat(&key.secret, body).await;
            if streamed && script.raw_body.is_none() {
                // The head may have gone out before the line was cut; then the stream carries the error.
                assert!(!reply.text.contains("[DONE]"), "{script:?}: {}", reply.text);
                continue;
            }
            assert_eq!(
                (reply.status, reply.code().as_str()),
                (502, "upstream_error"),
                "{script:?} {}",
                reply.text
            );
            assert!(
                !reply.text.contains("hotel"),
                "an upstream's page is no answer for a client: {}",
                reply.text
            );
        }
    }
    world.assert_balance(&key.user_id, "1").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_upstream_times_out_and_is_free() {
    let options = WorldOptions::single().with("WAYSTATION_RELAY_FIRST_BYTE_MS", "500");
    let world = World::start_with(DatabaseKind::Sqlite, options);
    let mock = add_mock(&world).await;
    mock.script(MODEL, Behaviour { hang: Some(Hang::BeforeHead), ..Behaviour::default() });
    let key = world.add_customer("1").await;
    world.chat(&key.secret, question(MODEL)).await.expect_error(504, "upstream_timeout");
    world.assert_balance(&key.user_id, "1").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_breaks_off_is_paid_by_evidence_and_never_ends_as_if_whole() {
    let options = WorldOptions::single().with("WAYSTATION_RELAY_IDLE_MS", "500");
    let world = World::start_with(DatabaseKind::Sqlite, options);
    let mock = add_mock(&world).await;
    let key = world.add_customer("1").await;
    let scripts = [
        Behaviour { cut_after: Some(3), ..Behaviour::default() },
        Behaviour { hang: Some(Hang::BeforeEnd), ..Behaviour::default() },
        Behaviour {
            error_event: Some(json!({ "error": { "message": "overloaded", "code": 500 } })),
            without_done: true,
            ..Behaviour::default()
        },
    ];
    for script in scripts {
        mock.script(MODEL, script.clone());
        let reply = world.chat(&key.secret, streamed_question(MODEL)).await.expect(200);
        assert!(reply.streamed_text().starts_with("one two three"), "{script:?}: {}", reply.text);
        assert!(!reply.text.contains("[DONE]"), "{script:?}: {}", reply.text);
        let row = world.request_row(&reply.request_id()).await;
        let cost = nanos(row["cost"].as_str().unwrap());
        assert!(cost > 0 && cost < nanos("0.01"), "{script:?}: {row}");
        assert_ne!(row["status"], "ok", "{script:?}: {row}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn usage_lies_give_no_free_output_and_never_cost_more_than_the_bound() {
    let world = World::start(DatabaseKind::Sqlite);
    let mock = add_mock(&world).await;
    let key = world.add_customer("1").await;
    // 64 tokens of output and a few hundred of input are the most this question can cost.
    let bound = nanos("0.004");
    let lies = [
        json!(null),
        json!({}),
        json!("free"),
        json!({ "prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0 }),
        json!({ "prompt_tokens": -5, "completion_tokens": -5 }),
        json!({ "prompt_tokens": 12, "completion_tokens": 4_000_000_000_u64 }),
        json!({ "prompt_tokens": u64::MAX, "completion_tokens": u64::MAX }),
        json!({ "prompt_tokens": 12, "completion_tokens": 5, "prompt_tokens_details": { "cached_tokens": 5_000 } }),
        json!({ "prompt_tokens": "12", "completion_tokens": 5.5 }),
    ];
    for lie in lies {
        mock.script(MODEL, Behaviour::lying(lie.clone()));
        for body in [question(MODEL), streamed_question(MODEL)] {
            let reply = world.chat(&key.secret, body).await.expect(200);
            let row = world.request_row(&reply.request_id()).await;
            let charged = nanos(row["charged"].as_str().unwrap());
            // The fee alone would mean that the answer's tokens were free.
            assert!(charged > nanos("0.001") && charged <= bound, "{lie}: {row}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn events_torn_apart_anywhere_reach_the_client_whole() {
    let world = World::start(DatabaseKind::Sqlite);
    let mock = add_mock(&world).await;
    let key = world.add_customer("1").await;
    for chunk_bytes in [1, 2, 3, 7, 64, 1000] {
        let pieces =
            ["h\u{e9}", "\u{4f60}\u{597d}", "\u{1f600}", "\n\n", "data: [DONE]"].map(str::to_owned).to_vec();
        mock.script(MODEL, Behaviour { chunk_bytes, pieces, ..Behaviour::default() });
        let reply = world.chat(&key.secret, streamed_question(MODEL)).await.expect(200);
        assert_eq!(
            reply.streamed_text(),
            "h\u{e9}\u{4f60}\u{597d}\u{1f600}\n\ndata: [DONE]",
            "{chunk_bytes}"
        );
        assert_eq!(world.request_row(&reply.request_id()).await["status"], "ok");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_leaves_a_stream_pays_for_what_was_used() {
    for kind in DatabaseKind::available() {
        let world = World::start(kind);
        let mock = add_mock(&world).await;
        mock.script(MODEL, Behaviour { piece_delay_ms: 50, ..Behaviour::default() });
        let key = world.add_customer("1").await;
        let body = streamed_question(MODEL).to_string();
        let mut response = world.send(0, "/v1/chat/completions", &key.secret, body).await;
        let id = response.headers()["x-request-id"].to_str().unwrap().to_owned();
        response.chunk().await.unwrap();
        drop(response);
        let row = world.request_row(&id).await;
        let charged = nanos(row["charged"].as_str().unwrap());
        assert!(charged > 0 && charged <= nanos("0.004"), "{row}");
        let (available, pending) = world.balance(&key.user_id).await;
        assert_eq!((available, pending), (nanos("1") - charged, 0), "{row}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_upstreams_own_refusal_of_a_request_is_free() {
    let world = World::start(DatabaseKind::Sqlite);
    let mock = add_mock(&world).await;
    mock.script(MODEL, Behaviour::failing(400));
    let key = world.add_customer("1").await;
    let reply = tokio::time::timeout(Duration::from_secs(30), world.chat(&key.secret, question(MODEL)))
        .await
        .unwrap();
    assert!(matches!(reply.status, 400 | 502), "{} {}", reply.status, reply.text);
    world.assert_balance(&key.user_id, "1").await;
}
