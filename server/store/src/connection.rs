//! Connections to the database, and the transactions they begin.

use std::fmt;
use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use sea_orm::sqlx::sqlite::SqliteConnectOptions;
use sea_orm::sqlx::{Connection, Executor, SqliteConnection};
use sea_orm::{
    ConnectOptions, ConnectionTrait, Database, DatabaseBackend, DatabaseConnection, DatabaseTransaction,
    DbErr, IsolationLevel, SqliteTransactionMode, SqlxError, Statement, TransactionOptions, TransactionTrait,
};
use tokio::sync::{Mutex, OwnedMutexGuard};

use crate::book_transaction::{BookTransaction, Place};
use crate::error::StoreError;
use crate::planned_faults::{Line, PlannedFaults, carry};
use crate::sqlite_books::{JOURNAL_PAGES_MAX, SqliteBooks, SqliteJournal};

const SQLITE_READERS: u32 = 8;

/// Which database holds the site.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DatabaseKind {
    /// A file in the data directory.
    Sqlite,
    /// MySQL 8, MariaDB 10.6 and later, or what speaks like them.
    MySql,
    /// PostgreSQL 14 and later.
    Postgres,
}

/// Where the database is and how much of it to use.
#[derive(Clone, Debug)]
pub struct StoreOptions {
    /// `sqlite:` with a path, `mysql://…` or `postgres://…`.
    pub url: String,
    /// The most connections to a server; SQLite has one writer and eight readers.
    pub max_connections: u32,
}

/// The database of a site. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    kind: DatabaseKind,
    url: Arc<str>,
    writer: DatabaseConnection,
    reader: Line<DatabaseConnection>,
    sqlite: Option<SqliteWriting>,
    /// Taken by what looks at many rows: one at a time in a process.
    search_turn: Arc<Mutex<()>>,
    /// None but in tests.
    faults: Option<Arc<PlannedFaults>>,
}

/// How this process writes a SQLite file.
#[derive(Clone)]
struct SqliteWriting {
    path: Arc<Path>,
    books: SqliteBooks,
    /// Taken by every transaction that writes: a file has one writer at a time, and a queue of our own is fair.
    turn: Arc<Mutex<()>>,
}

/// A transaction of the store, on SQLite with the turn to write; taken back when it is dropped without a commit.
pub(crate) type Transaction = Line<DatabaseTransaction, Option<OwnedMutexGuard<()>>>;

impl Store {
    /// Connects without looking at the schema.
    pub async fn connect(options: &StoreOptions) -> Result<Self, StoreError> {
        Store::connect_with(options, None).await
    }

    /// Connects to a database of which some calls will fail, as the plan says. For tests.
    pub async fn connect_faulty(
        options: &StoreOptions,
        faults: Arc<PlannedFaults>,
    ) -> Result<Self, StoreError> {
        Store::connect_with(options, Some(faults)).await
    }

    async fn connect_with(
        options: &StoreOptions,
        faults: Option<Arc<PlannedFaults>>,
    ) -> Result<Self, StoreError> {
        let kind = DatabaseKind::of_url(&options.url)?;
        let (writer, reader) = match kind {
            DatabaseKind::Sqlite => {
                let writer = Database::connect(sqlite_options(&options.url, 1, false)).await?;
                let reader = Database::connect(sqlite_options(&options.url, SQLITE_READERS, true)).await?;
                (writer, reader)
            }
            DatabaseKind::MySql | DatabaseKind::Postgres => {
                let pool = Database::connect(server_options(&options.url, options.max_connections)).await?;
                (pool.clone(), pool)
            }
        };
        let reader = Line::new(reader, faults.clone(), ());
        let sqlite = match kind {
            DatabaseKind::Sqlite => Some(SqliteWriting::open(&options.url)?),
            DatabaseKind::MySql | DatabaseKind::Postgres => None,
        };
        let url = options.url.as_str().into();
        Ok(Store { kind, url, writer, reader, sqlite, search_turn: Arc::default(), faults })
    }

    /// Which database it is.
    pub fn kind(&self) -> DatabaseKind {
        self.kind
    }

    /// Whether the database answers.
    pub async fn ping(&self) -> Result<(), StoreError> {
        self.reader.inner().ping().await.map_err(StoreError::from)
    }

    /// The database's clock, in unix milliseconds.
    pub async fn now_ms(&self) -> Result<i64, StoreError> {
        Ok(database_time_ms(&self.reader).await?)
    }

