//! Streams and answers that go wrong in every way they can, with what the client sees, what the upstream is sent, and
//! what it costs.
//!
//! Each event of the list of stream events (S) has its tests; those of `server/relay/tests/relay` (relay) and
//! `server/protocol/tests/protocol` (protocol) see what cannot be seen from outside.
//!
//! | event | where |
//! |---|---|
//! | S01 client gone before the head, S02 amid the stream, S03 at the end, S04 while it waits for a whole answer | `client_gone`; relay `caller_gone` |
//! | S05 no connection, no TLS | `no_answer::an_upstream_that_cannot_be_reached_…` |
//! | S06 429 and its wait | `refusals::the_wait_…`; relay `failover` |
//! | S07 4xx | `refusals::every_refusal_…` |
//! | S08 5xx | `no_answer::server_errors_…` |
//! | S09 stall after the request was sent, S15 no first byte | `no_answer::an_upstream_that_takes_the_request_…` |
//! | S10 error before content, S11 after | `error_events` |
//! | S12 cut anywhere, S13 ends without usage, twice, or with nothing, S14 data after the end | `endings` |
//! | S16 silence at any event, S17 nothing but comments | `silence` |
//! | S18 torn frames and line endings, S19 torn letters, S20 broken bytes | `torn`; protocol `stream_fidelity` (each split point) |
//! | S21 large events, S22 slow readers | `large`; relay `link` |
//! | S23 compressed answers | `packed` |
//! | S24 redirects | `refusals::redirects_…` |
//! | S25 connections that died in the pool | `reused_connections` |
//! | S26 conversion fails | not with chat completions, which are not converted |
//! | S27 several choices, tools, reasoning | `choices` |
//! | S28 balance drained meanwhile, S29 key revoked meanwhile | `meanwhile` |
//! | S30 stop with live streams | `stopping`; relay `shutdown` |
//! | S31 killed, or the database lost at settlement | `crate::outage`, `crate::restart` |
//! | S32 late writers | `server/store/tests/ledger`: `late_writers`, and the late settlements of `calls` |
//!
//! `usage_lies` has the upstreams that lie about usage, `odd_answers` those that break HTTP itself, `unchanged` that a relay alters nothing. No retry after the first
//! byte: the call counts in all of them.

mod choices;
mod client_gone;
mod endings;
mod error_events;
mod events;
mod large;
mod meanwhile;
mod no_answer;
mod odd_answers;
mod packed;
mod refusals;
mod reused_connections;
mod silence;
mod stopping;
mod torn;
mod unchanged;
mod usage_lies;

use std::task::Poll;

use serde_json::{Value, json};
use waystation_tests::{
    DatabaseKind, Key, MockUpstream, RawUpstream, Reply, World, WorldOptions, nanos, price,
};

use crate::MODEL;

/// The fee of a call, which is also paid for an answer whose tokens cost next to nothing.
const FEE: &str = "0.001";

/// A world whose model is served by an upstream that speaks by a script.
struct Bed {
    world: World,
    raw: RawUpstream,
    key: Key,
}

/// A call that has ended.
struct Outcome {
    reply: Reply,
    row: Value,
}

impl Bed {
    async fn start() -> Bed {
        Bed::start_with(WorldOptions::single()).await
    }

    async fn start_with(options: WorldOptions) -> Bed {
        let world = World::start_with(DatabaseKind::Sqlite, options);
        let raw = RawUpstream::start().await;
        world.add_model(MODEL, price("2", "10", FEE)).await;
        world.add_channel(&raw.base_url(), &[MODEL], 10).await;
        let key = world.add_customer("10").await;
        Bed { world, raw, key }
    }

    /// A model that this upstream serves first and an honest one second. Channels of its own, because a channel that
    /// failed pauses.
    async fn add_twin(&self, model: &str, first: &RawUpstream) -> MockUpstream {
        let second = MockUpstream::start().await;
        self.world.add_model(model, price("2", "10", FEE)).await;
        self.world.add_channel(&first.base_url(), &[model], 10).await;
        self.world.add_channel(&second.base_url(), &[model], 0).await;
        second
    }

    /// Asks and waits for the row.
    async fn ask(&self, body: Value) -> Outcome {
        let reply = self.world.chat(&self.key.secret, body).await;
        let row = self.world.request_row(&reply.request_id()).await;
        Outcome { reply, row }
    }

    /// Begins a stream that the test reads itself.
    async fn begin(&self, body: Value) -> (reqwest::Response, String) {
        let path = "/v1/chat/completions";
        let response = self.world.send(0, path, &self.key.secret, body.to_string()).await;
        let id = response.headers()["x-request-id"].to_str().expect("ids are text").to_owned();
        (response, id)
    }
}

impl Outcome {
    fn charged(&self) -> i64 {
        amount(&self.row, "charged")
    }

    fn attempts(&self) -> usize {
        self.row["attempts"].as_array().map_or(0, Vec::len)
    }

    /// An error with a real status, for which nothing is paid.
    fn expect_free_error(self, status: u16, code: &str) -> Outcome {
        let reply = self.reply.expect_error(status, code);
        let outcome = Outcome { reply, row: self.row };
        assert_eq!(outcome.charged(), 0, "{}", outcome.row);
        assert_eq!(
            (&outcome.row["status"], &outcome.row["status_code"], &outcome.row["error_code"]),
            (&json!("failed"), &json!(status), &json!(code)),
            "{}",
            outcome.row
        );
        outcome
    }

    /// A whole answer, paid for as the honest upstreams report it.
    fn expect_honest(self) -> Outcome {
        let reply = self.reply.expect(200);
        let outcome = Outcome { reply, row: self.row };
        assert_eq!(outcome.row["status"], "ok", "{}", outcome.row);
        assert_eq!(outcome.charged(), nanos(crate::HONEST_COST), "{}", outcome.row);
        outcome
    }

    /// A stream that had begun and broke off: its last event is this error, nothing looks like an end, and what was
    /// delivered is paid.
    fn expect_interrupted(self, code: &str) -> Outcome {
        let reply = self.reply.expect(200);
        let outcome = Outcome { reply, row: self.row };
        expect_last_error(&outcome.reply, code);
        assert_eq!(
            (&outcome.row["status"], &outcome.row["error_code"]),
            (&json!("interrupted"), &json!(code)),
            "{}",
            outcome.row
        );
        assert!(outcome.charged() > nanos(FEE), "{}", outcome.row);
        assert!(outcome.charged() < nanos("0.002"), "{}", outcome.row);
        outcome
    }
}

/// The stream's last event is this error, and nothing looks like an end.
fn expect_last_error(reply: &Reply, code: &str) {
    assert!(!reply.text.contains("[DONE]"), "{}", reply.text);
    let last: Value = serde_json::from_str(reply.events().last().expect("there is an event"))
        .unwrap_or_else(|error| panic!("{error} in {}", reply.text));
    assert_eq!(last["error"]["code"], code, "{}", reply.text);
}

fn amount(row: &Value, name: &str) -> i64 {
    nanos(row[name].as_str().expect("amounts are decimal strings"))
}

/// Waits for all of them at once.
async fn join_all<T>(calls: impl Iterator<Item = impl Future<Output = T>>) -> Vec<T> {
    let mut waiting: Vec<_> = calls.map(Box::pin).collect();
    let mut done = Vec::with_capacity(waiting.len());
    std::future::poll_fn(|context| {
        waiting.retain_mut(|call| match call.as_mut().poll(context) {
            Poll::Ready(value) => {
                done.push(value);
                false
            }
            Poll::Pending => true,
        });
        if waiting.is_empty() { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    done
}
