//! S28 and S29: what happens to the caller while its stream runs.

use std::time::{Duration, Instant};

use serde_json::json;
use waystation_tests::{Step, document, eventually, nanos};

use super::events::{ANSWER, DONE, ROLE, STOP, USAGE, say, stream};
use super::{Bed, FEE, amount};
use crate::{HONEST_COST, MODEL, question, streamed_question};

/// A stream that waits for the test after its first words.
fn waiting() -> Vec<Step> {
    let mut script = stream(&[ROLE, &super::events::word("one")]);
    script.push(Step::Permit);
    script.extend([STOP, USAGE, DONE].map(say));
    script
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_is_paid_though_the_balance_is_drained_beside_it() {
    let bed = Bed::start().await;
    let key = bed.world.add_customer("0.03").await;
    let bed = Bed { key, ..bed };
    bed.world.add_model("beside", waystation_tests::price("2", "10", FEE)).await;
    bed.world.add_channel(&bed.raw.base_url(), &["beside"], 0).await;
    bed.raw.script("beside", document("200 OK", "", ANSWER));
    bed.raw.script(MODEL, waiting());
    let (mut stream, id) = bed.begin(streamed_question(MODEL)).await;
    stream.chunk().await.unwrap().expect("the stream has begun");
    let mut served = 0;
    loop {
        let calls = (0..8).map(|_| bed.world.chat(&bed.key.secret, question("beside")));
        let replies = super::join_all(calls).await;
        served += replies.iter().filter(|reply| reply.status == 200).count();
        assert!(replies.iter().all(|reply| matches!(reply.status, 200 | 402)));
        if replies.iter().all(|reply| reply.status == 402) {
            break;
        }
    }
    bed.raw.permit(1);
    while let Some(chunk) = stream.chunk().await.unwrap() {
        assert!(!String::from_utf8_lossy(&chunk).contains("error"));
    }
    let row = bed.world.request_row(&id).await;
    assert_eq!((&row["status"], amount(&row, "charged")), (&json!("ok"), nanos(HONEST_COST)), "{row}");
    let left = nanos("0.03") - nanos(HONEST_COST) * (i64::try_from(served).unwrap() + 1);
    assert_eq!(bed.world.balance(&bed.key.user_id).await, (left, 0));
    assert!(left >= 0 && served >= 10, "{served} calls, {left} left");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_revoked_amid_its_stream_finishes_it_and_begins_no_other() {
    let bed = Bed::start().await;
    bed.raw.script(MODEL, waiting());
    let (mut stream, id) = bed.begin(streamed_question(MODEL)).await;
    stream.chunk().await.unwrap().expect("the stream has begun");
    bed.world.delete(&format!("/api/admin/users/{}/keys/{}", bed.key.user_id, bed.key.id)).await;
    let revoked = Instant::now();
    let refused = async || {
        let reply = bed.world.chat(&bed.key.secret, question(MODEL)).await;
        (reply.status == 401).then_some(())
    };
    eventually("the key is refused", Duration::from_secs(5), refused).await;
    assert!(revoked.elapsed() < Duration::from_secs(5));
    bed.raw.permit(1);
    let mut rest = String::new();
    while let Some(chunk) = stream.chunk().await.unwrap() {
        rest.push_str(&String::from_utf8_lossy(&chunk));
    }
    assert!(rest.ends_with(DONE), "{rest}");
    let row = bed.world.request_row(&id).await;
    assert_eq!((&row["status"], amount(&row, "charged")), (&json!("ok"), nanos(HONEST_COST)), "{row}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_changed_amid_a_stream_counts_from_the_next_call_on() {
    let bed = Bed::start().await;
    let model = "changing";
    let id = bed.world.add_model(model, waystation_tests::price("2", "10", FEE)).await;
    let channel = bed.world.add_channel(&bed.raw.base_url(), &[model], 0).await;
    bed.raw.script(model, waiting());
    let (mut stream, call) = bed.begin(streamed_question(model)).await;
    stream.chunk().await.unwrap().expect("the stream has begun");
    bed.world.set_price(&id, waystation_tests::price("200", "1000", "1")).await;
    bed.world.patch(&format!("/api/admin/models/{id}"), json!({ "active": false })).await;
    bed.world.patch(&format!("/api/admin/channels/{channel}"), json!({ "active": false })).await;
    bed.world.chat(&bed.key.secret, question(model)).await.expect_error(404, "model_not_found");
    bed.raw.permit(1);
    while stream.chunk().await.unwrap().is_some() {}
    let row = bed.world.request_row(&call).await;
    assert_eq!((&row["status"], amount(&row, "charged")), (&json!("ok"), nanos(HONEST_COST)), "{row}");
}
