//! Upstreams that lie about usage: no lie gives output for nothing, pays anybody back, or costs more than was held.

use std::time::Duration;

use serde_json::{Value, json};
use waystation_tests::{Step, eventually, nanos};

use super::events::{DONE, ROLE, STOP, stream, word};
use super::{Bed, FEE, amount};
use crate::{MODEL, question, streamed_question};

/// What is delivered: text of 23 letters.
const TEXT: &str = "one two three four five";

fn lies() -> Vec<Value> {
    let honest = |more: Value| {
        let mut usage = json!({ "prompt_tokens": 12, "completion_tokens": 5, "total_tokens": 17 });
        for (name, value) in more.as_object().into_iter().flatten() {
            usage[name] = value.clone();
        }
        usage
    };
    vec![
        json!(null),
        json!({}),
        json!([]),
        json!("free"),
        json!(0),
        json!({ "prompt_tokens": null, "completion_tokens": null, "total_tokens": null }),
        json!({ "prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0 }),
        json!({ "prompt_tokens": 12, "completion_tokens": 0, "total_tokens": 12 }),
        json!({ "prompt_tokens": 0, "completion_tokens": 5, "total_tokens": 5 }),
        json!({ "prompt_tokens": 12 }),
        json!({ "completion_tokens": 5 }),
        json!({ "total_tokens": 17 }),
        json!({ "total_tokens": 0 }),
        json!({ "prompt_tokens": -5, "completion_tokens": -5, "total_tokens": -10 }),
        json!({ "prompt_tokens": 12, "completion_tokens": -1 }),
        json!({ "prompt_tokens": -1, "completion_tokens": 5 }),
        json!({ "prompt_tokens": i64::MIN, "completion_tokens": i64::MIN }),
        json!({ "prompt_tokens": 12, "completion_tokens": 4_000_000_000_u64 }),
        json!({ "prompt_tokens": 4_000_000_000_u64, "completion_tokens": 5 }),
        json!({ "prompt_tokens": i64::MAX, "completion_tokens": i64::MAX, "total_tokens": i64::MAX }),
        json!({ "prompt_tokens": u64::MAX, "completion_tokens": u64::MAX }),
        json!({ "prompt_tokens": 1e308, "completion_tokens": 1e308 }),
        json!({ "prompt_tokens": 12.5, "completion_tokens": 5.5 }),
        json!({ "prompt_tokens": "12", "completion_tokens": "5" }),
        json!({ "prompt_tokens": true, "completion_tokens": false }),
        json!({ "prompt_tokens": [12], "completion_tokens": { "n": 5 } }),
        json!({ "prompt_tokens": 12, "completion_tokens": 5, "total_tokens": 3 }),
        json!({ "prompt_tokens": 12, "completion_tokens": 5, "total_tokens": 1_000_000 }),
        json!({ "prompt_tokens": 12, "completion_tokens": 5, "total_tokens": -17 }),
        honest(json!({ "prompt_tokens_details": { "cached_tokens": 5_000 } })),
        honest(json!({ "prompt_tokens_details": { "cached_tokens": -12 } })),
        honest(json!({ "prompt_tokens_details": { "cached_tokens": u64::MAX } })),
        honest(json!({ "prompt_tokens_details": { "cached_tokens": 12, "audio_tokens": 900 } })),
        honest(json!({ "cache_creation_input_tokens": 9_000, "cache_read_input_tokens": 9_000 })),
        honest(json!({ "prompt_cache_hit_tokens": 12, "prompt_cache_miss_tokens": 12 })),
        honest(json!({ "completion_tokens_details": { "reasoning_tokens": 500 } })),
        honest(json!({ "completion_tokens_details": { "reasoning_tokens": -5 } })),
        honest(json!({ "completion_tokens_details": { "audio_tokens": u64::MAX } })),
        honest(json!({ "input_tokens": 0, "output_tokens": 0 })),
        honest(json!({ "input_tokens": -12, "output_tokens": 9_000_000 })),
        honest(json!({ "cost": "-5", "charged": "-5" })),
        honest(json!({ "prompt_tokens_details": "none", "completion_tokens_details": [] })),
    ]
}

fn whole(usage: &Value) -> Vec<Step> {
    let answer = json!({
        "choices": [{ "index": 0, "message": { "content": TEXT }, "finish_reason": "stop" }],
        "usage": usage,
    });
    waystation_tests::document("200 OK", "", &answer.to_string())
}

fn streamed(usage: &Value) -> Vec<Step> {
    let last = format!("data: {}\n\n", json!({ "choices": [], "usage": usage }));
    stream(&[ROLE, &word(TEXT), STOP, &last, DONE])
}

/// What is held for a call.
async fn hold_of(bed: &Bed, body: Value) -> i64 {
    bed.raw.script(MODEL, vec![Step::Permit]);
    let asking = bed.ask(body);
    let held = async || {
        let (_, pending) = bed.world.balance(&bed.key.user_id).await;
        (pending > 0).then_some(pending)
    };
    let held = async {
        let (held, _) = eventually("a hold is there", Duration::from_secs(20), held).await;
        bed.raw.permit(1);
        held
    };
    let (outcome, held) = tokio::join!(asking, held);
    outcome.expect_free_error(502, "upstream_error");
    held
}

#[tokio::test(flavor = "multi_thread")]
async fn forty_lies_about_usage_are_neither_gifts_nor_robbery() {
    let bed = Bed::start().await;
    let lies = lies();
    assert!(lies.len() >= 40);
    let held = [hold_of(&bed, question(MODEL)).await, hold_of(&bed, streamed_question(MODEL)).await];
    let mut paid = 0;
    for lie in &lies {
        for (body, script, held) in
            [(question(MODEL), whole(lie), held[0]), (streamed_question(MODEL), streamed(lie), held[1])]
        {
            bed.raw.script(MODEL, script);
            let outcome = bed.ask(body).await;
            assert_eq!((outcome.reply.status, &outcome.row["status"]), (200, &json!("ok")), "{lie}");
            let charged = outcome.charged();
            // The fee alone would mean that the answer's tokens were free.
            assert!(charged > nanos(FEE) + 10_000, "{lie}: {}", outcome.row);
            assert!(charged <= held, "{lie}: {charged} of {held}: {}", outcome.row);
            assert_eq!(charged, amount(&outcome.row, "cost"), "{lie}: {}", outcome.row);
            assert_eq!(amount(&outcome.row, "operator_loss"), 0, "{lie}: {}", outcome.row);
            paid += charged;
        }
    }
    assert_eq!(bed.world.balance(&bed.key.user_id).await, (nanos("10") - paid, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn usage_above_the_bound_costs_the_hold_and_raises_an_alarm() {
    let mut bed = Bed::start().await;
    let held = hold_of(&bed, streamed_question(MODEL)).await;
    bed.raw.script(MODEL, streamed(&json!({ "prompt_tokens": 90_000, "completion_tokens": 90_000 })));
    let outcome = bed.ask(streamed_question(MODEL)).await;
    assert_eq!((outcome.charged(), &outcome.row["usage"]["source"]), (held, &json!("capped")));
    let id = outcome.reply.request_id();
    let alarm = async || {
        let log = bed.world.server(0).log();
        log.lines()
            .any(|line| line.contains(&id) && line.contains("more usage than the call can"))
            .then_some(())
    };
    eventually("the alarm is in the log", Duration::from_secs(10), alarm).await;
}
