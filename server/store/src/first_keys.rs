//! The key that people get with their first sign-in, or ask for right after it.

use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, PaginatorTrait, QueryFilter, QuerySelect};
use waystation_ids::UserId;

use crate::audit_log::{AuditEntry, append_audit};
use crate::connection::Store;
use crate::error::StoreError;
use crate::keys::{Key, NewKey, entity, insert_new_key};
use crate::users::lock_active_user;

impl Store {
    /// Makes the first key of an active user. None: there is one, or was one. Of many who try at once, one succeeds.
    pub async fn create_first_key(
        &self,
        key: &NewKey,
        entry: &AuditEntry,
    ) -> Result<Option<Key>, StoreError> {
        self.repeat(|| async {
            let transaction = self.begin().await?;
            // Whoever makes a key for this person, be it the first, holds the same lock.
            lock_active_user(&transaction, key.user).await?;
            if has_had_keys(&transaction, key.user).await? {
                return Ok(None);
            }
            let made = insert_new_key(&transaction, key).await?;
            append_audit(&transaction, entry).await?;
            transaction.commit().await?;
            Ok(Some(made))
        })
        .await
    }

    /// Whether a user has or ever had a key.
    pub async fn has_had_keys(&self, user: UserId) -> Result<bool, StoreError> {
        Ok(has_had_keys(self.reader(), user).await?)
    }
}

/// Whether a user has or ever had a key: revoked ones stay for what the books say of them.
pub(crate) async fn has_had_keys(connection: &impl ConnectionTrait, user: UserId) -> Result<bool, DbErr> {
    let keys = entity::Entity::find().filter(entity::Column::UserId.eq(user.uuid())).limit(1);
    Ok(keys.count(connection).await? > 0)
}
