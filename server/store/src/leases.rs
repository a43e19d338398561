//! Leases: which server processes are alive, and which of them runs a job.

use sea_orm::sea_query::{Expr, ExprTrait, OnConflict, Query};
use sea_orm::{ConnectionTrait, DatabaseBackend, DbErr};
use waystation_ids::InstanceId;

use crate::connection::{Store, database_time_ms};
use crate::error::StoreError;
use crate::sql::insert_rows;

/// How long an instance is believed alive after it last said so.
pub const INSTANCE_LEASE_MS: i64 = 30_000;

impl Store {
    /// Says that an instance lives, for 30 s from now by the database's clock.
    pub async fn renew_instance(&self, id: InstanceId, host: &str, version: &str) -> Result<(), StoreError> {
        self.repeat(|| async {
            let tx = self.begin().await?;
            let now_ms = database_time_ms(&tx).await?;
            let columns = ["id", "host", "version", "started_at_ms", "lease_until_ms"];
            let row = vec![
                id.uuid().into(),
                host.into(),
                version.into(),
                now_ms.into(),
                (now_ms + INSTANCE_LEASE_MS).into(),
            ];
            let statement = insert_rows("instances", &columns, [row])?
                .on_conflict(OnConflict::column("id").update_column("lease_until_ms").to_owned())
                .to_owned();
            tx.execute(&statement).await?;
            tx.commit().await?;
            Ok(())
        })
        .await
    }

    /// Says that an instance has ended and left nothing behind.
    pub async fn end_instance(&self, id: InstanceId) -> Result<(), StoreError> {
        self.repeat(|| async {
            let tx = self.begin().await?;
            let statement =
                Query::delete().from_table("instances").and_where(Expr::col("id").eq(id.uuid())).take();
            tx.execute(&statement).await?;
            tx.commit().await?;
            Ok(())
        })
        .await
    }

    /// Takes or renews the lease on a job for `lease_ms`; `false` while another instance has it.
    pub async fn take_job_lease(
        &self,
        job: &str,
        holder: InstanceId,
        lease_ms: i64,
    ) -> Result<bool, StoreError> {
        self.repeat(|| async {
            let tx = self.begin().await?;
            let now_ms = database_time_ms(&tx).await?;
            let row = vec![job.into(), holder.uuid().into(), 0_i64.into()];
            let statement = insert_rows("job_leases", &["job", "holder", "until_ms"], [row])?
                .on_conflict(OnConflict::column("job").do_nothing_on(["job"]).to_owned())
                .to_owned();
            tx.execute(&statement).await?;
            let query = Query::select()
                .columns(["holder", "until_ms"])
                .from("job_leases")
                .and_where(Expr::col("job").eq(job))
                .lock_exclusive()
                .take();
            let Some(row) = tx.query_one(&query).await? else {
                return Err(DbErr::RecordNotFound("job lease".to_owned()).into());
            };
            let current = InstanceId::from_uuid(row.try_get("", "holder")?);
            let until_ms: i64 = row.try_get("", "until_ms")?;
            let free = current == holder || until_ms <= now_ms;
            if free {
                let statement = Query::update()
                    .table("job_leases")
                    .value("holder", holder.uuid())
                    .value("until_ms", now_ms + lease_ms)
                    .and_where(Expr::col("job").eq(job))
                    .take();
                tx.execute(&statement).await?;
            }
            tx.commit().await?;
            Ok(free)
        })
        .await
    }

    /// Settings of the server that make a commit weaker than "survives power loss", in words; empty when none.
    pub async fn list_durability_warnings(&self) -> Result<Vec<String>, StoreError> {
        let reader = self.reader();
        let backend = reader.get_database_backend();
        let checks: &[(&str, &[&str])] = match backend {
            DatabaseBackend::MySql => {
                &[("SELECT CAST(@@innodb_flush_log_at_trx_commit AS CHAR) AS value", &["1"])]
            }
            DatabaseBackend::Postgres => &[
                (
                    "SELECT current_setting('synchronous_commit') AS value",
                    &["on", "remote_apply", "remote_write", "local"],
                ),
                ("SELECT current_setting('fsync') AS value", &["on"]),
            ],
            _ => &[],
        };
        let mut warnings = Vec::new();
        for (sql, durable) in checks {
            let row = reader.query_one_raw(sea_orm::Statement::from_string(backend, *sql)).await?;
            let value: String = row.map(|row| row.try_get("", "value")).transpose()?.unwrap_or_default();
            if !durable.contains(&value.as_str()) {
                warnings.push(format!("{sql} gives {value}: a committed call may be lost with the power"));
            }
        }
        Ok(warnings)
    }
}
