//! Answers that are not streamed.

use waystation_ledger::CallStatus;
use waystation_pricing::{Bucket, UsageSource};

use crate::upstream::{ANSWER, Step, Upstream, document, send};
use crate::world::{World, request};

#[tokio::test]
async fn an_answer_is_settled_and_given_unchanged() {
    let upstream = Upstream::start(vec![document("200 OK", "", ANSWER)]).await;
    let mut world = World::new(&[upstream.url()]);
    world.routes[0].upstream_model = "model".to_owned();
    let running = world.start();
    let answer = running.ask(&request(false)).await;
    assert_eq!((answer.status, answer.text.as_str()), (200, ANSWER));
    assert!(answer.header("x-request-id").starts_with("req_"));
    assert_eq!(answer.header("x-waystation-output-cap"), "1000");
    assert_eq!(answer.header("content-type"), "application/json");
    let (settlement, settled) = running.close().await.unwrap();
    assert_eq!(settled.charged, "0.00002".parse().unwrap());
    assert_eq!(settlement.record.status, CallStatus::Ok);
    assert_eq!(settlement.record.usage.source, UsageSource::Reported);
    assert_eq!(settlement.record.usage.tokens, [(Bucket::Input, 10), (Bucket::Output, 5)]);
    assert_eq!(settlement.record.output_cap, 1000);
    assert_eq!(settlement.attempts.len(), 1);
    assert_eq!(settlement.attempts[0].status_code, Some(200));
}

#[tokio::test]
async fn the_upstream_sees_our_key_its_model_and_a_cap_and_nothing_of_the_caller() {
    let upstream = Upstream::start(vec![document("200 OK", "", ANSWER)]).await;
    let running = World::new(&[upstream.url()]).start();
    let answer = running.ask(&request(false)).await;
    assert_eq!(answer.json()["model"], "model");
    let seen = upstream.seen().remove(0);
    let head = seen.head.to_ascii_lowercase();
    assert!(head.starts_with("post /v1/chat/completions http/1.1\r\n"), "{head}");
    assert!(head.contains("authorization: bearer upstream-secret-1\r\n"));
    assert!(head.contains("accept-encoding: identity\r\n"));
    assert!(head.contains("content-type: application/json\r\n"));
    assert!(!seen.head.contains("sk-test"));
    let names: Vec<&str> =
        head.lines().skip(1).filter_map(|line| line.split_once(": ")).map(|(name, _)| name).collect();
    let allowed = [
        "content-type",
        "accept",
        "accept-encoding",
        "authorization",
        "user-agent",
        "host",
        "content-length",
    ];
    assert!(names.iter().all(|name| allowed.contains(name)), "{names:?}");
    let body: serde_json::Value = serde_json::from_str(&seen.body).unwrap();
    assert_eq!(body["model"], "up");
    assert_eq!(body["max_completion_tokens"], 1000);
    assert!(body.get("stream_options").is_none());
    running.close().await;
}

#[tokio::test]
async fn the_cost_is_shown_when_the_key_asks_for_it() {
    let upstream = Upstream::start(vec![document("200 OK", "", ANSWER)]).await;
    let mut world = World::new(&[upstream.url()]);
    world.caller.show_cost = true;
    let running = world.start();
    let answer = running.ask(&request(false)).await;
    assert_eq!(answer.json()["usage"]["cost"], "0.000020000");
    assert_eq!(answer.json()["usage"]["charged"], "0.000020000");
    assert_eq!(answer.json()["usage"]["prompt_tokens"], 10);
    running.close().await;
}

#[tokio::test]
async fn usage_above_the_bound_costs_no_more_than_was_held() {
    let lie =
        ANSWER.replace("\"completion_tokens\":5,\"total_tokens\":15", "\"completion_tokens\":900000000");
    let upstream = Upstream::start(vec![document("200 OK", "", &lie)]).await;
    let running = World::new(&[upstream.url()]).start();
    assert_eq!(running.ask(&request(false)).await.status, 200);
    let (settlement, _) = running.close().await.unwrap();
    assert_eq!(settlement.record.usage.source, UsageSource::Capped);
    assert!(settlement.record.usage.tokens.contains(&(Bucket::Output, 1000)));
}

#[tokio::test]
async fn usage_that_is_missing_is_estimated() {
    let silent =
        ANSWER.replace(",\"usage\":{\"prompt_tokens\":10,\"completion_tokens\":5,\"total_tokens\":15}", "");
    let upstream = Upstream::start(vec![document("200 OK", "", &silent)]).await;
    let running = World::new(&[upstream.url()]).start();
    assert_eq!(running.ask(&request(false)).await.status, 200);
    let (settlement, settled) = running.close().await.unwrap();
    assert_eq!(settlement.record.usage.source, UsageSource::Estimated);
    assert!(settled.charged > waystation_pricing::Money::ZERO);
}

#[tokio::test]
async fn an_answer_larger_than_the_limit_is_no_answer() {
    let upstream = Upstream::start(vec![document("200 OK", "", ANSWER)]).await;
    let mut world = World::new(&[upstream.url()]);
    world.settings.answer_bytes_max = 100;
    let running = world.start();
    let answer = running.ask(&request(false)).await;
    assert_eq!((answer.status, answer.code().as_str()), (502, "upstream_error"));
    let (settlement, _) = running.close().await.unwrap();
    assert_eq!(settlement.cost, None);
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_tried_elsewhere() {
    let torn =
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 900\r\n\r\n{\"choices\":";
    let first = Upstream::start(vec![vec![send(torn), Step::Reset]]).await;
    let second = Upstream::start(vec![document("200 OK", "", ANSWER)]).await;
    let running = World::new(&[first.url(), second.url()]).start();
    assert_eq!(running.ask(&request(false)).await.status, 200);
    let (settlement, settled) = running.close().await.unwrap();
    assert_eq!(settlement.attempts.len(), 2);
    assert_eq!(settlement.attempts[0].error_code.as_deref(), Some("not_an_answer"));
    assert_eq!(settled.charged, "0.00002".parse().unwrap());
}
