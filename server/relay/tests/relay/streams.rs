//! Streams as the caller sees them.

use std::sync::Arc;
use std::time::Duration;

use http_body_util::BodyExt;
use tokio::sync::Semaphore;
use waystation_ledger::CallStatus;
use waystation_pricing::{Bucket, Money, UsageSource};
use waystation_relay::ChannelFormat;

use crate::upstream::{DONE, ROLE, STOP, Step, USAGE, Upstream, send, stream, stream_head, word};
use crate::world::{World, read_until, request, within};

fn asking_for_usage() -> String {
    request(true).replace("\"stream\":true", "\"stream\":true,\"stream_options\":{\"include_usage\":true}")
}

#[tokio::test]
async fn a_stream_is_forwarded_byte_for_byte_but_for_the_usage_nobody_asked_for() {
    let hello = word("Hello");
    let upstream = Upstream::start(vec![stream(&[ROLE, &hello, STOP, USAGE, DONE])]).await;
    let mut world = World::new(&[upstream.url()]);
    world.routes[0].upstream_model = "model".to_owned();
    let running = world.start();
    let answer = running.ask(&request(true)).await;
    assert_eq!(answer.text, [ROLE, &hello, STOP, DONE].concat());
    assert!(answer.is_whole);
    assert_eq!(answer.header("content-type"), "text/event-stream; charset=utf-8");
    assert_eq!(answer.header("cache-control"), "no-cache");
    assert_eq!(answer.header("x-waystation-output-cap"), "1000");
    assert!(upstream.seen()[0].body.contains("\"stream_options\":{\"include_usage\":true}"));
    let (settlement, settled) = running.close().await.unwrap();
    assert_eq!(settled.charged, "0.00002".parse().unwrap());
    assert_eq!(settlement.record.status, CallStatus::Ok);
    assert!(settlement.record.stream && settlement.record.first_byte_ms.is_some());
}

#[tokio::test]
async fn the_asked_models_name_is_shown_and_usage_with_cost_where_asked_for() {
    let upstream = Upstream::start(vec![stream(&[ROLE, &word("Hello"), STOP, USAGE, DONE])]).await;
    let mut world = World::new(&[upstream.url()]);
    world.settings.show_cost = true;
    let running = world.start();
    let answer = running.ask(&asking_for_usage()).await;
    assert!(!answer.text.contains("\"up\""));
    let usage = answer.text.split("\n\n").find(|event| event.contains("prompt_tokens")).unwrap();
    assert!(
        usage.contains("\"cost\":\"0.000020000\"") && usage.contains("\"charged\":\"0.000020000\""),
        "{usage}"
    );
    assert!(answer.text.ends_with(DONE));
    running.close().await;
}

#[tokio::test]
async fn a_stream_cut_into_single_bytes_is_the_same_stream() {
    let hello = word("héllo 世界");
    let whole = [ROLE, &hello, STOP, USAGE, DONE].concat();
    let mut script = vec![stream_head()];
    script.extend(whole.bytes().map(|byte| Step::Send(vec![byte])));
    let upstream = Upstream::start(vec![script]).await;
    let mut world = World::new(&[upstream.url()]);
    world.routes[0].upstream_model = "model".to_owned();
    let running = world.start();
    assert_eq!(running.ask(&asking_for_usage()).await.text, whole);
    running.close().await;
}

#[tokio::test]
async fn the_end_is_shown_only_after_the_settlement() {
    let upstream = Upstream::start(vec![stream(&[ROLE, &word("Hello"), STOP, USAGE, DONE])]).await;
    let running = World::new(&[upstream.url()]).start();
    let gate = Arc::new(Semaphore::new(0));
    *running.books.settle_gate.lock().unwrap() = Some(gate.clone());
    let mut body = running.begin(&request(true)).await.into_body();
    let seen = within(read_until(&mut body, "\"stop\"")).await;
    assert!(!seen.contains("[DONE]"));
    let early = tokio::time::timeout(Duration::from_millis(100), body.frame()).await;
    assert!(early.is_err(), "the end came before the settlement");
    assert_eq!(running.books.open_holds(), 1);
    gate.add_permits(1);
    within(read_until(&mut body, "[DONE]")).await;
    assert_eq!(running.books.open_holds(), 0);
    assert!(within(body.frame()).await.is_none());
    running.close().await;
}

