//! How the last test of each channel went.

use std::collections::HashMap;

use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, sea_query::OnConflict,
};
use uuid::Uuid;
use waystation_ids::ChannelId;

use super::lock_channel;
use crate::audit_log::{AuditEntry, append_audit};
use crate::connection::{Store, Transaction, database_time_ms};
use crate::error::StoreError;

/// How a test of a channel went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChannelTest {
    /// The model that was asked for, by the name that users call it.
    pub model: String,
    /// Why it failed; none: it did not.
    pub code: Option<String>,
    /// How long the first byte took, in milliseconds; none: there was none.
    pub first_byte_ms: Option<i64>,
    /// How long it took altogether, in milliseconds.
    pub latency_ms: i64,
    /// When, in unix milliseconds of the database; what is given when it is kept does not count.
    pub tested_at_ms: i64,
}

impl Store {
    /// Keeps how a test went, in place of the one before. Nothing that routes calls is changed by it, so nobody is told.
    pub async fn save_channel_test(
        &self,
        channel: ChannelId,
        test: &ChannelTest,
        audit: &AuditEntry,
    ) -> Result<(), StoreError> {
        self.repeat(|| async {
            let transaction = self.begin().await?;
            // The row of the channel guards what belongs to it: one that is deleted meanwhile leaves no test behind.
            lock_channel(&transaction, channel).await?;
            let row = entity::Model {
                channel_id: channel.uuid(),
                model_name: test.model.clone(),
                code: test.code.clone(),
                first_byte_ms: test.first_byte_ms,
                latency_ms: test.latency_ms,
                tested_at_ms: database_time_ms(&transaction).await?,
            };
            entity::Entity::insert(entity::ActiveModel::from(row).reset_all())
                .on_conflict(
                    OnConflict::column(entity::Column::ChannelId)
                        .update_columns([
                            entity::Column::ModelName,
                            entity::Column::Code,
                            entity::Column::FirstByteMs,
                            entity::Column::LatencyMs,
                            entity::Column::TestedAtMs,
                        ])
                        .to_owned(),
                )
                .exec_without_returning(&transaction)
                .await?;
            append_audit(&transaction, audit).await?;
            transaction.commit().await?;
            Ok(())
        })
        .await
    }
}

/// How the last test of each of these channels went.
pub(super) async fn load_tests(
    connection: &impl ConnectionTrait,
    channels: &[Uuid],
) -> Result<HashMap<Uuid, ChannelTest>, StoreError> {
    let rows = entity::Entity::find()
        .filter(entity::Column::ChannelId.is_in(channels.iter().copied()))
        .all(connection)
        .await?;
    Ok(rows.into_iter().map(|row| (row.channel_id, ChannelTest::from(row))).collect())
}

pub(super) async fn delete_test(transaction: &Transaction, channel: ChannelId) -> Result<(), StoreError> {
    entity::Entity::delete_by_id(channel.uuid()).exec(transaction).await?;
    Ok(())
}

impl From<entity::Model> for ChannelTest {
    fn from(row: entity::Model) -> Self {
        ChannelTest {
            model: row.model_name,
            code: row.code,
            first_byte_ms: row.first_byte_ms,
            latency_ms: row.latency_ms,
            tested_at_ms: row.tested_at_ms,
        }
    }
}

mod entity {
    use sea_orm::entity::prelude::{
        ActiveModelBehavior, DeriveEntityModel, DerivePrimaryKey, DeriveRelation, EntityTrait, EnumIter,
        PrimaryKeyTrait, Uuid,
    };

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "channel_tests")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub channel_id: Uuid,
        pub model_name: String,
        pub code: Option<String>,
        pub first_byte_ms: Option<i64>,
        pub latency_ms: i64,
        pub tested_at_ms: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
