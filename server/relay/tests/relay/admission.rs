//! What is refused before anything is sent.

use std::sync::atomic::Ordering;

use waystation_ledger::BudgetPeriod;
use waystation_protocol::openai::request_rewrite::CapParameter;

use crate::upstream::{ANSWER, Upstream, document};
use crate::world::{World, read, request};

async fn world() -> (Upstream, World) {
    let upstream = Upstream::start(vec![document("200 OK", "", ANSWER)]).await;
    let world = World::new(&[upstream.url()]);
    (upstream, world)
}

#[tokio::test]
async fn a_key_that_is_missing_or_wrong_is_refused() {
    let (upstream, world) = world().await;
    let running = world.start();
    for credential in [None, Some("sk-other".to_owned())] {
        let call = waystation_relay::Call { credential, ..running.call(&request(false)) };
        let answer = read(running.relay.chat_completions(call).await).await;
        assert_eq!((answer.status, answer.code().as_str()), (401, "invalid_api_key"));
        assert_eq!(answer.header("x-should-retry"), "false");
        assert!(answer.header("x-request-id").starts_with("req_"));
    }
    assert!(upstream.seen().is_empty());
    assert!(running.close().await.is_none());
}

#[tokio::test]
async fn a_key_that_cannot_be_checked_is_refused() {
    let (upstream, world) = world().await;
    let running = world.start();
    let credential = Some("sk-unavailable".to_owned());
    let call = waystation_relay::Call { credential, ..running.call(&request(false)) };
    assert_eq!(read(running.relay.chat_completions(call).await).await.status, 503);
    assert!(upstream.seen().is_empty());
}

#[tokio::test]
async fn the_keys_limits_are_kept() {
    let (upstream, mut world) = world().await;
    world.caller.allowed_ips = vec!["10.0.0.0/8".parse().unwrap()];
    let running = world.start();
    let answer = running.ask(&request(false)).await;
    assert_eq!((answer.status, answer.code().as_str()), (403, "ip_not_allowed"));

    let mut world = World::new(&[upstream.url()]);
    world.caller.allowed_models = Some(vec!["other".to_owned()]);
    let answer = world.start().ask(&request(false)).await;
    assert_eq!((answer.status, answer.code().as_str()), (403, "model_not_allowed"));

    let mut world = World::new(&[upstream.url()]);
    world.caller.expires_at_ms = Some(1);
    let answer = world.start().ask(&request(false)).await;
    assert_eq!((answer.status, answer.code().as_str()), (401, "invalid_api_key"));
    assert!(upstream.seen().is_empty());
}

#[tokio::test]
async fn a_key_that_names_a_group_may_use_the_models_of_it() {
    let (upstream, mut world) = world().await;
    world.caller.allowed_models = Some(vec!["other".to_owned(), "a-group".to_owned()]);
    assert_eq!(world.start().ask(&request(false)).await.status, 200);
    assert_eq!(upstream.seen().len(), 1);
}

#[tokio::test]
async fn a_model_that_is_unknown_or_has_no_price_cannot_be_called() {
    let (upstream, mut world) = world().await;
    world.model.price = None;
    let running = world.start();
    let answer = running.ask(&request(false)).await;
    assert_eq!((answer.status, answer.code().as_str()), (404, "model_not_found"));
    let answer = running.ask(&request(false).replace("\"model\":\"model\"", "\"model\":\"none\"")).await;
    assert_eq!((answer.status, answer.code().as_str()), (404, "model_not_found"));
    assert!(upstream.seen().is_empty());
}

#[tokio::test]
async fn a_model_without_a_channel_answers_503() {
    let running = World::new(&[]).start();
    let answer = running.ask(&request(false)).await;
    assert_eq!((answer.status, answer.code().as_str()), (503, "no_channel_available"));
    assert!(running.close().await.is_none());
}

