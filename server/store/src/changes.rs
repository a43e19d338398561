//! What changed, for every instance to hear of: one row for each change, written in the change's own transaction.

use sea_orm::{
    ActiveValue::{NotSet, Set},
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
};

use crate::connection::{Store, database_time_ms};
use crate::error::StoreError;

/// A write holds the database for a short time only: so many rows go at once.
const PRUNED_AT_ONCE: u64 = 500;

/// What kind of thing changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ChangeKind {
    /// A user; the subject is the user's id.
    User,
    /// A key; the subject is the key's id.
    Key,
    /// A sign-in; the subject is the session's id.
    Session,
    /// A model; the subject is the model's id.
    Model,
    /// A price; the subject is the model's id.
    Price,
    /// A channel, its models or its credentials; the subject is the channel's id.
    Channel,
    /// A setting of the site; the subject is its name.
    Setting,
}

impl ChangeKind {
    /// Every kind.
    pub const ALL: [ChangeKind; 7] = [
        ChangeKind::User,
        ChangeKind::Key,
        ChangeKind::Session,
        ChangeKind::Model,
        ChangeKind::Price,
        ChangeKind::Channel,
        ChangeKind::Setting,
    ];

    /// The stable name used in stored rows and in messages between instances.
    pub fn name(self) -> &'static str {
        match self {
            ChangeKind::User => "user",
            ChangeKind::Key => "key",
            ChangeKind::Session => "session",
            ChangeKind::Model => "model",
            ChangeKind::Price => "price",
            ChangeKind::Channel => "channel",
            ChangeKind::Setting => "setting",
        }
    }

    /// The kind of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        ChangeKind::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// One change that was committed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Its number. Numbers are given before the commit, so a lower one may appear after a higher one.
    pub id: i64,
    /// What kind of thing changed; none: a newer version wrote a kind that this one does not know.
    pub kind: Option<ChangeKind>,
    /// Which one: its id or name as text.
    pub subject: String,
    /// When, in unix milliseconds of the database.
    pub created_at_ms: i64,
}

/// The changes of the last while, and the time they were read at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecentChanges {
    /// The database's clock, in unix milliseconds.
    pub now_ms: i64,
    /// By id.
    pub changes: Vec<Change>,
}

/// Writes a change within the transaction that makes it.
pub(crate) async fn record_change(
    connection: &impl ConnectionTrait,
    kind: ChangeKind,
    subject: &str,
) -> Result<(), DbErr> {
    let change = entity::ActiveModel {
        id: NotSet,
        kind: Set(kind.name().to_owned()),
        subject: Set(subject.to_owned()),
        created_at_ms: Set(database_time_ms(connection).await?),
    };
    entity::Entity::insert(change).exec_without_returning(connection).await?;
    Ok(())
}

impl Store {
    /// The changes made at `created_at_ms` (the database's clock) or later, by id.
    pub async fn list_changes_since(&self, created_at_ms: i64) -> Result<Vec<Change>, StoreError> {
        let rows = entity::Entity::find()
            .filter(entity::Column::CreatedAtMs.gte(created_at_ms))
            .order_by_asc(entity::Column::Id)
            .all(self.reader())
            .await?;
        Ok(rows.into_iter().map(Change::from).collect())
    }

    /// The changes of the last `window_ms` by the database's clock.
    pub async fn list_recent_changes(&self, window_ms: i64) -> Result<RecentChanges, StoreError> {
        let now_ms = self.now_ms().await?;
        let changes = self.list_changes_since(now_ms.saturating_sub(window_ms)).await?;
        Ok(RecentChanges { now_ms, changes })
    }

    /// Drops the changes made before `created_at_ms`; gives how many there were.
    pub async fn prune_changes(&self, created_at_ms: i64) -> Result<u64, StoreError> {
        let mut pruned = 0;
        loop {
            let ids: Vec<i64> = entity::Entity::find()
                .select_only()
                .column(entity::Column::Id)
                .filter(entity::Column::CreatedAtMs.lt(created_at_ms))
                .order_by_asc(entity::Column::CreatedAtMs)
                .limit(PRUNED_AT_ONCE)
                .into_tuple()
                .all(self.reader())
                .await?;
            if ids.is_empty() {
                return Ok(pruned);
            }
            let transaction = self.begin().await?;
            let result = entity::Entity::delete_many()
                .filter(entity::Column::Id.is_in(ids))
                .exec(&transaction)
                .await?;
            transaction.commit().await?;
            pruned += result.rows_affected;
        }
    }
}

impl From<entity::Model> for Change {
    fn from(row: entity::Model) -> Self {
        Change {
            id: row.id,
            kind: ChangeKind::from_name(&row.kind),
            subject: row.subject,
            created_at_ms: row.created_at_ms,
        }
    }
}

mod entity {
    use sea_orm::entity::prelude::{
        ActiveModelBehavior, DeriveEntityModel, DerivePrimaryKey, DeriveRelation, EntityTrait, EnumIter,
        PrimaryKeyTrait,
    };

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "changes")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i64,
        pub kind: String,
        pub subject: String,
        pub created_at_ms: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
