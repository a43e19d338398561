//! S16 and S17: upstreams that fall silent, or say nothing but that they are there.

use std::time::{Duration, Instant};

use serde_json::json;
use waystation_tests::{Step, WorldOptions, eventually, nanos};

use super::events::{ROLE, STOP, USAGE, say, stream, word};
use super::{Bed, FEE, expect_last_error};
use crate::{MODEL, question, streamed_question};

const WAITING: &str = ": waiting\n\n";

#[tokio::test(flavor = "multi_thread")]
async fn silence_at_any_event_is_filled_with_comments_and_ended_by_its_limit() {
    let options = WorldOptions::single()
        .with("WAYSTATION_RELAY_IDLE_MS", "600")
        .with("WAYSTATION_RELAY_KEEP_ALIVE_MS", "100");
    let bed = Bed::start_with(options).await;
    let (one, two) = (word("one"), word(" two"));
    let events = [ROLE, &one, &two, STOP, USAGE];
    for place in 0..=events.len() {
        let mut script = stream(&events[..place]);
        script.push(Step::Hang);
        bed.raw.script(MODEL, script);
        let outcome = bed.ask(streamed_question(MODEL)).await;
        assert!(outcome.reply.text.contains(": ping\n\n"), "{place}: {}", outcome.reply.text);
        if place <= 1 {
            // A comment has begun the answer, so the status is taken; but nothing was delivered.
            expect_last_error(&outcome.reply, "upstream_timeout");
            assert_eq!((outcome.charged(), &outcome.row["status"]), (0, &json!("failed")), "{}", outcome.row);
        } else {
            outcome.expect_interrupted("upstream_timeout");
        }
        assert_eq!(bed.raw.total_calls(), place + 1, "nothing is asked again");
    }
    let cancelled = async || (bed.raw.left() == events.len() + 1).then_some(());
    eventually("the upstream is left", Duration::from_secs(10), cancelled).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_comment_is_sent_before_the_upstream_has_answered() {
    let options = WorldOptions::single()
        .with("WAYSTATION_RELAY_FIRST_BYTE_MS", "600")
        .with("WAYSTATION_RELAY_KEEP_ALIVE_MS", "50");
    let bed = Bed::start_with(options).await;
    bed.raw.script(MODEL, vec![Step::Hang]);
    // A real status is still possible at the end of the wait.
    bed.ask(streamed_question(MODEL)).await.expect_free_error(504, "upstream_timeout");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_answer_that_stops_coming_is_an_error_and_free() {
    let bed = Bed::start_with(WorldOptions::single().with("WAYSTATION_RELAY_IDLE_MS", "300")).await;
    for body in ["", "{\"choices\":[{\"index\":0,\"message\":{\"content\":\"one two"] {
        let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 900\r\n\r\n";
        bed.raw.script(MODEL, vec![say(head), say(body), Step::Hang]);
        bed.ask(question(MODEL)).await.expect_free_error(504, "upstream_timeout");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn comments_for_ever_reset_no_limit_but_that_of_silence() {
    // A call ends five seconds before its time is over.
    let options = WorldOptions::single()
        .with("WAYSTATION_RELAY_TOTAL_MS", "7500")
        .with("WAYSTATION_RELAY_IDLE_MS", "1500")
        .with("WAYSTATION_RELAY_KEEP_ALIVE_MS", "400");
    let bed = Bed::start_with(options).await;
    let one = word("one");
    for (events, is_paid) in [(&[ROLE][..], false), (&[ROLE, &one], true)] {
        let mut script = stream(events);
        script.push(Step::Repeat(WAITING.into(), 100));
        bed.raw.script(MODEL, script);
        let started = Instant::now();
        let outcome = bed.ask(streamed_question(MODEL)).await;
        assert!(started.elapsed() > Duration::from_millis(2_000), "{:?}", started.elapsed());
        expect_last_error(&outcome.reply, "upstream_timeout");
        if is_paid {
            let outcome = outcome.expect_interrupted("upstream_timeout");
            assert!(outcome.reply.text.contains(WAITING), "comments amid an answer may be passed on");
            assert!(outcome.row["usage"]["output_tokens"].as_u64().unwrap() <= 2, "{}", outcome.row);
        } else {
            assert_eq!(outcome.charged(), 0, "{}", outcome.row);
            assert!(nanos(FEE) > 0);
        }
    }
}
