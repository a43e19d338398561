//! The connection over which the lane writes a SQLite file.
//!
//! It runs statements in the thread that asks for them. The pool that everything else uses hands each statement to a
//! thread of its own and waits for the answer, which for the dozen statements of a batch costs more than what they
//! do. Whoever writes takes the same turn, so the file is never contended within the process.

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{CachedStatement, Connection, ErrorCode, ToSql};
use sea_orm::{DbErr, RuntimeErr, Statement, Value};
use tokio::sync::OwnedMutexGuard;

/// Texts of statements that stay prepared: all that a lane uses, and some that only a sweep does.
const STATEMENTS_MAX: usize = 128;
/// How long another process may keep the file from being written.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// Pages in the journal from which a commit merges them itself; a checkpoint beside the writer comes long before.
pub(crate) const JOURNAL_PAGES_MAX: i64 = 16_384;

/// A file's connection for the books. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct SqliteBooks {
    connection: Arc<Mutex<Connection>>,
}

/// A transaction on the books' own connection; taken back when it is dropped without a commit.
#[derive(Debug)]
pub(crate) struct SqliteTransaction {
    books: SqliteBooks,
    is_open: bool,
    _turn: OwnedMutexGuard<()>,
}

/// A connection that merges the journal into the file while the books are written.
pub(crate) struct SqliteJournal {
    connection: Connection,
}

/// A row as the file has it.
#[derive(Debug)]
pub(crate) struct SqliteRow {
    columns: Arc<[String]>,
    values: Vec<rusqlite::types::Value>,
}

impl SqliteBooks {
    /// Opens a file that is there.
    pub fn open(path: &Path) -> Result<Self, DbErr> {
        let connection = open(path).map_err(connection_error)?;
        Ok(SqliteBooks { connection: Arc::new(Mutex::new(connection)) })
    }

    /// Begins a transaction that may write.
    pub fn begin(&self, turn: OwnedMutexGuard<()>) -> Result<SqliteTransaction, DbErr> {
        self.lock().execute_batch("BEGIN IMMEDIATE").map_err(statement_error)?;
        Ok(SqliteTransaction { books: self.clone(), is_open: true, _turn: turn })
    }

    fn lock(&self) -> MutexGuard<'_, Connection> {
        // A panic in between leaves a transaction open at worst, which the next one's beginning tells.
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl SqliteJournal {
    /// Opens a file that is there.
    pub fn open(path: &Path) -> Result<Self, DbErr> {
        Ok(SqliteJournal { connection: open(path).map_err(connection_error)? })
    }

    /// Merges what no reader needs any more. The writer begins the journal anew once all of it is merged.
    pub fn merge(&self) -> Result<(), DbErr> {
        self.connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(())).map_err(statement_error)
    }
}

impl SqliteTransaction {
    /// Commits. After an error it may have happened.
    pub fn commit(mut self) -> Result<(), DbErr> {
        self.books.lock().execute_batch("COMMIT").map_err(statement_error)?;
        self.is_open = false;
        Ok(())
    }

    /// Runs a statement; gives the number of rows it changed.
    pub fn execute(&self, statement: &Statement) -> Result<u64, DbErr> {
        let connection = self.books.lock();
        let changed = bound(&connection, statement).and_then(|mut bound| bound.raw_execute());
        Ok(changed.map_err(statement_error)? as u64)
    }

    /// Runs a statement once for every `width` values.
    pub fn execute_each(&self, text: &str, width: usize, values: &[Value]) -> Result<(), DbErr> {
        let connection = self.books.lock();
        let mut prepared = connection.prepare_cached(text).map_err(statement_error)?;
        for row in values.chunks(width) {
            bind(&mut prepared, row).and_then(|()| prepared.raw_execute()).map_err(statement_error)?;
        }
        Ok(())
    }

