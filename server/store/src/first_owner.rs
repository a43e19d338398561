//! The first owner of a site, who is made once.

use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect};
use waystation_ids::Role;

use crate::audit_log::{AuditEntry, append_audit};
use crate::connection::Store;
use crate::error::StoreError;
use crate::users::{NewUser, User, entity, insert_user};

impl Store {
    /// Enters the first owner of a site, if it has none. None: it has one. Of many who try at once, one succeeds.
    pub async fn create_first_owner(
        &self,
        owner: &NewUser,
        entry: &AuditEntry,
    ) -> Result<Option<User>, StoreError> {
        self.repeat(|| async {
            let transaction = self.begin().await?;
            // First here, as the end of the log is the one row that all who try have in common: they queue at it.
            append_audit(&transaction, entry).await?;
            let present = entity::Entity::find()
                .filter(entity::Column::Role.eq(Role::Owner.name()))
                .limit(1)
                // Locking, as MySQL would show this transaction what it saw before it waited.
                .lock_exclusive()
                .one(&transaction)
                .await?;
            if present.is_some() {
                return Ok(None);
            }
            let owner = insert_user(&transaction, owner).await?;
            transaction.commit().await?;
            Ok(Some(owner))
        })
        .await
    }
}
