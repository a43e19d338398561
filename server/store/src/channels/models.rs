//! The models that channels serve.

use std::collections::HashMap;

use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder};
use uuid::Uuid;
use waystation_ids::ChannelId;

use super::{Channel, lock_channel, read_channel, save_channel};
use crate::audit_log::Audited;
use crate::changes::{ChangeKind, record_change};
use crate::connection::{Store, Transaction};
use crate::error::StoreError;

/// A model that a channel serves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChannelModel {
    /// What users ask for.
    pub name: String,
    /// What the upstream calls it.
    pub upstream_name: String,
}

/// What changes of the models that a channel serves. What is neither added nor removed stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ModelsChange {
    /// What it serves beside the others from now on; a name that it serves already gets this upstream's name.
    pub add: Vec<ChannelModel>,
    /// The names of what it does not serve any more.
    pub remove: Vec<String>,
}

impl Store {
    /// Lets a channel serve more or fewer models, whatever else is changed of it meanwhile. [`StoreError::TooMany`]
    /// where it would serve more than `models_max`.
    pub async fn change_channel_models(
        &self,
        id: ChannelId,
        change: &ModelsChange,
        models_max: usize,
        audit: &Audited<Channel>,
    ) -> Result<Channel, StoreError> {
        self.repeat(|| async {
            let transaction = self.begin().await?;
            let row = lock_channel(&transaction, id).await?;
            let before = read_channel(&transaction, id).await?;
            let leaves = |model: &ChannelModel| {
                change.remove.contains(&model.name) || change.add.iter().any(|added| added.name == model.name)
            };
            let mut models: Vec<ChannelModel> =
                before.models.iter().filter(|model| !leaves(model)).cloned().collect();
            models.extend(change.add.iter().cloned());
            if models.len() > models_max {
                return Err(StoreError::TooMany("models"));
            }
            save_channel(&transaction, row).await?;
            delete_models(&transaction, id).await?;
            insert_models(&transaction, id, models).await?;
            record_change(&transaction, ChangeKind::Channel, &id.to_string()).await?;
            let after = read_channel(&transaction, id).await?;
            audit.append(&transaction, Some(&before), Some(&after)).await?;
            transaction.commit().await?;
            Ok(after)
        })
        .await
    }
}

/// Lets channels go on serving a model under its new name.
pub(crate) async fn rename_channel_models(
    connection: &impl ConnectionTrait,
    from: &str,
    to: &str,
) -> Result<(), StoreError> {
    let change = entity::ActiveModel { model_name: Set(to.to_owned()), ..Default::default() };
    entity::Entity::update_many()
        .set(change)
        .filter(entity::Column::ModelName.eq(from))
        .exec(connection)
        .await
        .map_err(|error| StoreError::taken(error, "name"))?;
    Ok(())
}

/// What each of these channels serves, by name.
pub(super) async fn load_models(
    connection: &impl ConnectionTrait,
    channels: &[Uuid],
) -> Result<HashMap<Uuid, Vec<ChannelModel>>, StoreError> {
    let rows = entity::Entity::find()
        .filter(entity::Column::ChannelId.is_in(channels.iter().copied()))
        .order_by_asc(entity::Column::ModelName)
        .all(connection)
        .await?;
    let mut models: HashMap<Uuid, Vec<ChannelModel>> = HashMap::new();
    for row in rows {
        let served = ChannelModel { name: row.model_name, upstream_name: row.upstream_name };
        models.entry(row.channel_id).or_default().push(served);
    }
    Ok(models)
}

pub(super) async fn insert_models(
    transaction: &Transaction,
    channel: ChannelId,
    models: Vec<ChannelModel>,
) -> Result<(), StoreError> {
    if models.is_empty() {
        return Ok(());
    }
    let rows = models.into_iter().map(|served| entity::ActiveModel {
        channel_id: Set(channel.uuid()),
        model_name: Set(served.name),
        upstream_name: Set(served.upstream_name),
    });
    entity::Entity::insert_many(rows)
        .exec_without_returning(transaction)
        .await
        .map_err(|error| StoreError::taken(error, "models"))?;
    Ok(())
}

pub(super) async fn delete_models(transaction: &Transaction, channel: ChannelId) -> Result<(), StoreError> {
    entity::Entity::delete_many()
        .filter(entity::Column::ChannelId.eq(channel.uuid()))
        .exec(transaction)
        .await?;
    Ok(())
}

mod entity {
    use sea_orm::entity::prelude::{
        ActiveModelBehavior, DeriveEntityModel, DerivePrimaryKey, DeriveRelation, EntityTrait, EnumIter,
        PrimaryKeyTrait, Uuid,
    };

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "channel_models")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub channel_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub model_name: String,
        pub upstream_name: String,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
