#![doc = include_str!("../README.md")]

mod admin;
mod call;
mod me;
mod registration;

pub use call::{Client, ClientError};
