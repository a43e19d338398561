#![doc = include_str!("../README.md")]

mod admin;
mod call;
mod me;

pub use call::{Client, ClientError};
