#![doc = include_str!("../README.md")]

mod json_members;
mod run;
mod targets;

pub use run::{Finding, Limits, Summary, run_target};
pub use targets::{TARGETS, Target};
