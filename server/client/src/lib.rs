#![doc = include_str!("../README.md")]
#![warn(missing_docs)]

mod admin;
mod call;
mod me;

pub use call::{Client, ClientError};
