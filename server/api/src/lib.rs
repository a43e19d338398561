#![doc = include_str!("../README.md")]

pub mod adjustments;
pub mod channels;
pub mod devices;
pub mod error;
pub mod grants;
pub mod keys;
pub mod ledger;
pub mod models;
pub mod money;
pub mod name;
pub mod oauth;
mod object;
pub mod pagination;
pub mod patch;
pub mod permissions;
pub mod prices;
pub mod requests;
pub mod session;
pub mod setup;
pub mod sign_in;
pub mod time;
pub mod usage;
pub mod users;
