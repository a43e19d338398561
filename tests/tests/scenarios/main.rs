//! Scenarios: whole stories told to real servers on real databases.
//!
//! A module per subject; each test is named after the fact it shows. A `World` audits the books when it ends.

mod audits;
mod bad_input;
mod bodies;
mod connections;
mod faults;
mod first_call;
mod grants;
mod hostile_upstream;
mod key_limits;
mod kills;
mod load;
mod log;
mod metrics;
mod mutations;
mod numbers;
mod outage;
mod packed_bodies;
mod price_change;
mod race;
mod restart;
mod retry;
mod revenue;
mod revocation;
mod schema;
mod sign_in;
mod site_settings;
mod slow_sockets;
mod stopping;
mod streams;
mod test_bed;
mod upstream_probes;

use serde_json::{Value, json};
use waystation_tests::{MockUpstream, World, price};

/// The model most scenarios call: 2 USD a million read, 10 USD a million written, 0.001 USD a call.
const MODEL: &str = "echo";

/// What the honest mock's answer costs: 12 tokens read, 5 written, one call.
const HONEST_COST: &str = "0.001074";

/// Gives a world the usual model on a mock upstream.
async fn add_mock(world: &World) -> MockUpstream {
    let mock = MockUpstream::start().await;
    world.add_model(MODEL, price("2", "10", "0.001")).await;
    world.add_channel(&mock.base_url(), &[MODEL], 0).await;
    mock
}

/// A short question; the answer may have 64 tokens.
fn question(model: &str) -> Value {
    json!({
        "model": model,
        "messages": [{ "role": "user", "content": "Count to five, in words, with nothing else around it." }],
        "max_tokens": 64,
    })
}

/// The same, streamed.
fn streamed_question(model: &str) -> Value {
    let mut question = question(model);
    question["stream"] = json!(true);
    question
}
