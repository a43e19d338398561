//! The desktop's logic against real servers: the program `waystation`, plain and behind TLS. `WAYSTATION_BIN` names it;
//! unless given it is the one that the root workspace has built.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests fail the test by panicking"
)]

mod calls;
mod drawer;
mod front;
mod local;
mod pairing;
mod site;
mod strangers;
