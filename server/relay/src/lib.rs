#![doc = include_str!("../README.md")]

mod admission;
mod answer;
mod call_error;
mod caller;
mod catalog;
mod chat_answer;
mod chat_call;
mod chat_stream;
mod credential;
mod demo;
mod failure;
mod health;
mod link;
mod model_list;
mod network_guard;
mod open_call;
mod packed_body;
mod packing;
mod pieces;
mod ports;
mod probe;
mod relay;
mod settings;
mod timestamp;
mod upstream;
mod upstream_client;
mod upstream_url;
mod watch;
mod ways;

pub use answer::{HasHold, RelayBody, RelayBodyError};
pub use caller::{Caller, IpNetwork, IpNetworkError};
pub use catalog::{Channel, ChannelFormat, Credential, CredentialSecret, Model, OnDisconnect, Route};
pub use credential::credential_of;
pub use network_guard::is_public;
pub use packing::{Packing, UnknownPacking, Unpacked};
pub use ports::{
    Books, BudgetCalendar, BudgetSpan, CallerError, Callers, Catalog, CatalogError, Clock, Randomness,
    ReserveError, SettleError,
};
pub use probe::{Probe, ProbeFailure, ProbeFailureKind, ProbedUpstream, Prober};
pub use relay::{Access, Call, Relay, RelayError, RelayPorts};
pub use settings::{Interrupted, RelaySettings};
pub use upstream_url::{UpstreamUrl, UpstreamUrlError};
