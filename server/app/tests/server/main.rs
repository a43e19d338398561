//! The server and its commands as processes: what an operator and a client see of them.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests fail the test by panicking"
)]

mod audit;
mod browser;
mod catalog;
mod commands;
mod demo;
mod first_run;
mod guards;
mod management;
mod metrics;
mod serving;
mod sessions;
mod supply;
mod world;
