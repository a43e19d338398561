//! Ways to upstreams, the models they serve and their sealed secrets.

mod credentials;
mod last_test;
mod models;

use sea_orm::{
    ActiveModelTrait,
    ActiveValue::{Set, Unchanged},
    ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
};
use uuid::Uuid;
use waystation_ids::ChannelId;

use crate::audit_log::Audited;
use crate::changes::{ChangeKind, record_change};
use crate::connection::{Store, Transaction, database_time_ms};
use crate::error::StoreError;
use crate::text_search::column_contains;

pub use credentials::{Credential, NewCredential};
pub use last_test::ChannelTest;
pub(crate) use models::rename_channel_models;
pub use models::{ChannelModel, ModelsChange};

/// A way to an upstream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Channel {
    /// Its id.
    pub id: ChannelId,
    /// What people read.
    pub name: String,
    /// What the upstream speaks.
    pub format: ChannelFormat,
    /// The address that paths are appended to, without a slash at its end.
    pub base_url: String,
    /// Channels of a higher priority are tried first.
    pub priority: i64,
    /// The share of calls among channels of one priority.
    pub weight: i64,
    /// Whether calls may go there.
    pub active: bool,
    /// Whether the address may be one of a private network or of this host.
    pub allow_private_network: bool,
    /// What happens upstream when the caller goes away.
    pub on_disconnect: OnDisconnect,
    /// The models it serves, by name.
    pub models: Vec<ChannelModel>,
    /// Its secrets, oldest first.
    pub credentials: Vec<Credential>,
    /// How its last test went, if there was one.
    pub last_test: Option<ChannelTest>,
    /// When it was made, in unix milliseconds of the database.
    pub created_at_ms: i64,
    /// When it was last changed, in unix milliseconds of the database.
    pub updated_at_ms: i64,
}

/// A channel to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewChannel {
    /// Its id.
    pub id: ChannelId,
    /// What people read.
    pub name: String,
    /// What the upstream speaks.
    pub format: ChannelFormat,
    /// The address that paths are appended to, without a slash at its end.
    pub base_url: String,
    /// Channels of a higher priority are tried first.
    pub priority: i64,
    /// The share of calls among channels of one priority.
    pub weight: i64,
    /// Whether calls may go there.
    pub active: bool,
    /// Whether the address may be one of a private network or of this host.
    pub allow_private_network: bool,
    /// What happens upstream when the caller goes away.
    pub on_disconnect: OnDisconnect,
    /// The models it serves, each name once.
    pub models: Vec<ChannelModel>,
    /// Its secrets.
    pub credentials: Vec<NewCredential>,
}

/// What changes of a channel; `None` leaves a field as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChannelChange {
    /// What people read.
    pub name: Option<String>,
    /// What the upstream speaks.
    pub format: Option<ChannelFormat>,
    /// The address that paths are appended to, without a slash at its end.
    pub base_url: Option<String>,
    /// Channels of a higher priority are tried first.
    pub priority: Option<i64>,
    /// The share of calls among channels of one priority.
    pub weight: Option<i64>,
    /// Whether calls may go there.
    pub active: Option<bool>,
    /// Whether the address may be one of a private network or of this host.
    pub allow_private_network: Option<bool>,
    /// What happens upstream when the caller goes away.
    pub on_disconnect: Option<OnDisconnect>,
    /// All models it serves from now on, each name once.
    pub models: Option<Vec<ChannelModel>>,
}

/// What an upstream speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ChannelFormat {
    /// The OpenAI API.
    OpenAi,
    /// Nothing: answers are made inside this process, for a first look.
    Demo,
}

impl ChannelFormat {
    /// The stable name used in JSON and in stored rows.
    pub fn name(self) -> &'static str {
        match self {
            ChannelFormat::OpenAi => "openai",
            ChannelFormat::Demo => "demo",
        }
    }

    /// The format of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        [ChannelFormat::OpenAi, ChannelFormat::Demo].into_iter().find(|format| format.name() == name)
    }
}

/// What happens upstream when the caller goes away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OnDisconnect {
    /// The answer is read to its end, within limits, as its price is known only then.
    Drain,
    /// The call is cut, for upstreams that stop charging then.
    Cancel,
}

