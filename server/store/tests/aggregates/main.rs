//! What is kept, on real databases: SQLite always, MariaDB and PostgreSQL where the test bed has started them.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "helpers of tests fail the test by panicking"
)]

mod audit_log;
mod call_maker;
mod call_statistics;
mod calls;
mod catalog;
mod changes;
mod contention;
mod database;
#[path = "../fresh_database/mod.rs"]
mod fresh_database;
mod identities;
mod keys;
mod model_groups;
mod month_of_calls;
mod notices;
mod people;
mod registration;
mod removals;
mod repeated_writes;
mod schema;
mod second_factors;
mod sessions;
mod site_statistics;
mod user_calls;
mod user_ledger;
