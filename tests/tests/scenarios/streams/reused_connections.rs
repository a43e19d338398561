//! S25: connections that are kept for the next call and die meanwhile. Upstreams are spoken to over HTTP/1.1 only.

use waystation_tests::{Step, document};

use super::Bed;
use super::events::{ANSWER, DONE, ROLE, STOP, USAGE, say, word};
use crate::{MODEL, question, streamed_question};

/// A stream after which the connection can be used again.
fn kept_stream() -> Vec<Step> {
    let mut script = vec![waystation_tests::chunked_head()];
    script.extend(
        [ROLE, &word("one"), STOP, USAGE, DONE].map(|event| waystation_tests::chunked(event.as_bytes())),
    );
    script.extend([waystation_tests::chunked(b""), Step::NextCall]);
    script
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_serves_one_call_after_the_other() {
    let bed = Bed::start().await;
    for turn in 0..10 {
        let streamed = turn % 2 == 0;
        bed.raw.script(MODEL, if streamed { kept_stream() } else { document("200 OK", "", ANSWER) });
        let body = if streamed { streamed_question(MODEL) } else { question(MODEL) };
        bed.ask(body).await.expect_honest();
    }
    assert_eq!((bed.raw.total_calls(), bed.raw.connections()), (10, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_was_closed_while_unused_costs_no_call() {
    let bed = Bed::start().await;
    // The answer does not say that the connection ends with it.
    let closing: Vec<Step> = document("200 OK", "", ANSWER).into_iter().take(1).collect();
    for last in [None, Some(Step::Reset)] {
        bed.raw.script(MODEL, closing.iter().cloned().chain(last).collect());
        for _ in 0..15 {
            bed.ask(question(MODEL)).await.expect_honest();
        }
    }
    assert_eq!(bed.raw.total_calls(), 30, "no call is sent twice");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_a_kept_connection_swallowed_is_not_sent_there_again() {
    let bed = Bed::start().await;
    for (case, ending) in [vec![], vec![Step::Reset], vec![say("HTTP/1.1 200")]].into_iter().enumerate() {
        for streamed in [false, true] {
            let model = format!("swallowed-{case}-{streamed}");
            let body = if streamed { streamed_question(&model) } else { question(&model) };
            let second = bed.add_twin(&model, &bed.raw).await;
            bed.raw.script(MODEL, document("200 OK", "", ANSWER));
            bed.ask(question(MODEL)).await.expect_honest();
            bed.raw.script(&model, ending.clone());
            let outcome = bed.ask(body).await.expect_honest();
            assert_eq!(bed.raw.call_count(&model), 1, "{model}: it may have been worked on");
            assert_eq!((outcome.attempts(), second.total_calls()), (2, 1), "{model}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upstream_that_says_more_than_it_announced_does_not_answer_the_next_call() {
    let bed = Bed::start().await;
    let planted = ANSWER.replace("one two three four five", "planted");
    let honest = document("200 OK", "", ANSWER);
    let Step::Send(whole) = &honest[0] else { unreachable!("a document is sent") };
    let Step::Send(more) = &document("200 OK", "", &planted)[0] else { unreachable!("a document is sent") };
    for script in [
        vec![Step::Send([&whole[..], more].concat()), Step::NextCall],
        vec![Step::Send(whole.clone()), Step::Send(more.clone()), Step::NextCall],
        kept_stream().into_iter().take(7).chain([Step::Send(more.clone()), Step::NextCall]).collect(),
    ] {
        let streamed = script.len() > 3;
        bed.raw.script(MODEL, script);
        bed.ask(if streamed { streamed_question(MODEL) } else { question(MODEL) }).await.expect_honest();
        bed.raw.script(MODEL, honest.clone());
        for _ in 0..3 {
            let outcome = bed.ask(question(MODEL)).await.expect_honest();
            assert!(!outcome.reply.text.contains("planted"), "{}", outcome.reply.text);
        }
    }
    assert_eq!(bed.raw.total_calls(), 12);
}
