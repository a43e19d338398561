//! The schema: brought up to this version by one process at a time, and looked at by all.

use std::collections::HashSet;

use sea_orm::{ConnectionTrait, DatabaseConnection, DbErr, Statement};
use waystation_migrations::{Migrator, MigratorTrait};

use crate::connection::{DatabaseKind, Store};
use crate::error::StoreError;

/// Migrations of a large site may take long; whoever waits for them longer than this gives up.
const LOCK_SECONDS: u32 = 600;

impl Store {
    /// Brings the schema up to this version; gives how many migrations ran. Of several processes that start at once
    /// one does it, and the others wait for it.
    pub async fn migrate(&self) -> Result<usize, StoreError> {
        if self.pending_migrations().await? == 0 {
            return Ok(0);
        }
        match self.kind() {
            DatabaseKind::Sqlite => {
                // The one writer of the file; a schema changes within a transaction there.
                let transaction = self.begin().await?;
                let pending = Migrator::get_pending_migrations(&transaction).await?.len();
                Migrator::up(transaction.inner(), None).await?;
                transaction.commit().await?;
                Ok(pending)
            }
            DatabaseKind::MySql | DatabaseKind::Postgres => {
                // The lock belongs to a connection: the same one runs the migrations, so that a lost lock is a
                // migration that fails, and closing it is what frees the lock.
                let connection = self.connect_alone().await?;
                let migrated = self.migrate_alone(&connection).await;
                let closed = connection.close().await;
                let pending = migrated?;
                closed?;
                Ok(pending)
            }
        }
    }

    async fn migrate_alone(&self, connection: &DatabaseConnection) -> Result<usize, StoreError> {
        self.lock_schema(connection).await?;
        // Another process may have run them while this one waited.
        let pending = Migrator::get_pending_migrations(connection).await?.len();
        Migrator::up(connection, None).await?;
        Ok(pending)
    }

    async fn lock_schema(&self, connection: &DatabaseConnection) -> Result<(), StoreError> {
        let backend = connection.get_database_backend();
        if self.kind() == DatabaseKind::Postgres {
            // The number says "waystation"; the lock is one of this database alone.
            connection.execute_unprepared(&format!("SET lock_timeout = '{LOCK_SECONDS}s'")).await?;
            connection.execute_unprepared("SELECT pg_advisory_lock(8602543277)").await?;
            return Ok(());
        }
        // The names of these locks are shared by all databases of a server, and at most 64 characters long.
        let sql = format!(
            "SELECT CAST(GET_LOCK(CONCAT('waystation_schema_', MD5(DATABASE())), {LOCK_SECONDS}) AS SIGNED) AS locked"
        );
        let row = connection.query_one_raw(Statement::from_string(backend, sql)).await?;
        let locked: Option<i64> = row.map(|row| row.try_get("", "locked")).transpose()?.flatten();
        match locked {
            Some(1) => Ok(()),
            _ => {
                Err(StoreError::Schema("another process has been migrating the database for long".to_owned()))
            }
        }
    }

    /// Takes back the last `migrations`, or all, and runs them again; for tests of the migrations only.
    pub async fn rebuild_schema(&self, migrations: Option<u32>) -> Result<(), StoreError> {
        Migrator::down(self.writer(), migrations).await?;
        Migrator::up(self.writer(), None).await?;
        Ok(())
    }

    /// How many migrations have not run yet.
    pub async fn pending_migrations(&self) -> Result<usize, StoreError> {
        Ok(Migrator::get_pending_migrations_read_only(self.writer()).await?.len())
    }

    /// Whether the database answers and has every migration of this version. One statement, as it is asked often. A
    /// schema that is newer fits as well: migrations only add to what an older version uses.
    pub async fn has_current_schema(&self) -> Result<bool, StoreError> {
        let backend = self.reader().get_database_backend();
        let statement = Statement::from_string(backend, "SELECT version FROM seaql_migrations");
        let rows = self.reader().query_all_raw(statement).await?;
        let run: HashSet<String> =
            rows.iter().map(|row| row.try_get("", "version")).collect::<Result<_, DbErr>>()?;
        Ok(Migrator::migrations().iter().all(|migration| run.contains(migration.name())))
    }
}
