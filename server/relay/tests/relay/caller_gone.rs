//! Callers that go away.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use waystation_ledger::CallStatus;
use waystation_pricing::{Money, UsageSource};
use waystation_relay::{Interrupted, OnDisconnect};

use crate::upstream::{ANSWER, DONE, ROLE, STOP, Step, USAGE, Upstream, document, send, stream_head, word};
use crate::world::{Running, World, read_until, request, within};

/// A stream that waits for the test after each of its events.
fn gated(gate: &Arc<Semaphore>) -> Vec<Step> {
    let events =
        [ROLE.to_owned(), word("Hello"), word(" you"), STOP.to_owned(), USAGE.to_owned(), DONE.to_owned()];
    let steps = events.iter().flat_map(|event| [Step::Gate(gate.clone()), send(event)]);
    std::iter::once(stream_head()).chain(steps).collect()
}

/// Reads until `text`, then goes away.
async fn leave_after(running: &Running, gate: &Semaphore, events: usize, text: &str) {
    gate.add_permits(events);
    let mut body = within(running.begin(&request(true))).await.into_body();
    within(read_until(&mut body, text)).await;
    drop(body);
}

const LEAVING: [(usize, &str); 3] = [(2, "Hello"), (3, " you"), (4, "\"stop\"")];

#[tokio::test]
async fn a_drained_stream_is_settled_by_its_own_usage() {
    for (events, text) in LEAVING {
        let gate = Arc::new(Semaphore::new(0));
        let upstream = Upstream::start(vec![gated(&gate)]).await;
        let running = World::new(&[upstream.url()]).start();
        leave_after(&running, &gate, events, text).await;
        gate.add_permits(10);
        let (settlement, settled) = within(running.close()).await.unwrap();
        assert_eq!(settlement.record.usage.source, UsageSource::Reported);
        assert_eq!(settled.charged, "0.00002".parse().unwrap());
        // A caller that leaves on the last events may or may not have been seen leaving.
        if events < 4 {
            assert_eq!(
                (settlement.record.status, settlement.record.status_code),
                (CallStatus::Cancelled, 499)
            );
        }
    }
}

#[tokio::test]
async fn a_caller_that_leaves_at_the_end_has_its_answer() {
    let gate = Arc::new(Semaphore::new(0));
    let upstream = Upstream::start(vec![gated(&gate)]).await;
    let running = World::new(&[upstream.url()]).start();
    leave_after(&running, &gate, 6, "[DONE]").await;
    let (settlement, _) = within(running.close()).await.unwrap();
    assert_eq!((settlement.record.status, settlement.record.status_code), (CallStatus::Ok, 200));
}

#[tokio::test]
async fn a_cancelled_stream_is_settled_by_what_was_delivered() {
    for (events, text) in LEAVING {
        let gate = Arc::new(Semaphore::new(0));
        let upstream = Upstream::start(vec![gated(&gate)]).await;
        let mut world = World::new(&[upstream.url()]);
        world.channel(0).on_disconnect = OnDisconnect::Cancel;
        let running = world.start();
        leave_after(&running, &gate, events, text).await;
        let (settlement, settled) = within(running.close()).await.unwrap();
        within(upstream.cancelled.acquire()).await.unwrap().forget();
        assert_eq!(settlement.record.status, CallStatus::Cancelled);
        assert_eq!(settlement.record.usage.source, UsageSource::Estimated);
        assert!(settled.charged > Money::ZERO);
        assert!(settled.charged < "0.0001".parse().unwrap());
    }
}

#[tokio::test]
async fn a_site_may_let_broken_off_calls_pay_everything() {
    let gate = Arc::new(Semaphore::new(0));
    let upstream = Upstream::start(vec![gated(&gate)]).await;
    let mut world = World::new(&[upstream.url()]);
    world.channel(0).on_disconnect = OnDisconnect::Cancel;
    world.settings.interrupted = Interrupted::FullHold;
    let running = world.start();
    leave_after(&running, &gate, 2, "Hello").await;
    let (_, settled) = within(running.close()).await.unwrap();
    assert!(settled.charged > "0.002".parse().unwrap(), "{}", settled.charged);
}

