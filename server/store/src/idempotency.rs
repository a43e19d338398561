//! Writes that a caller may repeat without harm: the first answer is kept and given again.

use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder,
    QuerySelect, prelude::Uuid, sea_query::Expr,
};

use crate::connection::{Store, database_time_ms};
use crate::error::StoreError;

/// Answers are kept for a day.
const KEPT_MS: i64 = 24 * 60 * 60 * 1_000;
/// Longer than any such write runs: who started it is gone, and the write is run again under the same id.
const ABANDONED_MS: i64 = 60 * 1_000;
/// A write holds the database for a short time only: so many rows go at once.
const PRUNED_AT_ONCE: u64 = 500;

/// A write that may come again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IdempotentWrite {
    /// SHA-256 of actor, route and the caller's key.
    pub scope: [u8; 32],
    /// SHA-256 of what is asked.
    pub fingerprint: [u8; 32],
    /// The id the write has if it is the first of its scope.
    pub operation: Uuid,
}

/// What is known of a write that came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claim {
    /// Run it, under this id, and finish it then. The id is that of an earlier try if that one was abandoned: what
    /// it has done already must not be done twice.
    Fresh(Uuid),
    /// It is running.
    Running,
    /// It was run; this was the answer.
    Replay {
        /// The HTTP status.
        status: u16,
        /// The body.
        answer: String,
    },
    /// The caller's key was used for something else.
    Mismatch,
}

impl Store {
    /// Claims a write for its caller.
    pub async fn claim_write(&self, write: &IdempotentWrite) -> Result<Claim, StoreError> {
        self.repeat(|| async {
            let transaction = self.begin().await?;
            let now_ms = database_time_ms(&transaction).await?;
            let fresh = entity::Model {
                scope: write.scope.to_vec(),
                fingerprint: write.fingerprint.to_vec(),
                operation_id: write.operation,
                status_code: None,
                answer: None,
                created_at_ms: now_ms,
            };
            entity::Entity::insert(fresh.clone().into_active_model())
                .on_conflict_do_nothing_on([entity::Column::Scope])
                .exec_without_returning(&transaction)
                .await?;
            // Whose row it is, is seen by the operation's id: MySQL counts a row that was left alone as affected.
            let row = entity::Entity::find_by_id(write.scope.to_vec())
                .lock_exclusive()
                .one(&transaction)
                .await?
                .ok_or(StoreError::Missing("idempotency record"))?;
            let age_ms = now_ms.saturating_sub(row.created_at_ms);
            let (claim, written) = if row.operation_id == write.operation {
                (Claim::Fresh(write.operation), None)
            } else if age_ms >= KEPT_MS && row.status_code.is_some() {
                (Claim::Fresh(write.operation), Some(fresh))
            } else if row.fingerprint != write.fingerprint {
                (Claim::Mismatch, None)
            } else if let (Some(status), Some(answer)) = (row.status_code, row.answer.clone()) {
                let status =
                    u16::try_from(status).map_err(|_| StoreError::Unreadable("idempotency record"))?;
                (Claim::Replay { status, answer }, None)
            } else if age_ms >= ABANDONED_MS {
                (Claim::Fresh(row.operation_id), Some(entity::Model { created_at_ms: now_ms, ..row }))
            } else {
                (Claim::Running, None)
            };
            if let Some(row) = written {
                entity::Entity::update(row.into_active_model().reset_all())
                    .exec_without_returning(&transaction)
                    .await?;
            }
            transaction.commit().await?;
            Ok(claim)
        })
        .await
    }

    /// Keeps the answer of a claimed write.
    pub async fn finish_write(&self, scope: &[u8; 32], status: u16, answer: &str) -> Result<(), StoreError> {
        self.repeat(|| async {
            let transaction = self.begin().await?;
            entity::Entity::update(entity::ActiveModel {
                scope: Set(scope.to_vec()),
                status_code: Set(Some(i64::from(status))),
                answer: Set(Some(answer.to_owned())),
                ..Default::default()
            })
            .exec_without_returning(&transaction)
            .await?;
            transaction.commit().await?;
            Ok(())
        })
        .await
    }

    /// Gives up a claimed write that has no answer worth keeping, such as one that met a dead database: the next
    /// that comes is run at once, under the same id.
    pub async fn release_write(&self, scope: &[u8; 32]) -> Result<(), StoreError> {
        self.repeat(|| async {
            let transaction = self.begin().await?;
            let now_ms = database_time_ms(&transaction).await?;
            entity::Entity::update_many()
                .col_expr(entity::Column::CreatedAtMs, Expr::value(now_ms.saturating_sub(ABANDONED_MS)))
                .filter(entity::Column::Scope.eq(scope.to_vec()))
                .filter(entity::Column::StatusCode.is_null())
                .exec(&transaction)
                .await?;
            transaction.commit().await?;
            Ok(())
        })
        .await
    }

    /// Drops records older than a day; gives how many there were.
    pub async fn prune_writes(&self) -> Result<u64, StoreError> {
        let before_ms = self.now_ms().await?.saturating_sub(KEPT_MS);
        let mut pruned = 0;
        loop {
            let scopes: Vec<Vec<u8>> = entity::Entity::find()
                .select_only()
                .column(entity::Column::Scope)
                .filter(entity::Column::CreatedAtMs.lt(before_ms))
                .order_by_asc(entity::Column::CreatedAtMs)
                .limit(PRUNED_AT_ONCE)
                .into_tuple()
                .all(self.reader())
                .await?;
            if scopes.is_empty() {
                return Ok(pruned);
            }
            let transaction = self.begin().await?;
            let dropped = entity::Entity::delete_many()
                .filter(entity::Column::Scope.is_in(scopes))
                .filter(entity::Column::CreatedAtMs.lt(before_ms))
                .exec(&transaction)
                .await?;
            transaction.commit().await?;
            pruned += dropped.rows_affected;
        }
    }
}

mod entity {
    use sea_orm::entity::prelude::{
        ActiveModelBehavior, DeriveEntityModel, DerivePrimaryKey, DeriveRelation, EntityTrait, EnumIter,
        PrimaryKeyTrait, Uuid,
    };

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "idempotency_records")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub scope: Vec<u8>,
        pub fingerprint: Vec<u8>,
        pub operation_id: Uuid,
        pub status_code: Option<i64>,
        pub answer: Option<String>,
        pub created_at_ms: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
