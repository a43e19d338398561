//! S10 and S11: an upstream that says amid its stream that it failed.

use waystation_tests::RawUpstream;

use super::Bed;
use super::events::{DONE, ROLE, STOP, USAGE, stream, word};
use crate::{MODEL, streamed_question};

/// The forms in which upstreams say it.
const ERRORS: [&str; 4] = [
    "data: {\"error\":{\"message\":\"overloaded sk-secret\",\"type\":\"server_error\",\"code\":500}}\n\n",
    "event: error\ndata: {\"type\":\"error\",\"error\":{\"message\":\"overloaded sk-secret\"}}\n\n",
    "event: error\ndata: overloaded sk-secret\n\n",
    "data: {\"error\":\"overloaded sk-secret\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"error\"}]}\n\n",
];

#[tokio::test(flavor = "multi_thread")]
async fn an_error_event_before_any_content_is_answered_by_another_channel_and_after_it_told() {
    let bed = Bed::start().await;
    let (one, two) = (word("one"), word(" two"));
    let events = [ROLE, &one, &two, STOP, USAGE];
    for (form, error) in ERRORS.into_iter().enumerate() {
        for place in 0..=events.len() {
            let model = format!("error-{form}-{place}");
            let first = RawUpstream::start().await;
            let second = bed.add_twin(&model, &first).await;
            let pieces = [&events[..place], &[error], &events[place..], &[DONE]].concat();
            first.script(&model, stream(&pieces));
            let outcome = bed.ask(streamed_question(&model)).await;
            assert!(!outcome.reply.text.contains("sk-secret"), "{}", outcome.reply.text);
            assert_eq!(first.call_count(&model), 1, "{model}");
            if place <= 1 {
                let outcome = outcome.expect_honest();
                assert_eq!(outcome.reply.streamed_text(), "one two three four five", "{model}");
                assert_eq!(outcome.reply.text.matches("assistant").count(), 1, "{model}: one answer only");
                assert_eq!((outcome.attempts(), second.total_calls()), (2, 1), "{model}");
            } else {
                let outcome = outcome.expect_interrupted("upstream_error");
                let text = if place == 2 { "one" } else { "one two" };
                assert_eq!(outcome.reply.streamed_text(), text, "{model}");
                assert_eq!((outcome.attempts(), second.total_calls()), (1, 0), "{model}: not begun again");
                let source = if place == 5 { "reported" } else { "estimated" };
                assert_eq!(outcome.row["usage"]["source"], source, "{model}: {}", outcome.row);
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_event_before_any_content_is_a_real_status_where_nothing_else_is_left() {
    let bed = Bed::start().await;
    let error = |code: &str| format!("data: {{\"error\":{{\"message\":\"no\",\"code\":{code}}}}}\n\n");
    for (code, status, told) in [
        ("\"server_error\"", 502, "upstream_error"),
        ("\"context_length_exceeded\"", 400, "context_length_exceeded"),
        ("\"rate_limit_exceeded\"", 429, "rate_limit_exceeded"),
        ("429", 429, "rate_limit_exceeded"),
        ("\"insufficient_quota\"", 503, "no_channel_available"),
        ("401", 503, "no_channel_available"),
    ] {
        bed.raw.script(MODEL, stream(&[": waiting\n\n", ROLE, &error(code)]));
        bed.ask(streamed_question(MODEL)).await.expect_free_error(status, told);
    }
    assert_eq!(bed.raw.total_calls(), 6);
}
