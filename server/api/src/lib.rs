#![doc = include_str!("../README.md")]

pub mod adjustments;
pub mod channels;
pub mod error;
pub mod grants;
pub mod ledger;
pub mod models;
pub mod money;
pub mod pagination;
mod patch;
pub mod prices;
pub mod requests;
pub mod time;
pub mod usage;
