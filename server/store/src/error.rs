//! Why the store could not do what was asked.

use sea_orm::{DbErr, RuntimeErr, SqlErr, SqlxError};
use thiserror::Error;

/// A failed operation of the store.
#[derive(Debug, Error)]
pub enum StoreError {
    /// The database could not be reached, or did not answer in time, or gave way to another transaction for too long.
    /// The same may succeed soon.
    #[error("the database is not available")]
    Unavailable(#[source] DbErr),
    /// A row with the same value in this unique column exists.
    #[error("{0} is taken already")]
    Taken(&'static str),
    /// The row is not there, or not this owner's.
    #[error("there is no such {0}")]
    Missing(&'static str),
    /// There would be more of these than may be.
    #[error("there are too many {0}")]
    TooMany(&'static str),
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
        let is_passing = match &error {
            DbErr::ConnectionAcquire(_) | DbErr::Conn(_) => true,
            _ => is_taken_back(&error) || is_connection_lost(&error),
        };
        if is_passing { StoreError::Unavailable(error) } else { StoreError::Statement(error) }
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

    /// Whether the database took the whole transaction back for another's sake: nothing of it was done.
    pub(crate) fn is_taken_back(&self) -> bool {
        matches!(self, StoreError::Unavailable(error) if is_taken_back(error))
    }
}

/// Deadlock, lock time-out, serialisation failure or busy.
fn is_taken_back(error: &DbErr) -> bool {
    let Some(SqlxError::Database(error)) = sqlx_error(error) else { return false };
    let code = error.code().unwrap_or_default();
    let message = error.message();
    // PostgreSQL's and MySQL's SQLSTATE; SQLite's codes: busy with its extensions, and locked.
    matches!(code.as_ref(), "40001" | "40P01" | "55P03" | "5" | "261" | "517" | "6")
        || (code == "HY000" && (message.contains("1205") || message.contains("Lock wait timeout")))
}

/// The connection went away, or the server is ending: what was sent last may or may not have been done.
fn is_connection_lost(error: &DbErr) -> bool {
    match sqlx_error(error) {
        Some(SqlxError::Database(error)) => {
            let code = error.code().unwrap_or_default();
            // PostgreSQL's SQLSTATE: the server is ending, and the classes "connection" and "out of resources".
            matches!(code.as_ref(), "57P01" | "57P02" | "57P03")
                || code.starts_with("08")
                || code.starts_with("53")
        }
        Some(
            SqlxError::Io(_)
            | SqlxError::PoolTimedOut
            | SqlxError::PoolClosed
            | SqlxError::Protocol(_)
            | SqlxError::WorkerCrashed,
        ) => true,
        _ => false,
    }
}

fn sqlx_error(error: &DbErr) -> Option<&SqlxError> {
    match error {
        DbErr::Conn(RuntimeErr::SqlxError(error))
        | DbErr::Exec(RuntimeErr::SqlxError(error))
        | DbErr::Query(RuntimeErr::SqlxError(error)) => Some(error),
        _ => None,
    }
}
