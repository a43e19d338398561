#![doc = include_str!("../README.md")]

mod admin;
mod call;
mod insight;
mod me;
mod oauth;
mod registration;
mod second_factors;
mod sign_in;
mod supply;

pub use call::{Client, ClientError};
