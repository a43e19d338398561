//! Values as columns hold them: counts as signed numbers, structures as JSON text.

use sea_orm::DbErr;
use serde::{Serialize, de::DeserializeOwned};

use crate::error::StoreError;

/// A count as it is stored. None comes near the largest signed number; one that did is held there.
pub(crate) fn write_count(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// A stored count; `row` names what cannot be read if it is negative.
pub(crate) fn read_count(stored: i64, row: &'static str) -> Result<u64, StoreError> {
    u64::try_from(stored).map_err(|_| StoreError::Unreadable(row))
}

/// A structure as JSON text.
pub(crate) fn write_json(value: &(impl Serialize + ?Sized)) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| StoreError::Statement(DbErr::Custom(error.to_string())))
}

/// A structure from JSON text; `row` names what cannot be read if it is none.
pub(crate) fn read_json<T: DeserializeOwned>(text: &str, row: &'static str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|_| StoreError::Unreadable(row))
}
