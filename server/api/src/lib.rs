#![doc = include_str!("../README.md")]

pub mod adjustments;
pub mod change;
pub mod error;
pub mod grants;
pub mod keys;
pub mod money;
pub mod name;
pub mod pagination;
pub mod permissions;
pub mod session;
pub mod time;
pub mod users;
