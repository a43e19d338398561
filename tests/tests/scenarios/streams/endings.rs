//! S12 to S14: streams that end where they should not, or more than once.

use serde_json::Value;
use waystation_tests::{Step, chunked_head, nanos, stream_head};

use super::events::{DONE, ROLE, STOP, USAGE, stream, word};
use super::{Bed, FEE, Outcome, join_all};
use crate::{MODEL, streamed_question};

/// How the line ends after the last byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// As if that were all there is to say.
    Closed,
    /// Amid the encoding of the body.
    Torn,
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_ends_after_any_byte_is_whole_only_with_its_end() {
    let bed = Bed::start().await;
    let whole = [ROLE, &word("Hé "), &word("你😀"), STOP, USAGE, DONE].concat();
    let mut calls = Vec::new();
    for end in [End::Closed, End::Torn] {
        for cut in 0..=whole.len() {
            calls.push((end, cut));
        }
    }
    let bed = &bed;
    // Each position is a model's name, so that many calls can be under way.
    let models: Vec<String> = (0..16).map(|lane| format!("lane-{lane}")).collect();
    for model in &models {
        bed.world.add_model(model, waystation_tests::price("2", "10", FEE)).await;
    }
    let names: Vec<&str> = models.iter().map(String::as_str).collect();
    bed.world.add_channel(&bed.raw.base_url(), &names, 0).await;
    for batch in calls.chunks(models.len()) {
        let asked = batch.iter().zip(&models).map(|((end, cut), model)| {
            let whole = whole.as_bytes();
            async move {
                bed.raw.script(model, cut_stream(&whole[..*cut], *end));
                check_cut(bed.ask(streamed_question(model)).await, whole, *cut, *end);
            }
        });
        join_all(asked).await;
    }
    assert_eq!(bed.raw.total_calls(), calls.len(), "nothing is sent twice");
}

fn cut_stream(sent: &[u8], end: End) -> Vec<Step> {
    match end {
        End::Closed => vec![stream_head(), Step::Send(sent.to_vec())],
        // The chunk says that one byte more follows.
        End::Torn => {
            let head = format!("{:x}\r\n", sent.len() + 1);
            vec![chunked_head(), Step::Send([head.as_bytes(), sent].concat())]
        }
    }
}

fn check_cut(outcome: Outcome, whole: &[u8], cut: usize, end: End) {
    let text = String::from_utf8_lossy(whole);
    // An event that was torn off by nothing but the end of the stream still counts once its line is there.
    let spare = if end == End::Closed { 2 } else { 0 };
    let after = |event: &str| text.find(event).expect("it is part of the stream") + event.len() - spare;
    let about = format!("{end:?} after {cut} bytes");
    assert!(!outcome.reply.text.contains('\u{fffd}'), "{about}: {}", outcome.reply.text);
    if cut < after(&word("Hé ")) {
        outcome.expect_free_error(502, "upstream_error");
    } else if cut < after(DONE) {
        let outcome = outcome.expect_interrupted("upstream_error");
        let expected = if cut < after(&word("你😀")) { "Hé " } else { "Hé 你😀" };
        assert_eq!(outcome.reply.streamed_text(), expected, "{about}");
        let source = if cut < after(USAGE) { "estimated" } else { "reported" };
        assert_eq!(outcome.row["usage"]["source"], source, "{about}: {}", outcome.row);
    } else {
        let outcome = outcome.expect_honest();
        assert_eq!(outcome.reply.streamed_text(), "Hé 你😀", "{about}");
        assert_eq!(outcome.reply.text.matches("[DONE]").count(), 1, "{about}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_end_without_usage_is_one_end_and_estimated() {
    let bed = Bed::start().await;
    let hello = word("Hello you");
    for ends in [&[DONE][..], &[DONE, DONE], &["data:[DONE]\n\n"], &["data: [DONE]  \n\n"], &["data: [DONE]"]]
    {
        let pieces = [&[ROLE, &hello, STOP], ends].concat();
        bed.raw.script(MODEL, stream(&pieces));
        let outcome = bed.ask(streamed_question(MODEL)).await;
        assert_eq!(outcome.reply.text.matches("[DONE]").count(), 1, "{ends:?}: {}", outcome.reply.text);
        assert_eq!(outcome.reply.events().last().map(String::as_str), Some("[DONE]"), "{ends:?}");
        assert_eq!((outcome.reply.status, &outcome.row["status"]), (200, &Value::from("ok")), "{ends:?}");
        assert_eq!(outcome.row["usage"]["source"], "estimated", "{ends:?}: {}", outcome.row);
        assert!(outcome.charged() > nanos(FEE) && outcome.charged() < nanos("0.002"), "{}", outcome.row);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_end_that_is_no_event_is_no_end() {
    let bed = Bed::start().await;
    let hello = word("Hello you");
    for end in ["[DONE]\n\n", ": [DONE]\n\n", "event: done\n\n"] {
        bed.raw.script(MODEL, stream(&[ROLE, &hello, STOP, end]));
        let outcome = bed.ask(streamed_question(MODEL)).await;
        assert!(!outcome.reply.events().contains(&"[DONE]".to_owned()), "{}", outcome.reply.text);
        assert!(outcome.reply.text.contains("\"code\":\"upstream_error\""), "{}", outcome.reply.text);
        assert_eq!(outcome.row["status"], "interrupted", "{}", outcome.row);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_of_nothing_but_its_end_is_no_answer() {
    let bed = Bed::start().await;
    for pieces in [&[DONE][..], &[": waiting\n\n", DONE], &[USAGE, DONE]] {
        bed.raw.script(MODEL, stream(pieces));
        bed.ask(streamed_question(MODEL)).await.expect_free_error(502, "upstream_error");
    }
    let second = bed.add_twin("empty", &bed.raw).await;
    bed.raw.script("empty", stream(&[DONE]));
    let outcome = bed.ask(streamed_question("empty")).await.expect_honest();
    assert_eq!((outcome.attempts(), second.total_calls()), (2, 1), "{}", outcome.row);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_after_the_end_is_neither_shown_nor_counted() {
    let bed = Bed::start().await;
    let dear = USAGE.replace("\"completion_tokens\":5,\"total_tokens\":17", "\"completion_tokens\":60");
    let more = word("more");
    let error = "data: {\"error\":{\"message\":\"late\"}}\n\n";
    let one = word("one two three four five");
    for rest in [&[dear.as_str()][..], &[&more, &dear, DONE], &[error], &[DONE, DONE, DONE]] {
        bed.raw.script(MODEL, stream(&[&[ROLE, &one, STOP, USAGE, DONE], rest].concat()));
        let outcome = bed.ask(streamed_question(MODEL)).await.expect_honest();
        assert_eq!(outcome.reply.text, [ROLE, &one, STOP, DONE].concat(), "{rest:?}");
    }
    // A stream that never stops talking does not keep its call.
    let chatter = Step::Repeat(more.into_bytes(), 10);
    let mut script = stream(&[ROLE, &one, STOP, USAGE, DONE]);
    script.push(chatter);
    bed.raw.script(MODEL, script);
    bed.ask(streamed_question(MODEL)).await.expect_honest();
    let gone = async || (bed.raw.left() == 1).then_some(());
    waystation_tests::eventually("the line is closed", std::time::Duration::from_secs(10), gone).await;
}