#[tokio::test]
async fn a_drain_ends_with_its_time_its_bytes_or_its_permits() {
    for limit in ["time", "bytes", "permits"] {
        let gate = Arc::new(Semaphore::new(0));
        let upstream = Upstream::start(vec![gated(&gate)]).await;
        let mut world = World::new(&[upstream.url()]);
        match limit {
            "time" => world.settings.drain_time = Duration::from_millis(50),
            "bytes" => world.settings.drain_bytes_max = 10,
            _ => world.settings.drains_max = 0,
        }
        let running = world.start();
        leave_after(&running, &gate, 2, "Hello").await;
        if limit == "bytes" {
            gate.add_permits(1);
        }
        let (settlement, settled) = within(running.close()).await.unwrap();
        within(upstream.cancelled.acquire()).await.unwrap().forget();
        assert_eq!(settlement.record.status, CallStatus::Cancelled, "{limit}");
        assert!(settled.charged > Money::ZERO);
    }
}

#[tokio::test]
async fn a_caller_that_does_not_read_counts_as_gone() {
    let mut script = vec![stream_head()];
    script.extend((0..2000).map(|_| send(&word(&"x".repeat(500)))));
    script.extend([send(STOP), send(USAGE), send(DONE)]);
    let upstream = Upstream::start(vec![script]).await;
    let mut world = World::new(&[upstream.url()]);
    world.settings.write_stall_time = Duration::from_millis(100);
    let running = world.start();
    let response = within(running.begin(&request(true))).await;
    within(running.rest()).await;
    drop(response);
    let (settlement, _) = running.close().await.unwrap();
    assert_eq!(settlement.record.status, CallStatus::Cancelled);
}

#[tokio::test]
async fn a_whole_answer_is_finished_without_its_caller_and_charged() {
    let gate = Arc::new(Semaphore::new(0));
    let mut script = vec![Step::Gate(gate.clone())];
    script.extend(document("200 OK", "", ANSWER));
    let upstream = Upstream::start(vec![script]).await;
    let running = World::new(&[upstream.url()]).start();
    leave_before_the_answer(&running, &upstream, false).await;
    gate.add_permits(1);
    let (settlement, settled) = within(running.close()).await.unwrap();
    assert_eq!(settled.charged, "0.00002".parse().unwrap());
    assert_eq!(settlement.record.status, CallStatus::Cancelled);
}

#[tokio::test]
async fn a_caller_that_leaves_before_the_headers_pays_for_the_input() {
    for streamed in [false, true] {
        let upstream = Upstream::start(vec![vec![Step::Hang]]).await;
        let mut world = World::new(&[upstream.url()]);
        world.channel(0).on_disconnect = OnDisconnect::Cancel;
        let running = world.start();
        leave_before_the_answer(&running, &upstream, streamed).await;
        let (settlement, settled) = within(running.close()).await.unwrap();
        within(upstream.cancelled.acquire()).await.unwrap().forget();
        assert_eq!(settlement.record.status, CallStatus::Cancelled);
        assert_eq!(settlement.attempts[0].error_code.as_deref(), Some("caller_gone"));
        assert!(settled.charged > Money::ZERO && settled.charged < "0.0001".parse().unwrap());
    }
}

#[tokio::test]
async fn nothing_more_is_tried_for_a_caller_that_has_gone() {
    let gate = Arc::new(Semaphore::new(0));
    let mut script = vec![Step::Gate(gate.clone())];
    script.extend(document("500 Internal Server Error", "", "{}"));
    let first = Upstream::start(vec![script]).await;
    let second = Upstream::start(vec![document("200 OK", "", ANSWER)]).await;
    let running = World::new(&[first.url(), second.url()]).start();
    leave_before_the_answer(&running, &first, true).await;
    gate.add_permits(1);
    let (settlement, _) = within(running.close()).await.unwrap();
    assert!(second.seen().is_empty());
    assert_eq!((settlement.cost, settlement.record.status), (None, CallStatus::Cancelled));
}

/// Goes away once the upstream has the request.
async fn leave_before_the_answer(running: &Running, upstream: &Upstream, streamed: bool) {
    let body = request(streamed);
    let asking = running.begin(&body);
    let asked = async {
        while upstream.seen().is_empty() {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        _ = asking => panic!("there is no answer yet"),
        () = within(asked) => {}
    }
}