impl OnDisconnect {
    /// The stable name used in JSON and in stored rows.
    pub fn name(self) -> &'static str {
        match self {
            OnDisconnect::Drain => "drain",
            OnDisconnect::Cancel => "cancel",
        }
    }

    /// The behaviour of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        [OnDisconnect::Drain, OnDisconnect::Cancel].into_iter().find(|behaviour| behaviour.name() == name)
    }
}

impl Store {
    /// Makes a channel with its models and secrets.
    pub async fn create_channel(
        &self,
        new: NewChannel,
        audit: &Audited<Channel>,
    ) -> Result<Channel, StoreError> {
        self.repeat(|| async {
            let new = new.clone();
            let transaction = self.begin().await?;
            let now_ms = database_time_ms(&transaction).await?;
            let row = entity::Model {
                id: new.id.uuid(),
                name: new.name,
                format: new.format.name().to_owned(),
                base_url: new.base_url,
                priority: new.priority,
                weight: new.weight,
                active: new.active,
                allow_private_network: new.allow_private_network,
                on_disconnect: new.on_disconnect.name().to_owned(),
                created_at_ms: now_ms,
                updated_at_ms: now_ms,
            };
            entity::Entity::insert(entity::ActiveModel::from(row).reset_all())
                .exec_without_returning(&transaction)
                .await?;
            models::insert_models(&transaction, new.id, new.models).await?;
            for credential in new.credentials {
                credentials::insert_credential(&transaction, new.id, credential, now_ms).await?;
            }
            record_change(&transaction, ChangeKind::Channel, &new.id.to_string()).await?;
            let channel = read_channel(&transaction, new.id).await?;
            audit.append(&transaction, None, Some(&channel)).await?;
            transaction.commit().await?;
            Ok(channel)
        })
        .await
    }

    /// The newest `limit` channels before `before`, newest first: those whose name or address has `text` in it.
    pub async fn list_channels(
        &self,
        text: Option<&str>,
        before: Option<ChannelId>,
        limit: u64,
    ) -> Result<Vec<Channel>, StoreError> {
        let mut query = entity::Entity::find().order_by_desc(entity::Column::Id).limit(limit);
        if let Some(before) = before {
            query = query.filter(entity::Column::Id.lt(before.uuid()));
        }
        if let Some(text) = text {
            query = query.filter(
                Condition::any()
                    .add(column_contains(entity::Column::Name, text))
                    .add(column_contains(entity::Column::BaseUrl, text)),
            );
        }
        let rows = query.all(self.reader()).await?;
        complete_channels(self.reader(), rows).await
    }

    /// Every channel that calls may go to.
    pub(crate) async fn list_active_channels(&self) -> Result<Vec<Channel>, StoreError> {
        let rows = entity::Entity::find().filter(entity::Column::Active.eq(true)).all(self.reader()).await?;
        complete_channels(self.reader(), rows).await
    }

    /// One channel.
    pub async fn load_channel(&self, id: ChannelId) -> Result<Channel, StoreError> {
        read_channel(self.reader(), id).await
    }

    /// Changes a channel.
    pub async fn update_channel(
        &self,
        id: ChannelId,
        change: ChannelChange,
        audit: &Audited<Channel>,
    ) -> Result<Channel, StoreError> {
        self.repeat(|| async {
            let change = change.clone();
            let transaction = self.begin().await?;
            let mut row = lock_channel(&transaction, id).await?;
            let before = read_channel(&transaction, id).await?;
            if let Some(name) = change.name {
                row.name = name;
            }
            if let Some(format) = change.format {
                row.format = format.name().to_owned();
            }
            if let Some(base_url) = change.base_url {
                row.base_url = base_url;
            }
            if let Some(priority) = change.priority {
                row.priority = priority;
            }
            if let Some(weight) = change.weight {
                row.weight = weight;
            }
            if let Some(active) = change.active {
                row.active = active;
            }
            if let Some(allow) = change.allow_private_network {
                row.allow_private_network = allow;
            }
            if let Some(behaviour) = change.on_disconnect {
                row.on_disconnect = behaviour.name().to_owned();
            }
            save_channel(&transaction, row).await?;
            if let Some(models) = change.models {
                models::delete_models(&transaction, id).await?;
                models::insert_models(&transaction, id, models).await?;
            }
            record_change(&transaction, ChangeKind::Channel, &id.to_string()).await?;
            let after = read_channel(&transaction, id).await?;
            audit.append(&transaction, Some(&before), Some(&after)).await?;
            transaction.commit().await?;
            Ok(after)
        })
        .await
    }

