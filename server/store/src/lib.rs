#![doc = include_str!("../README.md")]

mod connection;
mod error;

pub use connection::{DatabaseKind, Store, StoreOptions};
pub use error::StoreError;
