#![doc = include_str!("../README.md")]

mod admin;
mod call;
mod me;
mod oauth;

pub use call::{Client, ClientError};
