//! What belongs to the site as a whole: sealed secrets and settings.

use std::collections::BTreeMap;

use sea_orm::{
    ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, sea_query::OnConflict,
};

use crate::audit_log::Audited;
use crate::changes::{ChangeKind, record_change};
use crate::connection::{Store, Transaction, database_time_ms};
use crate::error::StoreError;

/// A setting that was changed from its default.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// Its name, such as `site.time_zone`.
    pub name: String,
    /// Its value as text.
    pub value: String,
    /// When it was set, in unix milliseconds of the database.
    pub updated_at_ms: i64,
}

impl Store {
    /// The site's secret of that name, sealed as it was stored.
    pub async fn load_secret(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let row = secret::Entity::find_by_id(name).one(self.reader()).await?;
        Ok(row.map(|row| row.sealed))
    }

    /// Stores a sealed secret unless there is one of that name, and gives the one that is stored now: of several
    /// instances that make the site's first secret at once, all go on with the same one.
    pub async fn insert_secret_if_absent(&self, name: &str, sealed: Vec<u8>) -> Result<Vec<u8>, StoreError> {
        self.repeat(|| async {
            let sealed = sealed.clone();
            let transaction = self.begin().await?;
            let row = secret::ActiveModel {
                name: Set(name.to_owned()),
                sealed: Set(sealed),
                created_at_ms: Set(database_time_ms(&transaction).await?),
            };
            secret::Entity::insert(row)
                .on_conflict_do_nothing_on([secret::Column::Name])
                .exec_without_returning(&transaction)
                .await?;
            transaction.commit().await?;
            self.load_secret(name).await?.ok_or(StoreError::Missing("secret"))
        })
        .await
    }

    /// Every setting that was changed from its default, by name.
    pub async fn list_settings(&self) -> Result<Vec<Setting>, StoreError> {
        let rows = setting::Entity::find().order_by_asc(setting::Column::Name).all(self.reader()).await?;
        Ok(rows.into_iter().map(Setting::from).collect())
    }

    /// Sets settings, or takes them back to their defaults where there is no value: all of them or none. The log shows
    /// those that are named, before and after. Each name at most once.
    pub async fn save_settings(
        &self,
        changes: &[(String, Option<String>)],
        audit: &Audited<BTreeMap<String, String>>,
    ) -> Result<(), StoreError> {
        self.repeat(|| async {
            let transaction = self.begin().await?;
            let names = || changes.iter().map(|(name, _)| name.as_str());
            let rows = setting::Entity::find()
                .filter(setting::Column::Name.is_in(names()))
                .lock_exclusive()
                .all(&transaction)
                .await?;
            let before: BTreeMap<String, String> =
                rows.into_iter().map(|row| (row.name, row.value)).collect();
            let now_ms = database_time_ms(&transaction).await?;
            let mut after = BTreeMap::new();
            for (name, value) in changes {
                match value {
                    Some(value) => {
                        save_setting(&transaction, name, value, now_ms).await?;
                        after.insert(name.clone(), value.clone());
                    }
                    None => {
                        setting::Entity::delete_by_id(name.as_str()).exec(&transaction).await?;
                    }
                }
                record_change(&transaction, ChangeKind::Setting, name).await?;
            }
            audit.append(&transaction, Some(&before), Some(&after)).await?;
            transaction.commit().await?;
            Ok(())
        })
        .await
    }
}

async fn save_setting(
    transaction: &Transaction,
    name: &str,
    value: &str,
    now_ms: i64,
) -> Result<(), StoreError> {
    let row = setting::ActiveModel {
        name: Set(name.to_owned()),
        value: Set(value.to_owned()),
        updated_at_ms: Set(now_ms),
    };
    setting::Entity::insert(row)
        .on_conflict(
            OnConflict::column(setting::Column::Name)
                .update_columns([setting::Column::Value, setting::Column::UpdatedAtMs])
                .to_owned(),
        )
        .exec_without_returning(transaction)
        .await?;
    Ok(())
}

impl From<setting::Model> for Setting {
    fn from(row: setting::Model) -> Self {
        Setting { name: row.name, value: row.value, updated_at_ms: row.updated_at_ms }
    }
}

mod secret {
    use sea_orm::entity::prelude::{
        ActiveModelBehavior, DeriveEntityModel, DerivePrimaryKey, DeriveRelation, EntityTrait, EnumIter,
        PrimaryKeyTrait,
    };

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "secrets")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub name: String,
        pub sealed: Vec<u8>,
        pub created_at_ms: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

mod setting {
    use sea_orm::entity::prelude::{
        ActiveModelBehavior, DeriveEntityModel, DerivePrimaryKey, DeriveRelation, EntityTrait, EnumIter,
        PrimaryKeyTrait,
    };

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "settings")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub name: String,
        pub value: String,
        pub updated_at_ms: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
