#![doc = include_str!("../README.md")]

mod admin;
mod call;
mod me;
mod oauth;
mod sign_in;

pub use call::{Client, ClientError};
