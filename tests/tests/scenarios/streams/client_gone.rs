//! S01 to S04: clients that go away.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use waystation_tests::{Step, eventually, nanos};

use super::events::{ANSWER, DONE, ROLE, STOP, USAGE, say, stepwise, stream, word};
use super::{Bed, FEE, amount};
use crate::{HONEST_COST, MODEL, question, streamed_question};

/// How many events the client reads before it goes.
async fn read_events(response: &mut reqwest::Response, count: usize) -> String {
    let mut text = String::new();
    while text.matches("\n\n").count() < count {
        let chunk = response.chunk().await.expect("the line holds").expect("the stream goes on");
        text.push_str(std::str::from_utf8(&chunk).expect("events are text"));
    }
    text
}

/// Begins a call, waits until the upstream has it, goes away before there is an answer, and waits until the server has
/// seen that.
async fn leave_at_once(bed: &Bed, body: Value) {
    let before = bed.raw.total_calls();
    let address = bed.world.base_urls()[0].trim_start_matches("http://").to_owned();
    let mut line = TcpStream::connect(&address).await.unwrap();
    let (body, secret) = (body.to_string(), &bed.key.secret);
    let request = format!(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {secret}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    line.write_all(request.as_bytes()).await.unwrap();
    let arrived = async || (bed.raw.total_calls() > before).then_some(());
    eventually("the upstream has the call", Duration::from_secs(20), arrived).await;
    line.shutdown().await.unwrap();
    assert_eq!(line.read(&mut [0; 64]).await.unwrap_or(0), 0, "the server closes its side without an answer");
}

/// The row of the user's only call.
async fn only_row(bed: &Bed, user: &str) -> Value {
    let path = format!("/api/admin/requests?user_id={user}");
    let ended = async || bed.world.get(&path).await["items"].get(0).cloned();
    let (row, _) = eventually("the call has its row", Duration::from_secs(20), ended).await;
    bed.world.request_row(row["id"].as_str().unwrap()).await
}

fn expect_cancelled(row: &Value) {
    assert_eq!((&row["status"], &row["status_code"]), (&json!("cancelled"), &json!(499)), "{row}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_leaves_before_the_head_pays_what_the_upstream_reports() {
    for (body, answer) in [
        (question(MODEL), vec![Step::Permit, say(&format!("HTTP/1.1 200 OK\r\n\r\n{ANSWER}"))]),
        (streamed_question(MODEL), {
            let mut script = stepwise(&[ROLE, &word("one"), STOP, USAGE, DONE]);
            script.insert(0, Step::Permit);
            script
        }),
    ] {
        let bed = Bed::start().await;
        bed.raw.script(MODEL, answer);
        leave_at_once(&bed, body).await;
        bed.raw.permit(10);
        let row = only_row(&bed, &bed.key.user_id).await;
        expect_cancelled(&row);
        assert_eq!(amount(&row, "charged"), nanos(HONEST_COST), "{row}");
        assert_eq!(bed.raw.total_calls(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_leaves_before_the_head_of_a_failure_pays_nothing_and_nobody_else_is_asked() {
    for status in ["500 x", "429 x", "401 x", "400 x"] {
        let bed = Bed::start().await;
        let second = bed.add_twin("twin", &bed.raw).await;
        let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 2\r\n\r\n{{}}");
        bed.raw.script("twin", vec![Step::Permit, say(&answer)]);
        leave_at_once(&bed, streamed_question("twin")).await;
        bed.raw.permit(1);
        let row = only_row(&bed, &bed.key.user_id).await;
        expect_cancelled(&row);
        assert_eq!((amount(&row, "charged"), second.total_calls()), (0, 0), "{row}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_leaves_after_any_event_pays_what_the_upstream_reports() {
    let bed = Bed::start().await;
    let (one, two) = (word("one"), word(" two"));
    let events = [ROLE, &one, &two, STOP, USAGE, DONE];
    bed.raw.script(MODEL, stepwise(&events));
    // The role is held back until there is content, so two events are there at least.
    for seen in 2..=4 {
        bed.raw.permit(seen);
        let (mut response, id) = bed.begin(streamed_question(MODEL)).await;
        read_events(&mut response, seen).await;
        drop(response);
        bed.raw.permit(events.len() - seen);
        let row = bed.world.request_row(&id).await;
        assert_eq!(amount(&row, "charged"), nanos(HONEST_COST), "{seen}: {row}");
        // A client that leaves while the last events are there already may not have been missed.
        assert!(matches!(row["status"].as_str(), Some("cancelled" | "ok")), "{seen}: {row}");
        assert_eq!(row["usage"]["source"], "reported", "{seen}: {row}");
    }
    assert_eq!((bed.raw.total_calls(), bed.raw.left()), (3, 0), "each stream was read to its end");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_leaves_a_channel_which_cancels_pays_what_was_delivered() {
    let bed = Bed::start().await;
    let model = "cancelled";
    bed.world.add_model(model, waystation_tests::price("2", "10", FEE)).await;
    let channel = bed.world.add_channel(&bed.raw.base_url(), &[model], 0).await;
    let path = format!("/api/admin/channels/{channel}");
    bed.world.patch(&path, json!({ "on_disconnect": "cancel" })).await;
    let (one, two) = (word("one and a half"), word(" two"));
    let events = [ROLE, &one, &two, STOP, USAGE, DONE];
    bed.raw.script(model, stepwise(&events));
    let mut last = 0;
    for seen in 2..=4 {
        bed.raw.permit(seen);
        let (mut response, id) = bed.begin(streamed_question(model)).await;
        read_events(&mut response, seen).await;
        drop(response);
        let row = bed.world.request_row(&id).await;
        expect_cancelled(&row);
        assert_eq!(row["usage"]["source"], "estimated", "{seen}: {row}");
        assert!(amount(&row, "charged") > nanos(FEE), "{seen}: {row}");
        assert!(amount(&row, "charged") >= last, "more was delivered: {row}");
        last = amount(&row, "charged");
        let cancelled = async || (bed.raw.left() == seen - 1).then_some(());
        eventually("the upstream is left", Duration::from_secs(10), cancelled).await;
    }
    // Before there was anything, only what the upstream has read is paid.
    bed.raw.script(model, vec![Step::Hang]);
    let user = bed.world.add_user("1").await;
    let key = bed.world.add_key(&user, json!({})).await;
    let bed = Bed { key, ..bed };
    leave_at_once(&bed, streamed_question(model)).await;
    let row = only_row(&bed, &user).await;
    expect_cancelled(&row);
    assert_eq!(row["usage"]["output_tokens"], 0, "{row}");
    assert!(amount(&row, "charged") > nanos(FEE) && amount(&row, "charged") < nanos("0.0012"), "{row}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_leaves_with_the_last_byte_has_had_its_answer() {
    let bed = Bed::start().await;
    let one = word("one");
    bed.raw.script(MODEL, stream(&[ROLE, &one, STOP, USAGE, DONE]));
    for _ in 0..20 {
        let (mut response, id) = bed.begin(streamed_question(MODEL)).await;
        let text = read_events(&mut response, 4).await;
        assert!(text.ends_with(DONE), "{text}");
        drop(response);
        let row = bed.world.request_row(&id).await;
        assert_eq!((&row["status"], &row["status_code"]), (&json!("ok"), &json!(200)), "{row}");
        assert_eq!(amount(&row, "charged"), nanos(HONEST_COST), "{row}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_streams_on_one_connection_one_may_be_left() {
    let bed = Bed::start().await;
    let one = word("one");
    let mut script = stream(&[ROLE, &one]);
    script.push(Step::Permit);
    script.extend([STOP, USAGE, DONE].map(say));
    bed.raw.script(MODEL, script);
    let client = reqwest::Client::builder().http2_prior_knowledge().no_proxy().build().unwrap();
    let url = format!("{}/v1/chat/completions", bed.world.base_urls()[0]);
    let ask = async || {
        let call = client.post(&url).bearer_auth(&bed.key.secret).header("content-type", "application/json");
        let body = streamed_question(MODEL).to_string();
        let response = call.body(body).send().await.unwrap();
        assert_eq!(response.version(), reqwest::Version::HTTP_2);
        response
    };
    let (mut left, mut kept) = (ask().await, ask().await);
    let left_id = left.headers()["x-request-id"].to_str().unwrap().to_owned();
    for response in [&mut left, &mut kept] {
        assert!(read_events(response, 2).await.contains("one"));
    }
    drop(left);
    bed.raw.permit(2);
    assert!(read_events(&mut kept, 2).await.ends_with(DONE));
    let row = bed.world.request_row(&left_id).await;
    assert_eq!(amount(&row, "charged"), nanos(HONEST_COST), "{row}");
    assert_eq!((bed.raw.total_calls(), bed.raw.left()), (2, 0));
}
