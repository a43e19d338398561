//! Calls through the relay against scripted upstreams, with the rest of the server in memory.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests fail the test by panicking"
)]

mod admission;
mod any_usage;
mod books_down;
mod caller_gone;
mod failover;
mod many_calls;
mod probe;
mod shutdown;
mod streams;
mod upstream;
mod whole_answers;
mod world;
