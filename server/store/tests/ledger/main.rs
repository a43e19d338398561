//! The lanes on real databases: SQLite always, MariaDB and PostgreSQL where the test bed has started them.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "what goes wrong in a test's helper fails the test"
)]

mod audit;
mod calls;
mod every_call;
mod faults;
#[path = "../fresh_database/mod.rs"]
mod fresh_database;
mod funds;
mod late_writers;
mod races;
mod schema;
mod wire;
mod world;
