//! S30: a server that is told to stop while streams run.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use waystation_tests::{Reply, Step, WorldOptions, eventually, nanos};

use super::events::{DONE, ROLE, STOP, USAGE, say, stream, word};
use super::{Bed, FEE, amount, expect_last_error};
use crate::{HONEST_COST, MODEL, question, streamed_question};

/// How long a stopping server waits for its calls here.
const DRAIN: Duration = Duration::from_millis(2_500);

/// How long it may need beyond, to settle and to close its books.
const AFTER_DRAIN: Duration = Duration::from_secs(5);

fn draining() -> WorldOptions {
    WorldOptions::single().with("WAYSTATION_RELAY_DRAIN_MS", &DRAIN.as_millis().to_string())
}

/// A stream that has begun, and ends when the test says so; or never.
fn begun(may_end: bool) -> Vec<Step> {
    let mut script = stream(&[ROLE, &word("one two three")]);
    script.push(if may_end { Step::Permit } else { Step::Hang });
    script.extend([STOP, USAGE, DONE].map(say));
    script
}

/// Waits until the process has ended, for no longer than it may take.
async fn await_end(bed: &mut Bed, limit: Duration) {
    let ended = async || bed.world.server(0).has_stopped();
    let (well, _) = eventually("the server has stopped", limit, ended).await;
    assert!(well, "{}", bed.world.server(0).log_tail());
}

/// Whether the server would be sent calls.
async fn is_ready(bed: &Bed) -> bool {
    let client = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(2)).build().unwrap();
    match client.get(format!("{}/readyz", bed.world.base_urls()[0])).send().await {
        Ok(answer) => answer.status() == 200,
        Err(_) => false,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_that_can_finish_do_and_the_others_are_told_and_settled_again_and_again() {
    const STREAMS: usize = 40;
    let mut bed = Bed::start_with(draining()).await;
    bed.world.add_model("endless", waystation_tests::price("2", "10", FEE)).await;
    bed.world.add_channel(&bed.raw.base_url(), &["endless"], 0).await;
    bed.raw.script(MODEL, begun(true));
    bed.raw.script("endless", begun(false));
    for turn in 0..3 {
        let mut streams = Vec::new();
        for number in 0..STREAMS {
            let model = if number % 2 == 0 { MODEL } else { "endless" };
            let (mut response, id) = bed.begin(streamed_question(model)).await;
            response.chunk().await.unwrap().expect("the stream has begun");
            streams.push((response, id));
        }
        assert!(is_ready(&bed).await);
        bed.world.server(0).begin_stop();
        let told = Instant::now();
        let unready = async || (!is_ready(&bed).await).then_some(());
        eventually("the server is not ready", DRAIN, unready).await;
        bed.raw.permit(STREAMS / 2);
        let ends = streams.into_iter().map(|(stream, id)| async move { (Reply::read(stream).await, id) });
        let ends = super::join_all(ends).await;
        await_end(&mut bed, DRAIN + AFTER_DRAIN).await;
        assert!(told.elapsed() >= DRAIN, "the endless streams were waited for");
        bed.world.restart(0);
        let mut finished = 0;
        for (reply, id) in ends {
            let row = bed.world.request_row(&id).await;
            if row["model"] == MODEL {
                finished += 1;
                assert!(reply.text.ends_with(DONE), "{}", reply.text);
                assert_eq!(
                    (&row["status"], amount(&row, "charged")),
                    (&json!("ok"), nanos(HONEST_COST)),
                    "{row}"
                );
            } else {
                expect_last_error(&reply, "server_shutdown");
                assert_eq!(
                    (&row["status"], &row["error_code"]),
                    (&json!("interrupted"), &json!("server_shutdown")),
                    "{row}"
                );
                assert!(amount(&row, "charged") > nanos(FEE), "{row}");
            }
        }
        assert_eq!(finished, STREAMS / 2, "turn {turn}");
        let (clean, report) = bed.world.audit();
        assert!(clean && report["open_holds"] == 0, "turn {turn}: {report}");
    }
    assert_eq!(bed.raw.total_calls(), 3 * STREAMS, "nothing was asked twice");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_calls_stops_at_once() {
    let mut bed = Bed::start_with(WorldOptions::single().with("WAYSTATION_RELAY_DRAIN_MS", "60000")).await;
    bed.raw.script(MODEL, stream(&[ROLE, &word("one"), STOP, USAGE, DONE]));
    bed.ask(streamed_question(MODEL)).await.expect_honest();
    bed.world.server(0).begin_stop();
    await_end(&mut bed, Duration::from_secs(10)).await;
    bed.world.restart(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_answer_that_does_not_come_in_time_is_told_and_free() {
    let mut bed = Bed::start_with(draining()).await;
    bed.raw.script(MODEL, vec![Step::Hang]);
    let address = bed.world.base_urls()[0].clone();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let asking = client
        .post(format!("{address}/v1/chat/completions"))
        .bearer_auth(&bed.key.secret)
        .header("content-type", "application/json")
        .body(question(MODEL).to_string())
        .send();
    let asking = tokio::spawn(asking);
    let arrived = async || (bed.raw.total_calls() == 1).then_some(());
    eventually("the upstream has the call", Duration::from_secs(10), arrived).await;
    bed.world.server(0).begin_stop();
    let reply = Reply::read(asking.await.unwrap().unwrap()).await.expect_error(503, "shutting_down");
    await_end(&mut bed, AFTER_DRAIN).await;
    bed.world.restart(0);
    let row: Value = bed.world.request_row(&reply.request_id()).await;
    assert_eq!((&row["status"], amount(&row, "charged")), (&json!("failed"), 0), "{row}");
}
