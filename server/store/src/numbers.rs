//! Counts between the signed numbers of the databases and the unsigned ones of the domain.

use crate::error::StoreError;

/// A count as it is stored. None comes near the largest signed number; one that did is held there.
pub(crate) fn stored_count(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// A stored count of tokens; `row` names what cannot be read if it is negative.
pub(crate) fn tokens(stored: i64, row: &'static str) -> Result<u64, StoreError> {
    u64::try_from(stored).map_err(|_| StoreError::Unreadable(row))
}
