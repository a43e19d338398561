#![doc = include_str!("../README.md")]

mod changes;
mod connection;
mod error;
mod site;

pub use changes::{Change, ChangeKind, RecentChanges};
pub use connection::{DatabaseKind, Store, StoreOptions};
pub use error::StoreError;
pub use site::Setting;
