#![doc = include_str!("../README.md")]

pub mod adjustments;
pub mod error;
pub mod grants;
pub mod money;
pub mod pagination;
pub mod time;
