//! The load generator: one thread that sends prepared bytes and reads no more of an answer than it must.

mod closed_loop;
mod connection;
mod fixed_rate;
mod streams;
mod timing;

use std::net::SocketAddr;
use std::sync::Arc;

pub(crate) use closed_loop::run_closed_loop;
pub(crate) use connection::Connection;
pub(crate) use fixed_rate::run_fixed_rate;
pub(crate) use streams::OpenStreams;
pub(crate) use timing::Timing;

use crate::traffic::{StreamPlan, chat_request, get_request};

/// Where calls go and what they say: one prepared request for each key, taken in turn.
#[derive(Clone, Debug)]
pub(crate) struct Calls {
    /// Who is called.
    pub address: SocketAddr,
    /// The requests, heads and bodies.
    pub requests: Vec<Arc<[u8]>>,
}

impl Calls {
    /// Chat completions with these keys.
    pub fn chat(address: SocketAddr, secrets: &[String], plan: Option<StreamPlan>) -> Calls {
        let host = address.to_string();
        let requests = secrets.iter().map(|secret| chat_request(&host, secret, plan).into()).collect();
        Calls { address, requests }
    }

    /// `GET`s of a path with these keys.
    pub fn get(address: SocketAddr, secrets: &[String], path: &str) -> Calls {
        let host = address.to_string();
        let requests = secrets.iter().map(|secret| get_request(&host, path, secret).into()).collect();
        Calls { address, requests }
    }

    /// The request of the caller with this number.
    fn request(&self, number: usize) -> Option<Arc<[u8]>> {
        self.requests.get(number % self.requests.len().max(1)).cloned()
    }
}

/// What a run of calls came to.
#[derive(Clone, Debug, Default)]
pub(crate) struct CallFigures {
    /// Calls answered with 200.
    pub answered: u64,
    /// Calls answered otherwise or not at all.
    pub failed: u64,
    /// How long the run took, in seconds.
    pub seconds: f64,
    /// How long the answered calls took.
    pub timing: Timing,
}

impl CallFigures {
    /// Answered calls a second.
    pub fn rate(&self) -> f64 {
        if self.seconds > 0.0 { self.answered as f64 / self.seconds } else { 0.0 }
    }
}