#[tokio::test]
async fn a_stream_without_its_end_gets_no_made_up_one() {
    let events = [ROLE.to_owned(), word("Hello"), word(" you"), STOP.to_owned(), USAGE.to_owned()];
    for count in 2..=events.len() {
        let pieces: Vec<&str> = events[..count].iter().map(String::as_str).collect();
        let upstream = Upstream::start(vec![stream(&pieces)]).await;
        let running = World::new(&[upstream.url()]).start();
        let answer = running.ask(&request(true)).await;
        assert!(answer.text.contains("\"code\":\"upstream_error\"") && !answer.text.contains("[DONE]"));
        assert!(answer.is_whole);
        let (settlement, settled) = running.close().await.unwrap();
        assert_eq!(settlement.record.status, CallStatus::Interrupted);
        let expected = if count == 5 { UsageSource::Reported } else { UsageSource::Estimated };
        assert_eq!(settlement.record.usage.source, expected, "{count}");
        assert!(settled.charged > Money::ZERO);
    }
}

#[tokio::test]
async fn data_after_the_end_is_ignored() {
    let second_usage =
        USAGE.replace("\"completion_tokens\":5,\"total_tokens\":15", "\"completion_tokens\":500");
    let upstream = Upstream::start(vec![stream(&[
        ROLE,
        &word("Hello"),
        STOP,
        USAGE,
        DONE,
        &word("more"),
        &second_usage,
        DONE,
    ])])
    .await;
    let running = World::new(&[upstream.url()]).start();
    let answer = running.ask(&request(true)).await;
    assert!(!answer.text.contains("more"));
    assert_eq!(answer.text.matches("[DONE]").count(), 1);
    assert_eq!(running.close().await.unwrap().1.charged, "0.00002".parse().unwrap());
}

#[tokio::test]
async fn an_end_without_usage_is_estimated() {
    let upstream = Upstream::start(vec![stream(&[ROLE, &word("Hello you"), STOP, DONE])]).await;
    let running = World::new(&[upstream.url()]).start();
    assert!(running.ask(&request(true)).await.text.ends_with(DONE));
    let (settlement, settled) = running.close().await.unwrap();
    assert_eq!(settlement.record.usage.source, UsageSource::Estimated);
    assert!(settled.charged > Money::ZERO);
}

#[tokio::test]
async fn a_last_event_without_its_blank_line_still_ends_the_stream() {
    let upstream = Upstream::start(vec![stream(&[ROLE, &word("Hello"), STOP, USAGE, "data: [DONE]"])]).await;
    let running = World::new(&[upstream.url()]).start();
    assert!(running.ask(&request(true)).await.text.ends_with(DONE));
    running.close().await;
}

#[tokio::test]
async fn silence_is_filled_with_pings_and_ends_at_the_idle_limit() {
    let mut script = stream(&[ROLE, &word("Hello")]);
    script.push(Step::Hang);
    let upstream = Upstream::start(vec![script]).await;
    let mut world = World::new(&[upstream.url()]);
    world.settings.keep_alive_interval = Duration::from_millis(50);
    world.settings.idle_time = Duration::from_millis(800);
    let running = world.start();
    let answer = running.ask(&request(true)).await;
    assert!(answer.text.contains(": ping\n\n"), "{}", answer.text);
    assert!(answer.text.contains("\"code\":\"upstream_timeout\"") && !answer.text.contains("[DONE]"));
    let (settlement, settled) = running.close().await.unwrap();
    assert_eq!(settlement.record.error_code.as_deref(), Some("upstream_timeout"));
    assert!(settled.charged > Money::ZERO);
    within(upstream.cancelled.acquire()).await.unwrap().forget();
}

