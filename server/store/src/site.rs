//! What belongs to the site as a whole: sealed secrets and settings.

use sea_orm::{ActiveValue::Set, EntityTrait, QueryOrder, sea_query::OnConflict};

use crate::changes::{ChangeKind, record_change};
use crate::connection::{Store, database_time_ms};
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

    /// One setting, if it was changed from its default.
    pub async fn load_setting(&self, name: &str) -> Result<Option<Setting>, StoreError> {
        let row = setting::Entity::find_by_id(name).one(self.reader()).await?;
        Ok(row.map(Setting::from))
    }

    /// Sets a setting.
    pub async fn save_setting(&self, name: &str, value: &str) -> Result<Setting, StoreError> {
        self.repeat(|| async {
            let transaction = self.begin().await?;
            let saved = Setting {
                name: name.to_owned(),
                value: value.to_owned(),
                updated_at_ms: database_time_ms(&transaction).await?,
            };
            let row = setting::ActiveModel {
                name: Set(saved.name.clone()),
                value: Set(saved.value.clone()),
                updated_at_ms: Set(saved.updated_at_ms),
            };
            setting::Entity::insert(row)
                .on_conflict(
                    OnConflict::column(setting::Column::Name)
                        .update_columns([setting::Column::Value, setting::Column::UpdatedAtMs])
                        .to_owned(),
                )
                .exec_without_returning(&transaction)
                .await?;
            record_change(&transaction, ChangeKind::Setting, name).await?;
            transaction.commit().await?;
            Ok(saved)
        })
        .await
    }
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
