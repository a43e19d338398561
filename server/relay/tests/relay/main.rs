//! Calls through the relay against scripted upstreams, with the rest of the server in memory.

// The test harness may fail loudly, as tests do.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod admission;
mod books_down;
mod caller_gone;
mod failover;
mod many_calls;
mod shutdown;
mod streams;
mod upstream;
mod whole_answers;
mod world;
