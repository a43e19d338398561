//! Channels' sealed secrets.

use std::collections::HashMap;

use sea_orm::{ActiveModelTrait, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder};
use uuid::Uuid;
use waystation_ids::{ChannelId, CredentialId};

use super::{lock_channel, save_channel};
use crate::audit_log::Audited;
use crate::changes::{ChangeKind, record_change};
use crate::connection::{Store, Transaction};
use crate::error::StoreError;

/// A channel's secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credential {
    /// Its id.
    pub id: CredentialId,
    /// The secret, sealed.
    pub sealed: Vec<u8>,
    /// What may be shown of it.
    pub preview: String,
    /// Whether it is used.
    pub active: bool,
    /// When it was added, in unix milliseconds of the database.
    pub created_at_ms: i64,
}

/// A secret to be added to a channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewCredential {
    /// Its id.
    pub id: CredentialId,
    /// The secret, sealed.
    pub sealed: Vec<u8>,
    /// What may be shown of it.
    pub preview: String,
}

impl Store {
    /// Adds a secret to a channel.
    pub async fn create_credential(
        &self,
        channel: ChannelId,
        new: NewCredential,
        audit: &Audited<Credential>,
    ) -> Result<Credential, StoreError> {
        self.repeat(|| async {
            let new = new.clone();
            let transaction = self.begin().await?;
            let row = lock_channel(&transaction, channel).await?;
            let updated_at_ms = save_channel(&transaction, row).await?;
            let credential = insert_credential(&transaction, channel, new, updated_at_ms).await?;
            record_change(&transaction, ChangeKind::Channel, &channel.to_string()).await?;
            audit.append(&transaction, None, Some(&credential)).await?;
            transaction.commit().await?;
            Ok(credential)
        })
        .await
    }

    /// Deletes a secret of a channel.
    pub async fn delete_credential(
        &self,
        channel: ChannelId,
        credential: CredentialId,
        audit: &Audited<Credential>,
    ) -> Result<(), StoreError> {
        self.repeat(|| async {
            let transaction = self.begin().await?;
            let row = lock_channel(&transaction, channel).await?;
            save_channel(&transaction, row).await?;
            // The channel's row, which is locked, guards its secrets.
            let deleted = entity::Entity::find_by_id(credential.uuid())
                .filter(entity::Column::ChannelId.eq(channel.uuid()))
                .one(&transaction)
                .await?
                .ok_or(StoreError::Missing("credential"))?;
            entity::Entity::delete_by_id(deleted.id).exec(&transaction).await?;
            record_change(&transaction, ChangeKind::Channel, &channel.to_string()).await?;
            audit.append(&transaction, Some(&Credential::from(deleted)), None).await?;
            transaction.commit().await?;
            Ok(())
        })
        .await
    }
}

/// The secrets of each of these channels, oldest first.
pub(super) async fn load_credentials(
    connection: &impl ConnectionTrait,
    channels: &[Uuid],
) -> Result<HashMap<Uuid, Vec<Credential>>, StoreError> {
    let rows = entity::Entity::find()
        .filter(entity::Column::ChannelId.is_in(channels.iter().copied()))
        .order_by_asc(entity::Column::Id)
        .all(connection)
        .await?;
    let mut credentials: HashMap<Uuid, Vec<Credential>> = HashMap::new();
    for row in rows {
        credentials.entry(row.channel_id).or_default().push(Credential::from(row));
    }
    Ok(credentials)
}

pub(super) async fn insert_credential(
    transaction: &Transaction,
    channel: ChannelId,
    new: NewCredential,
    now_ms: i64,
) -> Result<Credential, DbErr> {
    let row = entity::Model {
        id: new.id.uuid(),
        channel_id: channel.uuid(),
        sealed: new.sealed,
        preview: new.preview,
        active: true,
        created_at_ms: now_ms,
    };
    entity::Entity::insert(entity::ActiveModel::from(row.clone()).reset_all())
        .exec_without_returning(transaction)
        .await?;
    Ok(Credential::from(row))
}

pub(super) async fn delete_credentials(
    transaction: &Transaction,
    channel: ChannelId,
) -> Result<(), StoreError> {
    entity::Entity::delete_many()
        .filter(entity::Column::ChannelId.eq(channel.uuid()))
        .exec(transaction)
        .await?;
    Ok(())
}

impl From<entity::Model> for Credential {
    fn from(row: entity::Model) -> Self {
        Credential {
            id: CredentialId::from_uuid(row.id),
            sealed: row.sealed,
            preview: row.preview,
            active: row.active,
            created_at_ms: row.created_at_ms,
        }
    }
}

mod entity {
    use sea_orm::entity::prelude::{
        ActiveModelBehavior, DeriveEntityModel, DerivePrimaryKey, DeriveRelation, EntityTrait, EnumIter,
        PrimaryKeyTrait, Uuid,
    };

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "credentials")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub channel_id: Uuid,
        pub sealed: Vec<u8>,
        pub preview: String,
        pub active: bool,
        pub created_at_ms: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