#[tokio::test]
async fn what_is_not_a_request_or_cannot_be_priced_is_refused() {
    let (upstream, world) = world().await;
    let running = world.start();
    let messages = r#""messages":[{"role":"user","content":"x"}]"#;
    for (body, code) in [
        ("{".to_owned(), "invalid_request"),
        ("[]".to_owned(), "invalid_request"),
        (format!(r#"{{{messages}}}"#), "invalid_request"),
        (format!(r#"{{"model":"model",{messages},"max_tokens":-1}}"#), "invalid_request"),
        (format!(r#"{{"model":"model",{messages},"n":0}}"#), "invalid_request"),
        (format!(r#"{{"model":"model",{messages},"service_tier":"priority"}}"#), "unsupported_parameter"),
        (format!(r#"{{"model":"model",{messages},"web_search_options":{{}}}}"#), "unsupported_parameter"),
        (format!(r#"{{"model":"model",{messages},"models":["dear"]}}"#), "unsupported_parameter"),
        (format!(r#"{{"model":"model",{messages},"max_tokens":1,"n_predict":-1}}"#), "unsupported_parameter"),
    ] {
        let answer = running.ask(&body).await;
        assert_eq!((answer.status, answer.code().as_str()), (400, code), "{body}");
    }
    assert!(upstream.seen().is_empty());
    assert!(running.close().await.is_none());
}

#[tokio::test]
async fn a_body_above_the_limit_is_refused() {
    let (_upstream, mut world) = world().await;
    world.settings.request_bytes_max = 50;
    let answer = world.start().ask(&request(false)).await;
    assert_eq!((answer.status, answer.code().as_str()), (413, "request_too_large"));
}

#[tokio::test]
async fn a_balance_that_does_not_suffice_is_named_with_what_would() {
    let (upstream, mut world) = world().await;
    world.balance = "0.0005".parse().unwrap();
    let running = world.start();
    let capped = request(false).replace("\"stream\"", "\"max_tokens\":5000,\"stream\"");
    let answer = running.ask(&capped).await;
    assert_eq!((answer.status, answer.code().as_str()), (402, "insufficient_balance"));
    assert_eq!(answer.header("x-should-retry"), "false");
    let message = answer.json()["error"]["message"].as_str().unwrap().to_owned();
    assert!(message.contains("0.0005 USD are available"), "{message}");
    let affordable: u64 = message.split("up to ").nth(2).unwrap().split(' ').next().unwrap().parse().unwrap();
    let affordable = request(false).replace("\"stream\"", &format!("\"max_tokens\":{affordable},\"stream\""));
    assert!(upstream.seen().is_empty());
    assert_eq!(running.ask(&affordable).await.status, 200);
    running.close().await;
}

#[tokio::test]
async fn a_call_without_a_cap_gets_what_is_affordable() {
    let (upstream, mut world) = world().await;
    world.balance = "0.0005".parse().unwrap();
    let running = world.start();
    let answer = running.ask(&request(false)).await;
    assert_eq!(answer.status, 200);
    let cap: u64 = answer.header("x-waystation-output-cap").parse().unwrap();
    assert!((1..1000).contains(&cap));
    assert!(upstream.seen()[0].body.contains(&format!("\"max_completion_tokens\":{cap}")));
    running.close().await;
}

#[tokio::test]
async fn an_empty_balance_sends_nothing() {
    let (upstream, mut world) = world().await;
    world.balance = "0".parse().unwrap();
    world.settings.balance_status = 429;
    let running = world.start();
    let answer = running.ask(&request(true)).await;
    assert_eq!((answer.status, answer.code().as_str()), (429, "insufficient_balance"));
    assert_eq!(answer.json()["error"]["type"], "insufficient_quota");
    assert!(upstream.seen().is_empty());
    assert!(running.close().await.is_none());
}

#[tokio::test]
async fn a_clamping_site_lowers_a_cap_that_cannot_be_paid() {
    let (_upstream, mut world) = world().await;
    world.balance = "0.0005".parse().unwrap();
    world.settings.clamp = true;
    let running = world.start();
    let capped = request(false).replace("\"stream\"", "\"max_tokens\":5000,\"stream\"");
    let answer = running.ask(&capped).await;
    assert_eq!(answer.status, 200);
    assert_ne!(answer.header("x-waystation-output-cap"), "");
    running.close().await;
}

#[tokio::test]
async fn the_keys_cap_lowers_a_higher_one() {
    let (upstream, mut world) = world().await;
    world.caller.output_cap = Some(64);
    let running = world.start();
    let capped = request(false).replace("\"stream\"", "\"max_tokens\":5000,\"stream\"");
    assert_eq!(running.ask(&capped).await.header("x-waystation-output-cap"), "64");
    assert!(upstream.seen()[0].body.contains("\"max_tokens\":64"));
    running.close().await;
}

#[tokio::test]
async fn a_cap_is_renamed_for_upstreams_that_know_the_old_name_only() {
    let (upstream, mut world) = world().await;
    world.model.output_cap_parameter = CapParameter::MaxTokens;
    let running = world.start();
    let capped = request(false).replace("\"stream\"", "\"max_completion_tokens\":50,\"stream\"");
    let answer = running.ask(&capped).await;
    assert_eq!(answer.header("x-waystation-output-cap"), "");
    let body: serde_json::Value = serde_json::from_str(&upstream.seen()[0].body).unwrap();
    assert_eq!(body["max_tokens"], 50);
    running.close().await;
}

#[tokio::test]
async fn a_prediction_is_held_beside_the_cap() {
    let (upstream, world) = world().await;
    let running = world.start();
    let predicted = request(false).replace(
        "\"stream\"",
        r#""max_tokens":50,"prediction":{"type":"content","content":"0123456789"},"stream""#,
    );
    assert_eq!(running.ask(&predicted).await.status, 200);
    assert!(upstream.seen()[0].body.contains("\"max_tokens\":50"));
    let (settlement, _) = running.close().await.unwrap();
    assert_eq!(settlement.record.output_cap, 50);
}

#[tokio::test]
async fn a_budget_refuses_and_says_when_it_resets() {
    let (upstream, mut world) = world().await;
    world.set_budget(BudgetPeriod::Day, "0.00001");
    let running = world.start();
    let answer = running.ask(&request(false)).await;
    assert_eq!((answer.status, answer.code().as_str()), (402, "budget_exceeded"));
    let message = answer.json()["error"]["message"].as_str().unwrap().to_owned();
    assert!(message.contains("daily") && message.contains("resets at 2026-11-22T00:00:00Z"), "{message}");
    assert!(upstream.seen().is_empty());
    assert!(running.close().await.is_none());
}

#[tokio::test]
async fn nothing_is_sent_while_the_books_do_not_answer() {
    let (upstream, world) = world().await;
    let running = world.start();
    running.books.reserves_fail.store(true, Ordering::Relaxed);
    let answer = running.ask(&request(true)).await;
    assert_eq!((answer.status, answer.code().as_str()), (503, "settlement_unavailable"));
    running.books.reserves_fail.store(false, Ordering::Relaxed);
    running.books.lease_lost.store(true, Ordering::Relaxed);
    assert_eq!(running.ask(&request(true)).await.status, 503);
    assert!(upstream.seen().is_empty());
}

#[tokio::test]
async fn models_are_listed_in_openais_form() {
    let (_upstream, world) = world().await;
    let running = world.start();
    let list = read(running.relay.list_models(&running.access()).await).await;
    assert_eq!(list.json()["object"], "list");
    assert_eq!(list.json()["data"][0]["id"], "model");
    let one = read(running.relay.retrieve_model(&running.access(), "model").await).await;
    assert_eq!(one.json(), list.json()["data"][0]);
    let none = read(running.relay.retrieve_model(&running.access(), "none").await).await;
    assert_eq!((none.status, none.code().as_str()), (404, "model_not_found"));
    let mut access = running.access();
    access.credential = None;
    assert_eq!(read(running.relay.list_models(&access).await).await.status, 401);
    assert!(running.relay.identify(&running.access()).await.is_ok());
}
