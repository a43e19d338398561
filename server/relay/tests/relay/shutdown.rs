//! The end of the relay.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use waystation_ledger::CallStatus;
use waystation_pricing::Money;

use crate::upstream::{DONE, ROLE, STOP, Step, USAGE, Upstream, send, stream_head, word};
use crate::world::{World, read_until, request, within};

fn gated(gate: &Arc<Semaphore>) -> Vec<Step> {
    let rest = [Step::Gate(gate.clone()), send(STOP), send(USAGE), send(DONE)];
    [stream_head(), send(ROLE), send(&word("Hello"))].into_iter().chain(rest).collect()
}

#[tokio::test]
async fn live_streams_may_finish_and_new_calls_are_refused() {
    let gate = Arc::new(Semaphore::new(0));
    let upstream = Upstream::start(vec![gated(&gate)]).await;
    let running = World::new(&[upstream.url()]).start();
    let mut body = running.begin(&request(true)).await.into_body();
    within(read_until(&mut body, "Hello")).await;
    let relay = running.relay.clone();
    let stopping = tokio::spawn(async move { relay.shutdown(Duration::from_secs(20)).await });
    tokio::task::yield_now().await;
    let refused = running.ask(&request(true)).await;
    assert_eq!((refused.status, refused.code().as_str()), (503, "shutting_down"));
    gate.add_permits(1);
    within(read_until(&mut body, DONE)).await;
    within(stopping).await.unwrap();
    assert_eq!(running.close().await.unwrap().0.record.status, CallStatus::Ok);
}

#[tokio::test]
async fn a_stream_that_does_not_finish_in_time_is_ended_and_settled() {
    let gate = Arc::new(Semaphore::new(0));
    let upstream = Upstream::start(vec![gated(&gate)]).await;
    let running = World::new(&[upstream.url()]).start();
    let mut body = running.begin(&request(true)).await.into_body();
    within(read_until(&mut body, "Hello")).await;
    within(running.relay.shutdown(Duration::from_millis(50))).await;
    let rest = within(read_until(&mut body, "server_shutdown")).await;
    assert!(!rest.contains("[DONE]"));
    let (settlement, settled) = running.close().await.unwrap();
    assert_eq!(settlement.record.status, CallStatus::Interrupted);
    assert!(settled.charged > Money::ZERO);
}

#[tokio::test]
async fn a_whole_answer_that_does_not_come_in_time_is_a_real_status_and_free() {
    let upstream = Upstream::start(vec![vec![Step::Hang]]).await;
    let running = World::new(&[upstream.url()]).start();
    let relay = running.relay.clone();
    let body = request(false);
    let stopping = async {
        while upstream.seen().is_empty() {
            tokio::task::yield_now().await;
        }
        relay.shutdown(Duration::from_millis(50)).await;
    };
    let (answer, ()) = within(async { tokio::join!(running.ask(&body), stopping) }).await;
    assert_eq!((answer.status, answer.code().as_str()), (503, "shutting_down"));
    assert_eq!(running.close().await.unwrap().0.cost, None);
}