    /// Runs a query.
    pub fn query(&self, statement: &Statement) -> Result<Vec<SqliteRow>, DbErr> {
        let connection = self.books.lock();
        let mut bound = bound(&connection, statement).map_err(statement_error)?;
        let columns: Arc<[String]> = bound.column_names().into_iter().map(str::to_owned).collect();
        let mut rows = bound.raw_query();
        let mut read = Vec::new();
        while let Some(row) = rows.next().map_err(statement_error)? {
            let values = (0..columns.len()).map(|place| row.get(place)).collect::<Result<_, _>>();
            read.push(SqliteRow { columns: columns.clone(), values: values.map_err(statement_error)? });
        }
        Ok(read)
    }
}

impl SqliteRow {
    /// The value of this column.
    pub fn value(&self, column: &str) -> Option<&rusqlite::types::Value> {
        let place = self.columns.iter().position(|name| name == column)?;
        self.values.get(place)
    }
}

impl Drop for SqliteTransaction {
    fn drop(&mut self) {
        let connection = self.books.lock();
        // A commit that failed may have taken everything back by itself.
        if self.is_open
            && !connection.is_autocommit()
            && let Err(error) = connection.execute_batch("ROLLBACK")
        {
            tracing::error!(%error, "a transaction could not be taken back");
        }
    }
}

fn open(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    // Committed means it survives power loss.
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", "ON")?;
    connection.pragma_update(None, "cache_size", -16_384)?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    connection.pragma_update(None, "wal_autocheckpoint", JOURNAL_PAGES_MAX)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
    Ok(connection)
}

/// The statement, prepared now or before, with its values.
fn bound<'connection>(
    connection: &'connection Connection,
    statement: &Statement,
) -> rusqlite::Result<CachedStatement<'connection>> {
    let mut prepared = connection.prepare_cached(&statement.sql)?;
    bind(&mut prepared, statement.values.as_ref().map_or(&[], |values| &values.0))?;
    Ok(prepared)
}

fn bind(prepared: &mut CachedStatement<'_>, values: &[Value]) -> rusqlite::Result<()> {
    for (place, value) in values.iter().enumerate() {
        prepared.raw_bind_parameter(place + 1, Bound(value))?;
    }
    Ok(())
}

/// A value on its way into a statement.
struct Bound<'a>(&'a Value);

impl ToSql for Bound<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        let value = match self.0 {
            Value::Bool(value) => value.map_or(ValueRef::Null, |value| ValueRef::Integer(value.into())),
            Value::BigInt(value) => value.map_or(ValueRef::Null, ValueRef::Integer),
            Value::BigUnsigned(value) => match value.map(i64::try_from) {
                None => ValueRef::Null,
                Some(Ok(value)) => ValueRef::Integer(value),
                Some(Err(error)) => return Err(rusqlite::Error::ToSqlConversionFailure(error.into())),
            },
            Value::Int(value) => value.map_or(ValueRef::Null, |value| ValueRef::Integer(value.into())),
            Value::String(value) => {
                value.as_ref().map_or(ValueRef::Null, |text| ValueRef::Text(text.as_bytes()))
            }
            Value::Bytes(value) => {
                value.as_ref().map_or(ValueRef::Null, |bytes| ValueRef::Blob(bytes.as_slice()))
            }
            Value::Uuid(value) => value.as_ref().map_or(ValueRef::Null, |id| ValueRef::Blob(id.as_bytes())),
            other => {
                let message = format!("a value of the books cannot be {other:?}");
                return Err(rusqlite::Error::ToSqlConversionFailure(message.into()));
            }
        };
        Ok(ToSqlOutput::Borrowed(value))
    }
}

fn connection_error(error: rusqlite::Error) -> DbErr {
    DbErr::Conn(RuntimeErr::Internal(error.to_string()))
}

/// What another may be the cause of passes; anything else lasts.
fn statement_error(error: rusqlite::Error) -> DbErr {
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked | ErrorCode::SystemIoFailure) => {
            connection_error(error)
        }
        _ => DbErr::Exec(RuntimeErr::Internal(error.to_string())),
    }
}
