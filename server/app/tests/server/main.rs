//! The server and its commands as processes: what an operator and a client see of them.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests fail the test by panicking"
)]

mod attached;
mod audit;
mod browser;
mod catalog;
mod closed;
mod commands;
mod demo;
mod first_admins;
mod first_run;
mod guards;
mod insight;
mod management;
mod metrics;
mod pages;
mod serving;
mod sessions;
mod supply;
mod world;
