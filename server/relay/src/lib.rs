#![doc = include_str!("../README.md")]
#![warn(missing_docs)]

mod caller;
mod catalog;
mod ports;
mod settings;
mod upstream_url;

pub use caller::{Caller, IpNetwork, IpNetworkError};
pub use catalog::{Channel, ChannelFormat, Credential, CredentialSecret, Model, OnDisconnect, Route};
pub use ports::{
    Books, BudgetCalendar, BudgetSpan, CallerError, Callers, Catalog, CatalogError, Clock, Randomness, ReserveError,
    SettleError,
};
pub use settings::{Interrupted, RelaySettings};
pub use upstream_url::{UpstreamUrl, UpstreamUrlError};
