#![doc = include_str!("../README.md")]

mod count;
mod histogram;
mod page;

pub use count::{Counter, Gauge, LabelledCounters};
pub use histogram::{Histogram, Unit};
pub use page::{CONTENT_TYPE, Page};
