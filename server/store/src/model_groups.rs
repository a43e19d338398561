//! Named sets of models.

use std::collections::HashMap;

use sea_orm::{
    ActiveModelTrait,
    ActiveValue::{Set, Unchanged},
    ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
};
use uuid::Uuid;
use waystation_ids::{ModelGroupId, ModelId};

use crate::audit_log::Audited;
use crate::changes::{ChangeKind, record_change};
use crate::connection::{Store, Transaction, database_time_ms};
use crate::error::StoreError;
use crate::models;

/// A named set of models.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelGroup {
    /// Its id.
    pub id: ModelGroupId,
    /// What people read; unique.
    pub name: String,
    /// What it is for; may be empty.
    pub note: String,
    /// Its models, by name.
    pub models: Vec<GroupedModel>,
    /// When it was made, in unix milliseconds of the database.
    pub created_at_ms: i64,
    /// When it was last changed, in unix milliseconds of the database.
    pub updated_at_ms: i64,
}

/// A model of a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupedModel {
    /// Its id.
    pub id: ModelId,
    /// What users ask for.
    pub name: String,
}

/// A group to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewModelGroup {
    /// Its id.
    pub id: ModelGroupId,
    /// What people read; unique.
    pub name: String,
    /// What it is for.
    pub note: String,
    /// Its models, each once.
    pub models: Vec<ModelId>,
}

/// What changes of a group; `None` leaves a field as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ModelGroupChange {
    /// What people read.
    pub name: Option<String>,
    /// What it is for.
    pub note: Option<String>,
    /// All its models from now on, each once.
    pub models: Option<Vec<ModelId>>,
}

impl Store {
    /// Makes a group. [`StoreError::Taken`] where there is one of that name.
    pub async fn create_model_group(
        &self,
        new: NewModelGroup,
        audit: &Audited<ModelGroup>,
    ) -> Result<ModelGroup, StoreError> {
        self.repeat(|| async {
            let new = new.clone();
            let transaction = self.begin().await?;
            let now_ms = database_time_ms(&transaction).await?;
            let row = group::Model {
                id: new.id.uuid(),
                name: new.name,
                note: new.note,
                created_at_ms: now_ms,
                updated_at_ms: now_ms,
            };
            group::Entity::insert(group::ActiveModel::from(row).reset_all())
                .exec_without_returning(&transaction)
                .await
                .map_err(|error| StoreError::taken(error, "name"))?;
            insert_members(&transaction, new.id, new.models).await?;
            tell_of(&transaction, new.id).await?;
            let made = read_group(&transaction, new.id).await?;
            audit.append(&transaction, None, Some(&made)).await?;
            transaction.commit().await?;
            Ok(made)
        })
        .await
    }

    /// The newest `limit` groups before `before`, newest first.
    pub async fn list_model_groups(
        &self,
        before: Option<ModelGroupId>,
        limit: u64,
    ) -> Result<Vec<ModelGroup>, StoreError> {
        let mut query = group::Entity::find().order_by_desc(group::Column::Id).limit(limit);
        if let Some(before) = before {
            query = query.filter(group::Column::Id.lt(before.uuid()));
        }
        let rows = query.all(self.reader()).await?;
        complete_groups(self.reader(), rows).await
    }

    /// The groups of each model that is in any.
    pub(crate) async fn list_memberships(&self) -> Result<HashMap<ModelId, Vec<ModelGroupId>>, StoreError> {
        let rows = member::Entity::find().order_by_asc(member::Column::GroupId).all(self.reader()).await?;
        let mut groups: HashMap<ModelId, Vec<ModelGroupId>> = HashMap::new();
        for row in rows {
            let group = ModelGroupId::from_uuid(row.group_id);
            groups.entry(ModelId::from_uuid(row.model_id)).or_default().push(group);
        }
        Ok(groups)
    }

    /// One group.
    pub async fn load_model_group(&self, id: ModelGroupId) -> Result<ModelGroup, StoreError> {
        read_group(self.reader(), id).await
    }

    /// Changes a group. [`StoreError::Taken`] where another has the new name already.
    pub async fn update_model_group(
        &self,
        id: ModelGroupId,
        change: ModelGroupChange,
        audit: &Audited<ModelGroup>,
    ) -> Result<ModelGroup, StoreError> {
        self.repeat(|| async {
            let change = change.clone();
            let transaction = self.begin().await?;
            let mut row = lock_group(&transaction, id).await?;
            let before = read_group(&transaction, id).await?;
            if let Some(name) = change.name {
                row.name = name;
            }
            if let Some(note) = change.note {
                row.note = note;
            }
            let mut changed = group::ActiveModel::from(row).reset_all();
            changed.id = Unchanged(id.uuid());
            changed.updated_at_ms = Set(database_time_ms(&transaction).await?);
            group::Entity::update(changed)
                .exec_without_returning(&transaction)
                .await
                .map_err(|error| StoreError::taken(error, "name"))?;
            if let Some(models) = change.models {
                delete_members(&transaction, id).await?;
                insert_members(&transaction, id, models).await?;
            }
            tell_of(&transaction, id).await?;
            let after = read_group(&transaction, id).await?;
            audit.append(&transaction, Some(&before), Some(&after)).await?;
            transaction.commit().await?;
            Ok(after)
        })
        .await
    }