#[tokio::test]
async fn a_caller_that_pauses_does_not_make_its_upstream_look_silent() {
    let gate = Arc::new(Semaphore::new(0));
    // More than may wait for a caller, so that the upstream is not listened to while the caller pauses.
    let large = word(&format!("{}last", "x".repeat(2 * 1024 * 1024)));
    let gated = [Step::Gate(gate.clone()), send(STOP), send(USAGE), send(DONE)];
    let script = [stream_head(), send(ROLE), send(&large)].into_iter().chain(gated).collect();
    let upstream = Upstream::start(vec![script]).await;
    let mut world = World::new(&[upstream.url()]);
    world.settings.idle_time = Duration::from_millis(500);
    let running = world.start();
    let mut body = within(running.begin(&request(true))).await.into_body();
    tokio::time::sleep(Duration::from_millis(700)).await;
    within(read_until(&mut body, "last")).await;
    // Shorter than the limit of silence, long enough for a limit that is over already.
    tokio::time::sleep(Duration::from_millis(50)).await;
    gate.add_permits(1);
    within(read_until(&mut body, DONE)).await;
    assert_eq!(running.close().await.unwrap().0.record.status, CallStatus::Ok);
}

#[tokio::test]
async fn an_upstream_that_thinks_for_long_does_not_look_dead() {
    let gate = Arc::new(Semaphore::new(0));
    let script = vec![
        stream_head(),
        send(ROLE),
        Step::Gate(gate.clone()),
        send(&word("Hello")),
        send(STOP),
        send(DONE),
    ];
    let upstream = Upstream::start(vec![script]).await;
    let mut world = World::new(&[upstream.url()]);
    world.settings.keep_alive_interval = Duration::from_millis(50);
    let running = world.start();
    let mut body = within(running.begin(&request(true))).await.into_body();
    let seen = within(read_until(&mut body, ": ping\n\n")).await;
    assert!(seen.contains("assistant"));
    gate.add_permits(1);
    within(read_until(&mut body, DONE)).await;
    running.close().await;
}

#[tokio::test]
async fn pings_from_the_upstream_do_not_extend_the_total_limit() {
    let mut script = vec![stream_head(), send(&word("Hello"))];
    for _ in 0..4000 {
        script.push(send(": waiting\n\n"));
    }
    script.push(Step::Hang);
    let upstream = Upstream::start(vec![script]).await;
    let mut world = World::new(&[upstream.url()]);
    world.settings.total_time = Duration::from_secs(6);
    let running = world.start();
    let answer = running.ask(&request(true)).await;
    assert!(answer.text.contains("\"code\":\"upstream_timeout\""));
    let (settlement, _) = running.close().await.unwrap();
    let output =
        settlement.record.usage.tokens.iter().find(|(bucket, _)| *bucket == Bucket::Output).unwrap().1;
    assert!(output < 10, "comments were counted as output: {output}");
}

#[tokio::test]
async fn an_event_above_the_limit_ends_the_stream() {
    let large = word(&"x".repeat(5000));
    let upstream = Upstream::start(vec![stream(&[ROLE, &word("Hello"), &large, DONE])]).await;
    let mut world = World::new(&[upstream.url()]);
    world.settings.event_bytes_max = 1000;
    let running = world.start();
    let answer = running.ask(&request(true)).await;
    assert!(answer.text.contains("\"code\":\"upstream_error\"") && !answer.text.contains("xxx"));
    running.close().await;
}

#[tokio::test]
async fn the_demo_channel_answers_through_the_same_chain() {
    let mut world = World::new(&["http://127.0.0.1:9/v1".to_owned()]);
    world.channel(0).format = ChannelFormat::Demo;
    let running = world.start();
    let streamed = running.ask(&request(true)).await;
    assert!(streamed.text.contains("demo") && streamed.text.ends_with(DONE));
    let whole = running.ask(&request(false)).await;
    assert_eq!(whole.json()["model"], "model");
    let (settlement, settled) = running.close().await.unwrap();
    assert_eq!(settlement.record.usage.source, UsageSource::Reported);
    assert!(settled.charged > Money::ZERO);
}
