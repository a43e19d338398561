//! The wire formats seen from outside: what goes in, what comes out, and what no input may do.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail the test by panicking")]

mod chat_request;
mod chat_response;
mod chat_stream;
mod error;
mod model_list;
mod request_rewrite;
mod sse;
mod stream_fidelity;
mod token_bound;
mod usage;
