//! The books as facts: examples of each rule, and properties over any interleaving of operations.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "what goes wrong in a test's helper fails the test"
)]

mod any_interleaving;
mod sources_in_one_call;
mod world;
