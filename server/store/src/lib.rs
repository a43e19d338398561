#![doc = include_str!("../README.md")]

mod connection;
mod error;
mod leases;
mod ledger_lanes;
mod sql;

pub use connection::{DatabaseKind, Store, StoreOptions};
pub use error::StoreError;
pub use leases::INSTANCE_LEASE_MS;
pub use ledger_lanes::{
    AdjustmentRecord, FundsOrder, FundsReceipt, FundsTarget, LaneError, Lapsed, LedgerLanes, SweepReport,
};
