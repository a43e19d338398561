//! A ledger lane's transaction, the same on every database.

use std::borrow::Cow;
use std::sync::Arc;

use rusqlite::types::Value as SqliteValue;
use sea_orm::{ConnectionTrait, DatabaseBackend, DatabaseTransaction, DbErr, QueryResult, StatementBuilder};
use uuid::Uuid;

use crate::connection::database_time_ms;
use crate::error::StoreError;
use crate::planned_faults::{PlannedFaults, carry};
use crate::sqlite_books::{SqliteRow, SqliteTransaction};

/// A transaction on the books; taken back when it is dropped without a commit.
pub(crate) struct BookTransaction {
    place: Place,
    /// None but in tests.
    faults: Option<Arc<PlannedFaults>>,
}

/// Where the books are.
pub(crate) enum Place {
    /// On a database server.
    Server(DatabaseTransaction),
    /// In a file of this host.
    File(SqliteTransaction),
}

/// A row of the books.
pub(crate) enum BookRow {
    /// As a database server gives it.
    Server(QueryResult),
    /// As the file has it.
    File(SqliteRow),
}

impl BookTransaction {
    pub fn new(place: Place, faults: Option<Arc<PlannedFaults>>) -> Self {
        BookTransaction { place, faults }
    }

    /// Whose SQL it speaks.
    pub fn backend(&self) -> DatabaseBackend {
        match &self.place {
            Place::Server(transaction) => transaction.get_database_backend(),
            Place::File(_) => DatabaseBackend::Sqlite,
        }
    }

    /// Runs a query.
    pub async fn query(&self, query: &impl StatementBuilder) -> Result<Vec<BookRow>, StoreError> {
        let statement = self.backend().build(query);
        let running = async {
            Ok(match &self.place {
                Place::Server(transaction) => {
                    let rows = transaction.query_all_raw(statement).await?;
                    rows.into_iter().map(BookRow::Server).collect()
                }
                Place::File(transaction) => {
                    transaction.query(&statement)?.into_iter().map(BookRow::File).collect()
                }
            })
        };
        Ok(carry(self.faults.as_deref(), running).await?)
    }

    /// Runs a statement.
    pub async fn execute(&self, statement: &impl StatementBuilder) -> Result<(), StoreError> {
        self.execute_raw(self.backend().build(statement)).await
    }

    /// Runs a statement of which the text is there already.
    pub async fn execute_raw(&self, statement: sea_orm::Statement) -> Result<(), StoreError> {
        let running = async {
            match &self.place {
                Place::Server(transaction) => transaction.execute_raw(statement).await.map(|_| ()),
                Place::File(transaction) => transaction.execute(&statement).map(|_| ()),
            }
        };
        Ok(carry(self.faults.as_deref(), running).await?)
    }

    /// Whether the books are a file of this host.
    pub fn is_file(&self) -> bool {
        matches!(self.place, Place::File(_))
    }

    /// Runs a statement in the file once for every `width` values.
    pub async fn execute_each(
        &self,
        text: String,
        width: usize,
        values: Vec<sea_orm::Value>,
    ) -> Result<(), StoreError> {
        let running = async {
            match &self.place {
                Place::Server(_) => Err(DbErr::Custom("a server takes many rows at once".to_owned())),
                Place::File(transaction) => transaction.execute_each(&text, width, &values),
            }
        };
        Ok(carry(self.faults.as_deref(), running).await?)
    }

    /// The database's clock, in unix milliseconds.
    pub async fn now_ms(&self) -> Result<i64, StoreError> {
        match &self.place {
            Place::Server(transaction) => {
                Ok(carry(self.faults.as_deref(), database_time_ms(transaction)).await?)
            }
            Place::File(_) => Ok(crate::connection::host_time_ms()),
        }
    }

    /// Commits. After an error it may have happened.
    pub async fn commit(self) -> Result<(), DbErr> {
        let committing = async {
            match self.place {
                Place::Server(transaction) => transaction.commit().await,
                Place::File(transaction) => transaction.commit(),
            }
        };
        carry(self.faults.as_deref(), committing).await
    }
}

impl BookRow {
    /// A UUID.
    pub fn id(&self, column: &'static str) -> Result<Uuid, StoreError> {
        self.optional_id(column)?.ok_or(StoreError::Unreadable(column))
    }

    /// A UUID that may be absent.
    pub fn optional_id(&self, column: &'static str) -> Result<Option<Uuid>, StoreError> {
        match self {
            BookRow::Server(row) => Ok(row.try_get("", column)?),
            BookRow::File(row) => match row.value(column) {
                Some(SqliteValue::Null) => Ok(None),
                Some(SqliteValue::Blob(bytes)) => {
                    Uuid::from_slice(bytes).map(Some).map_err(|_| StoreError::Unreadable(column))
                }
                _ => Err(StoreError::Unreadable(column)),
            },
        }
    }

    /// A number.
    pub fn number(&self, column: &'static str) -> Result<i64, StoreError> {
        self.optional_number(column)?.ok_or(StoreError::Unreadable(column))
    }

    /// A number that may be absent.
    pub fn optional_number(&self, column: &'static str) -> Result<Option<i64>, StoreError> {
        match self {
            BookRow::Server(row) => Ok(row.try_get("", column)?),
            BookRow::File(row) => match row.value(column) {
                Some(SqliteValue::Null) => Ok(None),
                Some(SqliteValue::Integer(number)) => Ok(Some(*number)),
                _ => Err(StoreError::Unreadable(column)),
            },
        }
    }

    /// Bytes.
    pub fn bytes(&self, column: &'static str) -> Result<Vec<u8>, StoreError> {
        match self {
            BookRow::Server(row) => Ok(row.try_get("", column)?),
            BookRow::File(row) => match row.value(column) {
                Some(SqliteValue::Blob(bytes)) => Ok(bytes.clone()),
                _ => Err(StoreError::Unreadable(column)),
            },
        }
    }

    /// Text.
    pub fn text(&self, column: &'static str) -> Result<Cow<'_, str>, StoreError> {
        self.optional_text(column)?.ok_or(StoreError::Unreadable(column))
    }

    /// Text that may be absent.
    pub fn optional_text(&self, column: &'static str) -> Result<Option<Cow<'_, str>>, StoreError> {
        match self {
            BookRow::Server(row) => Ok(row.try_get::<Option<String>>("", column)?.map(Cow::Owned)),
            BookRow::File(row) => match row.value(column) {
                Some(SqliteValue::Null) => Ok(None),
                Some(SqliteValue::Text(text)) => Ok(Some(Cow::Borrowed(text))),
                _ => Err(StoreError::Unreadable(column)),
            },
        }
    }
}
