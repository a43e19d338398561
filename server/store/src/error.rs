//! Why the store could not do what was asked.

use sea_orm::{DbErr, SqlErr};
use thiserror::Error;

/// A failed operation of the store.
#[derive(Debug, Error)]
pub enum StoreError {
    /// The database could not be reached, or did not answer in time.
    #[error("the database is not available")]
    Unavailable(#[source] DbErr),
    /// A row with the same value in this unique column exists.
    #[error("{0} is taken already")]
    Taken(&'static str),
    /// The row is not there, or not this owner's.
    #[error("there is no such {0}")]
    Missing(&'static str),
    /// A stored value is not one that this version writes.
    #[error("a stored {0} cannot be read")]
    Unreadable(&'static str),
    /// A statement failed.
    #[error("a database statement failed")]
    Statement(#[source] DbErr),
    /// The schema is older or newer than this version expects.
    #[error("the database schema does not fit this version: {0}")]
    Schema(String),
}

impl From<DbErr> for StoreError {
    fn from(error: DbErr) -> Self {
        match error {
            DbErr::ConnectionAcquire(_) | DbErr::Conn(_) => StoreError::Unavailable(error),
            other => StoreError::Statement(other),
        }
    }
}

impl StoreError {
    /// Makes a broken unique constraint the field's error; every other failure stays what it is.
    pub(crate) fn taken(error: DbErr, field: &'static str) -> Self {
        match error.sql_err() {
            Some(SqlErr::UniqueConstraintViolation(_)) => StoreError::Taken(field),
            _ => error.into(),
        }
    }
}
