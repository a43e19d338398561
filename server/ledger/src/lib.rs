#![doc = include_str!("../README.md")]

mod account;
mod books;
mod budget;
mod call;
mod funds;
mod hold;
mod record;
mod sources;
mod transfer;

pub use account::{Account, AccountKind, Balance, SystemAccount, Terms, Unit, WhenUsed};
pub use books::{Books, Refusal};
pub use budget::{Budget, BudgetPeriod, Spending};
pub use call::{Correction, Crashed, LostHold, OutputCap, Reserve, Settled};
pub use funds::{Direction, FundsMoved, MoveFunds};
pub use hold::{BudgetHold, Hold, HoldLine, SourceLine};
pub use record::{AttemptRecord, CallRecord, CallStatus, Settlement, UsageRecord};
pub use transfer::{Transfer, TransferKind};
