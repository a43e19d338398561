#![doc = include_str!("../README.md")]

mod admin;
mod call;
mod me;
mod sign_in;

pub use call::{Client, ClientError};
