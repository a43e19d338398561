#![doc = include_str!("../README.md")]

mod cost;
mod money;
mod price;
mod usage;

pub use cost::{Cost, CostLine, Multiplier, Split};
pub use money::{Money, MoneyError};
pub use price::{Fees, Price, PriceError, Rate};
pub use usage::{Bucket, Usage, UsageSource};