    /// Deletes a channel with its secrets. Calls that it served keep its id.
    pub async fn delete_channel(&self, id: ChannelId, audit: &Audited<Channel>) -> Result<(), StoreError> {
        self.repeat(|| async {
            let transaction = self.begin().await?;
            lock_channel(&transaction, id).await?;
            let before = read_channel(&transaction, id).await?;
            credentials::delete_credentials(&transaction, id).await?;
            models::delete_models(&transaction, id).await?;
            last_test::delete_test(&transaction, id).await?;
            entity::Entity::delete_by_id(id.uuid()).exec(&transaction).await?;
            record_change(&transaction, ChangeKind::Channel, &id.to_string()).await?;
            audit.append(&transaction, Some(&before), None).await?;
            transaction.commit().await?;
            Ok(())
        })
        .await
    }
}

async fn read_channel(connection: &impl ConnectionTrait, id: ChannelId) -> Result<Channel, StoreError> {
    let row = entity::Entity::find_by_id(id.uuid()).one(connection).await?;
    let rows = complete_channels(connection, row.into_iter().collect()).await?;
    rows.into_iter().next().ok_or(StoreError::Missing("channel"))
}

/// Adds to channels' rows what lies in other tables, with one statement for each.
async fn complete_channels(
    connection: &impl ConnectionTrait,
    rows: Vec<entity::Model>,
) -> Result<Vec<Channel>, StoreError> {
    let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let mut models = models::load_models(connection, &ids).await?;
    let mut credentials = credentials::load_credentials(connection, &ids).await?;
    let mut tests = last_test::load_tests(connection, &ids).await?;
    rows.into_iter()
        .map(|row| {
            let models = models.remove(&row.id).unwrap_or_default();
            let credentials = credentials.remove(&row.id).unwrap_or_default();
            let last_test = tests.remove(&row.id);
            complete_channel(row, models, credentials, last_test)
        })
        .collect()
}

async fn lock_channel(transaction: &Transaction, id: ChannelId) -> Result<entity::Model, StoreError> {
    entity::Entity::find_by_id(id.uuid())
        .lock_exclusive()
        .one(transaction)
        .await?
        .ok_or(StoreError::Missing("channel"))
}

/// Writes a locked channel back; gives the time of the change.
async fn save_channel(transaction: &Transaction, row: entity::Model) -> Result<i64, DbErr> {
    let updated_at_ms = database_time_ms(transaction).await?;
    let id = row.id;
    let mut change = entity::ActiveModel::from(row).reset_all();
    change.id = Unchanged(id);
    change.updated_at_ms = Set(updated_at_ms);
    entity::Entity::update(change).exec_without_returning(transaction).await?;
    Ok(updated_at_ms)
}

fn complete_channel(
    row: entity::Model,
    models: Vec<ChannelModel>,
    credentials: Vec<Credential>,
    last_test: Option<ChannelTest>,
) -> Result<Channel, StoreError> {
    Ok(Channel {
        id: ChannelId::from_uuid(row.id),
        name: row.name,
        format: ChannelFormat::from_name(&row.format).ok_or(StoreError::Unreadable("channel"))?,
        base_url: row.base_url,
        priority: row.priority,
        weight: row.weight,
        active: row.active,
        allow_private_network: row.allow_private_network,
        on_disconnect: OnDisconnect::from_name(&row.on_disconnect)
            .ok_or(StoreError::Unreadable("channel"))?,
        models,
        credentials,
        last_test,
        created_at_ms: row.created_at_ms,
        updated_at_ms: row.updated_at_ms,
    })
}

mod entity {
    use sea_orm::entity::prelude::{
        ActiveModelBehavior, DeriveEntityModel, DerivePrimaryKey, DeriveRelation, EntityTrait, EnumIter,
        PrimaryKeyTrait, Uuid,
    };

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "channels")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub name: String,
        pub format: String,
        pub base_url: String,
        pub priority: i64,
        pub weight: i64,
        pub active: bool,
        pub allow_private_network: bool,
        pub on_disconnect: String,
        pub created_at_ms: i64,
        pub updated_at_ms: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
