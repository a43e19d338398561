//! Which failures are tried elsewhere, and what the caller is told when nothing helps.

use std::time::Duration;

use waystation_ledger::CallStatus;

use crate::upstream::{
    ANSWER, DONE, ROLE, STOP, Step, USAGE, Upstream, document, send, stream, stream_head, word,
};
use crate::world::{World, request};

/// An address where nothing listens.
const NOBODY: &str = "http://127.0.0.1:9/v1";

#[tokio::test]
async fn another_channel_is_tried_before_the_first_byte() {
    let word = word("Hi");
    let quota = r#"{"error":{"message":"m","type":"insufficient_quota","code":"insufficient_quota"}}"#;
    let failing = [
        document("500 Internal Server Error", "", "{}"),
        document("503 Service Unavailable", "", "<html>"),
        document("429 Too Many Requests", "retry-after: 7\r\n", "{}"),
        document("429 Too Many Requests", "", quota),
        document("401 Unauthorized", "", r#"{"error":{"message":"bad key upstream-secret-1"}}"#),
        document("402 Payment Required", "", "{}"),
        document("403 Forbidden", "", "{}"),
        document("307 Temporary Redirect", "location: http://127.0.0.1:1/\r\n", ""),
        document("200 OK", "content-encoding: gzip\r\n", "xxx"),
        document("200 OK", "", r#"{"error":{"message":"overloaded","code":"server_error"}}"#),
        document("200 OK", "", "no JSON"),
        vec![send("nonsense\r\n\r\n")],
        vec![Step::Reset],
    ];
    for (case, script) in failing.into_iter().enumerate() {
        for streamed in [false, true] {
            let first = Upstream::start(vec![script.clone()]).await;
            let good = if streamed {
                stream(&[ROLE, &word, STOP, USAGE, DONE])
            } else {
                document("200 OK", "", ANSWER)
            };
            let second = Upstream::start(vec![good]).await;
            let running = World::new(&[first.url(), second.url()]).start();
            let answer = running.ask(&request(streamed)).await;
            assert_eq!(answer.status, 200, "case {case}: {}", answer.text);
            assert_eq!((first.seen().len(), second.seen().len()), (1, 1), "case {case}");
            let (settlement, settled) = running.close().await.unwrap();
            assert_eq!(settlement.attempts.len(), 2, "case {case}");
            assert!(settlement.attempts[0].error_code.is_some());
            assert_eq!(settled.charged, "0.00002".parse().unwrap(), "case {case}");
            assert!(!format!("{:?}", settlement.attempts).contains("upstream-secret"), "case {case}");
        }
    }
}

#[tokio::test]
async fn a_host_that_does_not_listen_is_passed_over() {
    let good = Upstream::start(vec![document("200 OK", "", ANSWER)]).await;
    let running = World::new(&[NOBODY.to_owned(), good.url()]).start();
    assert_eq!(running.ask(&request(false)).await.status, 200);
    // The channel that failed pauses: the next call goes straight to the other one.
    assert_eq!(running.ask(&request(false)).await.status, 200);
    let (settlement, _) = running.close().await.unwrap();
    assert_eq!(settlement.attempts.len(), 1);
}

#[tokio::test]
async fn a_pausing_channel_is_used_when_there_is_no_other() {
    let bad = document("500 Internal Server Error", "", "{}");
    let upstream = Upstream::start(vec![bad, document("200 OK", "", ANSWER)]).await;
    let running = World::new(&[upstream.url()]).start();
    assert_eq!(running.ask(&request(false)).await.status, 502);
    assert_eq!(running.ask(&request(false)).await.status, 200);
    running.close().await;
}

#[tokio::test]
async fn at_most_three_ways_are_tried() {
    let bad = Upstream::start(vec![document("500 Internal Server Error", "", "{}")]).await;
    let running = World::new(&[bad.url(), bad.url(), bad.url(), bad.url()]).start();
    let answer = running.ask(&request(false)).await;
    assert_eq!((answer.status, answer.code().as_str()), (502, "upstream_error"));
    assert_eq!(bad.seen().len(), 3);
    let (settlement, settled) = running.close().await.unwrap();
    assert_eq!(settlement.attempts.len(), 3);
    assert_eq!(settlement.record.status, CallStatus::Failed);
    assert_eq!(settlement.record.status_code, 502);
    assert!(settled.lines.is_empty());
}

#[tokio::test]
async fn the_last_word_has_a_real_status() {
    for (script, status, code) in [
        (document("500 Internal Server Error", "", "{}"), 502, "upstream_error"),
        (document("200 OK", "", "<html>"), 502, "upstream_error"),
        (document("301 Moved", "location: http://127.0.0.1:1/\r\n", ""), 502, "upstream_error"),
        (document("429 Too Many Requests", "retry-after: 1e30\r\n", "{}"), 429, "rate_limit_exceeded"),
        (document("401 Unauthorized", "", "{}"), 503, "no_channel_available"),
        (document("402 Payment Required", "", "{}"), 503, "no_channel_available"),
        (document("403 Forbidden", "", "{}"), 503, "no_channel_available"),
        (document("200 OK", "", r#"{"error":{"code":"insufficient_quota"}}"#), 503, "no_channel_available"),
    ] {
        for streamed in [false, true] {
            let upstream = Upstream::start(vec![script.clone()]).await;
            let running = World::new(&[upstream.url()]).start();
            let answer = running.ask(&request(streamed)).await;
            assert_eq!((answer.status, answer.code().as_str()), (status, code));
            assert_eq!(running.close().await.unwrap().0.cost, None);
        }
    }
}

#[tokio::test]
async fn a_rate_limit_passes_its_wait_on() {
    let upstream = Upstream::start(vec![document("429 Too Many Requests", "retry-after: 7\r\n", "{}")]).await;
    let running = World::new(&[upstream.url()]).start();
    assert_eq!(running.ask(&request(false)).await.header("retry-after"), "7");
    running.close().await;
}

#[tokio::test]
async fn a_request_the_upstream_refuses_is_mapped_and_not_tried_again() {
    let text =
        r#"{"error":{"message":"org-123 at api.secret-host.com: sk-leak","code":"context_length_exceeded"}}"#;
    for (script, status, code) in [
        (document("400 Bad Request", "", "{}"), 400, "invalid_request"),
        (document("400 Bad Request", "", text), 400, "context_length_exceeded"),
        (document("404 Not Found", "", "{}"), 404, "model_not_found"),
        (document("413 Payload Too Large", "", "{}"), 413, "request_too_large"),
        (document("422 Unprocessable Entity", "", "{}"), 422, "invalid_request"),
        (document("418 Teapot", "", "{}"), 400, "invalid_request"),
    ] {
        let first = Upstream::start(vec![script]).await;
        let second = Upstream::start(vec![document("200 OK", "", ANSWER)]).await;
        let running = World::new(&[first.url(), second.url()]).start();
        let answer = running.ask(&request(false)).await;
        assert_eq!((answer.status, answer.code().as_str()), (status, code));
        assert!(!answer.text.contains("secret-host") && !answer.text.contains("sk-leak"));
        assert!(second.seen().is_empty());
        let (settlement, _) = running.close().await.unwrap();
        assert_eq!(settlement.cost, None);
        assert!(!format!("{:?}", settlement.attempts).contains("secret-host"));
    }
}

#[tokio::test]
async fn an_upstream_that_says_nothing_is_left_after_the_first_byte_limit() {
    for streamed in [false, true] {
        let upstream = Upstream::start(vec![vec![Step::Hang]]).await;
        let mut world = World::new(&[upstream.url()]);
        world.settings.first_byte_time = Duration::from_millis(100);
        let running = world.start();
        let answer = running.ask(&request(streamed)).await;
        assert_eq!((answer.status, answer.code().as_str()), (504, "upstream_timeout"));
        assert_eq!(running.close().await.unwrap().0.cost, None);
        // The request was cancelled, not left running.
        crate::world::within(upstream.cancelled.acquire()).await.unwrap().forget();
    }
}

#[tokio::test]
async fn a_model_has_its_own_first_byte_limit() {
    let upstream = Upstream::start(vec![vec![Step::Hang]]).await;
    let mut world = World::new(&[upstream.url()]);
    world.settings.first_byte_time = Duration::from_secs(3_600);
    world.model.first_byte_ms = Some(100);
    let running = world.start();
    let answer = crate::world::within(running.ask(&request(false))).await;
    assert_eq!((answer.status, answer.code().as_str()), (504, "upstream_timeout"));
    assert_eq!(running.close().await.unwrap().0.cost, None);
}

#[tokio::test]
async fn an_error_event_before_any_content_is_tried_elsewhere() {
    let error = "data: {\"error\":{\"message\":\"overloaded\",\"code\":\"server_error\"}}\n\n";
    for script in [
        stream(&[ROLE, error]),
        stream(&[": waiting\n\n", ROLE, ROLE, error]),
        stream(&[ROLE]),
        stream(&[]),
        vec![stream_head(), send(ROLE), Step::Reset],
    ] {
        let first = Upstream::start(vec![script]).await;
        let second = Upstream::start(vec![stream(&[ROLE, &word("Hi"), STOP, USAGE, DONE])]).await;
        let running = World::new(&[first.url(), second.url()]).start();
        let answer = running.ask(&request(true)).await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.text.matches("assistant").count(), 1);
        assert!(answer.text.ends_with(DONE));
        let (settlement, settled) = running.close().await.unwrap();
        assert_eq!(settlement.attempts.len(), 2);
        assert_eq!(settled.charged, "0.00002".parse().unwrap());
    }
}

#[tokio::test]
async fn an_error_event_before_any_content_is_a_real_status_when_nothing_else_is_left() {
    let error = "data: {\"error\":{\"message\":\"too long\",\"code\":\"context_length_exceeded\"}}\n\n";
    let upstream = Upstream::start(vec![stream(&[ROLE, error])]).await;
    let running = World::new(&[upstream.url()]).start();
    let answer = running.ask(&request(true)).await;
    assert_eq!((answer.status, answer.code().as_str()), (400, "context_length_exceeded"));
    assert_eq!(running.close().await.unwrap().0.cost, None);
}

#[tokio::test]
async fn nothing_is_tried_again_after_content() {
    let error = "data: {\"error\":{\"message\":\"overloaded\"}}\n\n";
    let first = Upstream::start(vec![stream(&[ROLE, &word("Hi"), error])]).await;
    let second = Upstream::start(vec![stream(&[ROLE, &word("Hi"), STOP, USAGE, DONE])]).await;
    let running = World::new(&[first.url(), second.url()]).start();
    let answer = running.ask(&request(true)).await;
    assert_eq!(answer.status, 200);
    assert!(answer.text.contains("\"code\":\"upstream_error\""));
    assert!(!answer.text.contains("[DONE]") && !answer.text.contains("\"stop\""));
    assert!(!answer.text.contains("overloaded"));
    assert!(second.seen().is_empty());
    let (settlement, settled) = running.close().await.unwrap();
    assert_eq!(settlement.record.status, CallStatus::Interrupted);
    assert_eq!(settlement.record.error_code.as_deref(), Some("upstream_error"));
    assert!(settled.charged > waystation_pricing::Money::ZERO);
}

#[tokio::test]
async fn a_channel_without_leave_does_not_reach_private_addresses() {
    let upstream = Upstream::start(vec![document("200 OK", "", ANSWER)]).await;
    let by_name = upstream.url().replace("127.0.0.1", "localhost");
    for url in [upstream.url(), by_name] {
        let mut world = World::new(&[url]);
        world.channel(0).allow_private_network = false;
        let running = world.start();
        assert_eq!(running.ask(&request(false)).await.status, 502);
        running.close().await;
    }
    assert!(upstream.seen().is_empty());
}