    /// Closes every connection; a SQLite file is left with its journal merged.
    pub async fn close(self) -> Result<(), StoreError> {
        if self.kind == DatabaseKind::Sqlite {
            self.reader.inner().clone().close().await?;
        }
        self.writer.close().await?;
        Ok(())
    }

    /// Where queries outside of a transaction go. On SQLite these connections cannot write.
    pub(crate) fn reader(&self) -> &Line<DatabaseConnection> {
        &self.reader
    }

    /// What looks at many rows holds this while it does.
    pub(crate) fn search_turn(&self) -> &Mutex<()> {
        &self.search_turn
    }

    /// Where statements outside of a transaction may write.
    pub(crate) fn writer(&self) -> &DatabaseConnection {
        &self.writer
    }

    /// One connection to a database server beside the pool, for what must stay on the same one. It waits for locks as
    /// long as the server lets it.
    pub(crate) async fn connect_alone(&self) -> Result<DatabaseConnection, DbErr> {
        let mut options = ConnectOptions::new(server_url(&self.url));
        options
            .max_connections(1)
            .min_connections(1)
            .acquire_timeout(Duration::from_secs(5))
            .connect_timeout(Duration::from_secs(5))
            .idle_timeout(None::<Duration>)
            .max_lifetime(None::<Duration>)
            .test_before_acquire(false)
            .sqlx_logging(false);
        Database::connect(options).await
    }

    /// Begins a transaction in which every read sees the same moment. Keep it short.
    pub(crate) async fn begin_snapshot(&self) -> Result<Transaction, DbErr> {
        let options = TransactionOptions {
            isolation_level: match self.kind {
                DatabaseKind::Sqlite => None,
                DatabaseKind::MySql | DatabaseKind::Postgres => Some(IsolationLevel::RepeatableRead),
            },
            access_mode: None,
            sqlite_transaction_mode: Some(SqliteTransactionMode::Deferred),
        };
        let beginning = self.reader.inner().begin_with_options(options);
        let transaction = carry(self.faults.as_deref(), beginning).await?;
        Ok(Line::new(transaction, self.faults.clone(), None))
    }

    /// Begins a transaction that may write.
    ///
    /// SQLite takes its write lock at once, as a deferred one fails under contention. MySQL keeps its repeatable
    /// reads and every read that counts locks; PostgreSQL would refuse most of those, so it reads what is committed.
    pub(crate) async fn begin(&self) -> Result<Transaction, DbErr> {
        let options = TransactionOptions {
            isolation_level: match self.kind {
                DatabaseKind::Sqlite => None,
                DatabaseKind::MySql => Some(IsolationLevel::RepeatableRead),
                DatabaseKind::Postgres => Some(IsolationLevel::ReadCommitted),
            },
            access_mode: None,
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
        };
        let beginning = async {
            let turn = match &self.sqlite {
                Some(sqlite) => Some(sqlite.turn.clone().lock_owned().await),
                None => None,
            };
            Ok((self.writer.begin_with_options(options).await?, turn))
        };
        let (transaction, turn) = carry(self.faults.as_deref(), beginning).await?;
        Ok(Line::new(transaction, self.faults.clone(), turn))
    }

    /// Begins a transaction of a ledger lane. On SQLite its statements run in the calling thread, so it must not be
    /// one that others wait for.
    pub(crate) async fn begin_on_books(&self) -> Result<BookTransaction, DbErr> {
        let place = match &self.sqlite {
            None => Place::Server(self.begin().await?.into_inner()),
            Some(sqlite) => {
                let beginning = async {
                    let turn = sqlite.turn.clone().lock_owned().await;
                    sqlite.books.begin(turn).map(Place::File)
                };
                carry(self.faults.as_deref(), beginning).await?
            }
        };
        Ok(BookTransaction::new(place, self.faults.clone()))
    }

    /// Another connection to merge the journal of a SQLite file with.
    pub(crate) fn open_journal(&self) -> Option<Result<SqliteJournal, DbErr>> {
        self.sqlite.as_ref().map(|sqlite| SqliteJournal::open(&sqlite.path))
    }
}

impl SqliteWriting {
    fn open(url: &str) -> Result<Self, StoreError> {
        let options = SqliteConnectOptions::from_str(url)
            .map_err(|error| StoreError::Schema(format!("the database URL cannot be read: {error}")))?;
        let path = options.get_filename();
        Ok(SqliteWriting { path: path.into(), books: SqliteBooks::open(path)?, turn: Arc::default() })
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").field("kind", &self.kind).finish_non_exhaustive()
    }
}

