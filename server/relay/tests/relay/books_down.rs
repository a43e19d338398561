//! Books that do not answer when a call is to be settled, and tasks that die.

use std::sync::atomic::Ordering;
use std::time::Duration;

use waystation_ledger::CallStatus;
use waystation_pricing::Money;

use crate::upstream::{ANSWER, DONE, ROLE, STOP, USAGE, Upstream, document, stream, word};
use crate::world::{World, request, within};

#[tokio::test]
async fn a_whole_answer_that_cannot_be_settled_is_withheld() {
    for hangs in [false, true] {
        let upstream = Upstream::start(vec![document("200 OK", "", ANSWER)]).await;
        let mut world = World::new(&[upstream.url()]);
        world.settings.settle_time = Duration::from_millis(300);
        let running = world.start();
        let switch = if hangs { &running.books.settles_hang } else { &running.books.settles_fail };
        switch.store(true, Ordering::Relaxed);
        let answer = running.ask(&request(false)).await;
        assert_eq!((answer.status, answer.code().as_str()), (503, "settlement_unavailable"));
        assert!(!answer.text.contains("Hello there"));
        running.rest().await;
        assert_eq!(running.books.open_holds(), 1);
        switch.store(false, Ordering::Relaxed);
        running.books.repeat_kept();
        assert_eq!(running.close().await.unwrap().0.cost, None);
    }
}

#[tokio::test]
async fn a_stream_that_cannot_be_settled_ends_with_an_error_and_its_cost_is_kept() {
    let upstream = Upstream::start(vec![stream(&[ROLE, &word("Hello"), STOP, USAGE, DONE])]).await;
    let mut world = World::new(&[upstream.url()]);
    world.settings.settle_time = Duration::from_millis(300);
    let running = world.start();
    running.books.settles_fail.store(true, Ordering::Relaxed);
    let answer = running.ask(&request(true)).await;
    assert_eq!(answer.status, 200);
    assert!(answer.text.contains("\"code\":\"settlement_unavailable\"") && !answer.text.contains("[DONE]"));
    running.rest().await;
    running.books.repeat_kept();
    let (settlement, settled) = running.close().await.unwrap();
    assert_eq!(settled.charged, "0.00002".parse().unwrap());
    assert_eq!(settlement.record.status, CallStatus::Interrupted);
    assert_eq!(settlement.record.error_code.as_deref(), Some("settlement_unavailable"));
}

#[tokio::test]
async fn books_that_answer_again_in_time_lose_nothing() {
    let upstream = Upstream::start(vec![stream(&[ROLE, &word("Hello"), STOP, USAGE, DONE])]).await;
    let running = World::new(&[upstream.url()]).start();
    running.books.settles_fail.store(true, Ordering::Relaxed);
    let body = request(true);
    let recovering = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        running.books.settles_fail.store(false, Ordering::Relaxed);
    };
    let (answer, ()) = tokio::join!(running.ask(&body), recovering);
    assert!(answer.text.ends_with(DONE));
    assert!(running.books.kept.lock().unwrap().is_empty());
    running.close().await;
}

#[tokio::test]
async fn a_task_that_panics_gives_its_hold_back() {
    let upstream = Upstream::start(vec![document("200 OK", "", ANSWER)]).await;
    let running = World::new(&[upstream.url()]).start();
    running.books.settle_panics.store(true, Ordering::Relaxed);
    let answer = running.ask(&request(false)).await;
    assert_eq!((answer.status, answer.code().as_str()), (500, "internal_error"));
    let (settlement, settled) = running.close().await.unwrap();
    assert_eq!((settlement.cost, settled.charged), (None, Money::ZERO));
}

#[tokio::test]
async fn a_stream_whose_task_panics_does_not_look_whole() {
    let upstream = Upstream::start(vec![stream(&[ROLE, &word("Hello"), STOP, USAGE, DONE])]).await;
    let running = World::new(&[upstream.url()]).start();
    running.books.settle_panics.store(true, Ordering::Relaxed);
    let answer = running.ask(&request(true)).await;
    assert!(!answer.is_whole && !answer.text.contains("[DONE]"));
    running.close().await;
}

#[tokio::test]
async fn a_stream_of_an_instance_without_its_lease_is_ended() {
    let upstream = {
        let gate = std::sync::Arc::new(tokio::sync::Semaphore::new(0));
        let mut script = stream(&[ROLE, &word("Hello")]);
        script.push(crate::upstream::Step::Gate(gate.clone()));
        script.push(crate::upstream::send(&word(" you")));
        script.push(crate::upstream::Step::Hang);
        (Upstream::start(vec![script]).await, gate)
    };
    let (upstream, gate) = upstream;
    let running = World::new(&[upstream.url()]).start();
    let mut body = running.begin(&request(true)).await.into_body();
    within(crate::world::read_until(&mut body, "Hello")).await;
    running.books.lease_lost.store(true, Ordering::Relaxed);
    gate.add_permits(1);
    within(crate::world::read_until(&mut body, "settlement_unavailable")).await;
    running.close().await;
}
