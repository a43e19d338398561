//! Codes for the day a second factor is lost: each is known by its hash, and used once.

use sea_orm::{
    ActiveValue::Set, ColumnTrait, DbErr, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter,
    QuerySelect,
};
use waystation_ids::{SessionId, UserId};

use crate::audit_log::{AuditEntry, append_audit};
use crate::changes::{ChangeKind, record_change};
use crate::connection::{Store, Transaction, database_time_ms};
use crate::error::StoreError;
use crate::sessions::end_other_sessions;
use crate::{passkeys, totp, users};

impl Store {
    /// How many recovery codes a person has not used, and how many were given.
    pub async fn count_recovery_codes(&self, user: UserId) -> Result<(u64, u64), StoreError> {
        let all = entity::Entity::find().filter(entity::Column::UserId.eq(user.uuid()));
        let left = all.clone().filter(entity::Column::UsedAtMs.is_null()).count(self.reader());
        Ok((left.await?, all.count(self.reader()).await?))
    }

    /// Gives a person new recovery codes in place of those there were, and ends all sessions but one. False: there is
    /// no second factor that they could stand in for.
    pub async fn replace_recovery_codes(
        &self,
        user: UserId,
        hashes: &[[u8; 32]],
        kept: SessionId,
        audit: &AuditEntry,
    ) -> Result<bool, StoreError> {
        self.repeat(|| async {
            let transaction = self.begin().await?;
            users::lock_user(&transaction, user).await?;
            let has_factor = totp::has_totp(&transaction, user).await?
                || passkeys::count_passkeys(&transaction, user).await? > 0;
            if !has_factor {
                return Ok(false);
            }
            let now_ms = database_time_ms(&transaction).await?;
            replace_codes(&transaction, user, hashes, now_ms).await?;
            end_other_sessions(&transaction, user, kept, now_ms).await?;
            record_change(&transaction, ChangeKind::User, &user.to_string()).await?;
            append_audit(&transaction, audit).await?;
            transaction.commit().await?;
            Ok(true)
        })
        .await
    }

    /// Uses a recovery code: of all who bring it, one succeeds.
    pub async fn take_recovery_code(
        &self,
        user: UserId,
        hash: &[u8; 32],
        audit: &AuditEntry,
    ) -> Result<bool, StoreError> {
        self.repeat(|| async {
            let transaction = self.begin().await?;
            let row = entity::Entity::find_by_id(hash.to_vec())
                .filter(entity::Column::UserId.eq(user.uuid()))
                .filter(entity::Column::UsedAtMs.is_null())
                .lock_exclusive()
                .one(&transaction)
                .await?;
            let Some(row) = row else { return Ok(false) };
            entity::Entity::update(entity::ActiveModel {
                hash: Set(row.hash),
                used_at_ms: Set(Some(database_time_ms(&transaction).await?)),
                ..Default::default()
            })
            .exec_without_returning(&transaction)
            .await?;
            append_audit(&transaction, audit).await?;
            transaction.commit().await?;
            Ok(true)
        })
        .await
    }
}

/// Puts new codes in the place of all there were.
pub(crate) async fn replace_codes(
    transaction: &Transaction,
    user: UserId,
    hashes: &[[u8; 32]],
    now_ms: i64,
) -> Result<(), DbErr> {
    delete_codes(transaction, user).await?;
    let rows = hashes.iter().map(|hash| {
        entity::Model { hash: hash.to_vec(), user_id: user.uuid(), created_at_ms: now_ms, used_at_ms: None }
            .into_active_model()
    });
    entity::Entity::insert_many(rows).exec_without_returning(transaction).await?;
    Ok(())
}

/// Whether the person has codes that have not been used.
pub(crate) async fn has_codes(transaction: &Transaction, user: UserId) -> Result<bool, DbErr> {
    let left = entity::Entity::find()
        .filter(entity::Column::UserId.eq(user.uuid()))
        .filter(entity::Column::UsedAtMs.is_null())
        .count(transaction);
    Ok(left.await? > 0)
}

/// Takes all of a person's codes away; gives how many there were.
pub(crate) async fn delete_codes(transaction: &Transaction, user: UserId) -> Result<u64, DbErr> {
    let deleted = entity::Entity::delete_many()
        .filter(entity::Column::UserId.eq(user.uuid()))
        .exec(transaction)
        .await?;
    Ok(deleted.rows_affected)
}

pub(crate) mod entity {
    use sea_orm::entity::prelude::{
        ActiveModelBehavior, DeriveEntityModel, DerivePrimaryKey, DeriveRelation, EntityTrait, EnumIter,
        PrimaryKeyTrait, Uuid,
    };

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "recovery_codes")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub hash: Vec<u8>,
        pub user_id: Uuid,
        pub created_at_ms: i64,
        pub used_at_ms: Option<i64>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