    /// Deletes a group; its models stay.
    pub async fn delete_model_group(
        &self,
        id: ModelGroupId,
        audit: &Audited<ModelGroup>,
    ) -> Result<(), StoreError> {
        self.repeat(|| async {
            let transaction = self.begin().await?;
            lock_group(&transaction, id).await?;
            let before = read_group(&transaction, id).await?;
            delete_members(&transaction, id).await?;
            group::Entity::delete_by_id(id.uuid()).exec(&transaction).await?;
            tell_of(&transaction, id).await?;
            audit.append(&transaction, Some(&before), None).await?;
            transaction.commit().await?;
            Ok(())
        })
        .await
    }
}

/// Which models a group has is a part of what the models are: whoever remembers them hears of it as of them.
async fn tell_of(transaction: &Transaction, group: ModelGroupId) -> Result<(), StoreError> {
    Ok(record_change(transaction, ChangeKind::Model, &group.to_string()).await?)
}

async fn read_group(connection: &impl ConnectionTrait, id: ModelGroupId) -> Result<ModelGroup, StoreError> {
    let row = group::Entity::find_by_id(id.uuid()).one(connection).await?;
    let groups = complete_groups(connection, row.into_iter().collect()).await?;
    groups.into_iter().next().ok_or(StoreError::Missing("model group"))
}

async fn lock_group(transaction: &Transaction, id: ModelGroupId) -> Result<group::Model, StoreError> {
    let row = group::Entity::find_by_id(id.uuid()).lock_exclusive().one(transaction).await?;
    row.ok_or(StoreError::Missing("model group"))
}

/// Adds to groups' rows what lies in other tables, with one statement for each.
async fn complete_groups(
    connection: &impl ConnectionTrait,
    rows: Vec<group::Model>,
) -> Result<Vec<ModelGroup>, StoreError> {
    let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let members = member::Entity::find().filter(member::Column::GroupId.is_in(ids)).all(connection).await?;
    // By the models' table itself: a group with all models of a site has more of them than a statement takes values.
    let models: HashMap<Uuid, String> = models::entity::Entity::find()
        .select_only()
        .columns([models::entity::Column::Id, models::entity::Column::Name])
        .into_tuple::<(Uuid, String)>()
        .all(connection)
        .await?
        .into_iter()
        .collect();
    let mut by_group: HashMap<Uuid, Vec<GroupedModel>> = HashMap::new();
    for row in members {
        if let Some(name) = models.get(&row.model_id) {
            let model = GroupedModel { id: ModelId::from_uuid(row.model_id), name: name.clone() };
            by_group.entry(row.group_id).or_default().push(model);
        }
    }
    let complete = |row: group::Model| {
        let mut models = by_group.remove(&row.id).unwrap_or_default();
        models.sort_by(|one, other| one.name.cmp(&other.name));
        ModelGroup {
            id: ModelGroupId::from_uuid(row.id),
            name: row.name,
            note: row.note,
            models,
            created_at_ms: row.created_at_ms,
            updated_at_ms: row.updated_at_ms,
        }
    };
    Ok(rows.into_iter().map(complete).collect())
}

async fn insert_members(
    transaction: &Transaction,
    group: ModelGroupId,
    models: Vec<ModelId>,
) -> Result<(), StoreError> {
    if models.is_empty() {
        return Ok(());
    }
    let rows = models
        .into_iter()
        .map(|model| member::ActiveModel { group_id: Set(group.uuid()), model_id: Set(model.uuid()) });
    member::Entity::insert_many(rows)
        .exec_without_returning(transaction)
        .await
        .map_err(|error| StoreError::taken(error, "models"))?;
    Ok(())
}

async fn delete_members(transaction: &Transaction, group: ModelGroupId) -> Result<(), StoreError> {
    member::Entity::delete_many().filter(member::Column::GroupId.eq(group.uuid())).exec(transaction).await?;
    Ok(())
}

mod group {
    use sea_orm::entity::prelude::{
        ActiveModelBehavior, DeriveEntityModel, DerivePrimaryKey, DeriveRelation, EntityTrait, EnumIter,
        PrimaryKeyTrait, Uuid,
    };

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "model_groups")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub name: String,
        pub note: String,
        pub created_at_ms: i64,
        pub updated_at_ms: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

mod member {
    use sea_orm::entity::prelude::{
        ActiveModelBehavior, DeriveEntityModel, DerivePrimaryKey, DeriveRelation, EntityTrait, EnumIter,
        PrimaryKeyTrait, Uuid,
    };

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "model_group_members")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub group_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub model_id: Uuid,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