impl DatabaseKind {
    fn of_url(url: &str) -> Result<Self, StoreError> {
        match url.split_once(':').map(|(scheme, _)| scheme) {
            Some("sqlite") => Ok(DatabaseKind::Sqlite),
            Some("mysql" | "mariadb") => Ok(DatabaseKind::MySql),
            Some("postgres" | "postgresql") => Ok(DatabaseKind::Postgres),
            _ => Err(StoreError::Schema(
                "the database URL starts with sqlite:, mysql: or postgres:".to_owned(),
            )),
        }
    }
}

/// The database's clock, in unix milliseconds. SQLite runs on this host and has this host's clock.
pub(crate) async fn database_time_ms(connection: &impl ConnectionTrait) -> Result<i64, DbErr> {
    let backend = connection.get_database_backend();
    let sql = match backend {
        DatabaseBackend::MySql => "SELECT CAST(UNIX_TIMESTAMP(SYSDATE(3)) * 1000 AS SIGNED) AS now_ms",
        DatabaseBackend::Postgres => {
            "SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT) AS now_ms"
        }
        _ => return Ok(host_time_ms()),
    };
    match connection.query_one_raw(Statement::from_string(backend, sql)).await? {
        Some(row) => row.try_get("", "now_ms"),
        None => Err(DbErr::RecordNotFound("the database's clock".to_owned())),
    }
}

pub(crate) fn host_time_ms() -> i64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .ok()
        .and_then(|elapsed| i64::try_from(elapsed.as_millis()).ok())
        .unwrap_or(0)
}

fn sqlite_options(url: &str, connections: u32, query_only: bool) -> ConnectOptions {
    let mut options = ConnectOptions::new(url.to_owned());
    options
        .max_connections(connections)
        .min_connections(1)
        .acquire_timeout(Duration::from_secs(5))
        .sqlx_logging(false)
        .test_before_acquire(false)
        .idle_timeout(None::<Duration>)
        .max_lifetime(None::<Duration>)
        .map_sqlx_sqlite_pool_opts(|pool| {
            pool.after_release(|connection, _| Box::pin(has_left_its_transaction(connection)))
        })
        .map_sqlx_sqlite_opts(move |options| {
            options
                .create_if_missing(!query_only)
                .pragma("journal_mode", "WAL")
                // Committed means it survives power loss.
                .pragma("synchronous", "FULL")
                .pragma("foreign_keys", "ON")
                .pragma("cache_size", "-16384")
                .pragma("temp_store", "MEMORY")
                .pragma("wal_autocheckpoint", JOURNAL_PAGES_MAX.to_string())
                .pragma("query_only", if query_only { "ON" } else { "OFF" })
                .busy_timeout(Duration::from_secs(5))
        });
    options
}

/// Whether a connection may be used again.
///
/// SQLite itself takes a transaction back when the disk is full or fails. The driver's own rollback then fails as
/// well, and it goes on counting a transaction that is none: it would begin the next one as a part of that, and end it
/// without a commit. Such a connection is closed.
async fn has_left_its_transaction(connection: &mut SqliteConnection) -> Result<bool, SqlxError> {
    if connection.is_in_transaction() {
        // Waits for the rollback, which nobody else has.
        connection.ping().await?;
    }
    Ok(!connection.is_in_transaction())
}

fn server_url(url: &str) -> String {
    url.replacen("mariadb:", "mysql:", 1)
}

fn server_options(url: &str, connections: u32) -> ConnectOptions {
    let mut options = ConnectOptions::new(server_url(url));
    options
        .max_connections(connections)
        .min_connections(2)
        .acquire_timeout(Duration::from_secs(5))
        .connect_timeout(Duration::from_secs(5))
        // Below the time after which a server ends a connection that says nothing.
        .idle_timeout(Duration::from_secs(20))
        .sqlx_logging(false)
        .map_sqlx_mysql_pool_opts(|pool| {
            pool.after_connect(|connection, _| {
                Box::pin(async move { connection.execute(MYSQL_SESSION).await.map(|_| ()) })
            })
        })
        .map_sqlx_postgres_pool_opts(|pool| {
            pool.after_connect(|connection, _| {
                Box::pin(async move { connection.execute(POSTGRES_SESSION).await.map(|_| ()) })
            })
        });
    options
}

/// Nobody waits long for a lock (the defaults are 50 s and for ever), since whole lanes would; and what a host that
/// died in a transaction had locked is free again within the time in which its holds must end.
const MYSQL_SESSION: &str = "SET SESSION innodb_lock_wait_timeout = 2, SESSION wait_timeout = 30";
const POSTGRES_SESSION: &str = "SET lock_timeout = '2s'; SET idle_in_transaction_session_timeout = '30s'";
