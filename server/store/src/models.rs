//! The models that users may ask for.

use std::collections::HashMap;

use sea_orm::{
    ActiveModelTrait, ActiveValue::Unchanged, ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder,
    QuerySelect,
};
use uuid::Uuid;
use waystation_ids::ModelId;

use crate::audit_log::Audited;
use crate::changes::{ChangeKind, record_change};
use crate::channels::rename_channel_models;
use crate::column_values::{read_count, read_json, write_count, write_json};
use crate::connection::{Store, database_time_ms};
use crate::error::StoreError;
use crate::text_search::column_contains;

const NAMES_AT_ONCE: usize = 1_000;

/// A model that users may ask for by its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Model {
    /// Its id.
    pub id: ModelId,
    /// What users ask for; unique.
    pub name: String,
    /// What people read.
    pub display_name: String,
    /// The most tokens input and output may have together.
    pub context_length: Option<u64>,
    /// The most tokens an answer may have.
    pub max_output_tokens: Option<u64>,
    /// How long an upstream may take to begin its answer, in milliseconds; none: as the settings say.
    pub first_byte_ms: Option<u64>,
    /// The output cap of calls that state none, in tokens.
    pub default_output_tokens: u64,
    /// Which field carries the cap upstream.
    pub output_cap_parameter: OutputCapParameter,
    /// What it can do, such as `chat` or `vision`.
    pub capabilities: Vec<String>,
    /// Whether it may be asked for.
    pub active: bool,
    /// When it was made, in unix milliseconds of the database.
    pub created_at_ms: i64,
    /// When it was last changed, in unix milliseconds of the database.
    pub updated_at_ms: i64,
}

/// A model to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewModel {
    /// Its id.
    pub id: ModelId,
    /// What users ask for; unique.
    pub name: String,
    /// What people read.
    pub display_name: String,
    /// The most tokens input and output may have together.
    pub context_length: Option<u64>,
    /// The most tokens an answer may have.
    pub max_output_tokens: Option<u64>,
    /// How long an upstream may take to begin its answer, in milliseconds; none: as the settings say.
    pub first_byte_ms: Option<u64>,
    /// The output cap of calls that state none, in tokens.
    pub default_output_tokens: u64,
    /// Which field carries the cap upstream.
    pub output_cap_parameter: OutputCapParameter,
    /// What it can do.
    pub capabilities: Vec<String>,
    /// Whether it may be asked for.
    pub active: bool,
}

/// What changes of a model; `None` leaves a field as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ModelChange {
    /// What users ask for. Channels that serve the model follow; keys and grants that name it do not.
    pub name: Option<String>,
    /// What people read.
    pub display_name: Option<String>,
    /// The most tokens input and output may have together; `Some(None)` takes the limit away.
    pub context_length: Option<Option<u64>>,
    /// The most tokens an answer may have; `Some(None)` takes the limit away.
    pub max_output_tokens: Option<Option<u64>>,
    /// How long an upstream may take to begin its answer, in milliseconds.
    pub first_byte_ms: Option<Option<u64>>,
    /// The output cap of calls that state none, in tokens.
    pub default_output_tokens: Option<u64>,
    /// Which field carries the cap upstream.
    pub output_cap_parameter: Option<OutputCapParameter>,
    /// What it can do.
    pub capabilities: Option<Vec<String>>,
    /// Whether it may be asked for.
    pub active: Option<bool>,
}

/// The request field that carries the output cap upstream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OutputCapParameter {
    /// `max_completion_tokens`, which covers hidden reasoning.
    MaxCompletionTokens,
    /// `max_tokens`, which older servers know alone.
    MaxTokens,
}

impl OutputCapParameter {
    /// The field's name, which is also what is stored.
    pub fn name(self) -> &'static str {
        match self {
            OutputCapParameter::MaxCompletionTokens => "max_completion_tokens",
            OutputCapParameter::MaxTokens => "max_tokens",
        }
    }

    /// The parameter of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        [OutputCapParameter::MaxCompletionTokens, OutputCapParameter::MaxTokens]
            .into_iter()
            .find(|parameter| parameter.name() == name)
    }
}

impl Store {
    /// Makes a model. [`StoreError::Taken`] where there is one of that name.
    pub async fn create_model(&self, new: NewModel, audit: &Audited<Model>) -> Result<Model, StoreError> {
        self.repeat(|| async {
            let new = new.clone();
            let transaction = self.begin().await?;
            let now_ms = database_time_ms(&transaction).await?;
            let row = entity::Model {
                id: new.id.uuid(),
                name: new.name,
                display_name: new.display_name,
                context_length: new.context_length.map(write_count),
                max_output_tokens: new.max_output_tokens.map(write_count),
                first_byte_ms: new.first_byte_ms.map(write_count),
                default_output_tokens: write_count(new.default_output_tokens),
                output_cap_parameter: new.output_cap_parameter.name().to_owned(),
                capabilities: write_json(&new.capabilities)?,
                active: new.active,
                created_at_ms: now_ms,
                updated_at_ms: now_ms,
            };
            entity::Entity::insert(entity::ActiveModel::from(row.clone()).reset_all())
                .exec_without_returning(&transaction)
                .await
                .map_err(|error| StoreError::taken(error, "name"))?;
            record_change(&transaction, ChangeKind::Model, &new.id.to_string()).await?;
            let model = Model::try_from(row)?;
            audit.append(&transaction, None, Some(&model)).await?;
            transaction.commit().await?;
            Ok(model)
        })
        .await
    }

    /// The newest `limit` models before `before`, newest first: those that have `text` in one of their names.
    pub async fn list_models(
        &self,
        text: Option<&str>,
        before: Option<ModelId>,
        limit: u64,
    ) -> Result<Vec<Model>, StoreError> {
        let mut query = entity::Entity::find().order_by_desc(entity::Column::Id).limit(limit);
        if let Some(before) = before {
            query = query.filter(entity::Column::Id.lt(before.uuid()));
        }
        if let Some(text) = text {
            query = query.filter(
                Condition::any()
                    .add(column_contains(entity::Column::Name, text))
                    .add(column_contains(entity::Column::DisplayName, text)),
            );
        }
        query.all(self.reader()).await?.into_iter().map(Model::try_from).collect()
    }

    /// The ids of those of these models that there are, active or not, by name.
    pub async fn find_models(&self, names: &[String]) -> Result<HashMap<String, ModelId>, StoreError> {
        let mut found = HashMap::new();
        // A statement takes so many values and no more.
        for names in names.chunks(NAMES_AT_ONCE) {
            let rows: Vec<(String, Uuid)> = entity::Entity::find()
                .select_only()
                .columns([entity::Column::Name, entity::Column::Id])
                .filter(entity::Column::Name.is_in(names.iter().map(String::as_str)))
                .into_tuple()
                .all(self.reader())
                .await?;
            found.extend(rows.into_iter().map(|(name, id)| (name, ModelId::from_uuid(id))));
        }
        Ok(found)
    }

    /// Every model that may be asked for.
    pub(crate) async fn list_active_models(&self) -> Result<Vec<Model>, StoreError> {
        let rows = entity::Entity::find().filter(entity::Column::Active.eq(true)).all(self.reader()).await?;
        rows.into_iter().map(Model::try_from).collect()
    }

    /// One model.
    pub async fn load_model(&self, id: ModelId) -> Result<Model, StoreError> {
        let row = entity::Entity::find_by_id(id.uuid()).one(self.reader()).await?;
        row.ok_or(StoreError::Missing("model")).and_then(Model::try_from)
    }

    /// Changes a model. [`StoreError::Taken`] where another has the new name already.
    pub async fn update_model(
        &self,
        id: ModelId,
        change: ModelChange,
        audit: &Audited<Model>,
    ) -> Result<Model, StoreError> {
        self.repeat(|| async {
            let change = change.clone();
            let transaction = self.begin().await?;
            let before = entity::Entity::find_by_id(id.uuid())
                .lock_exclusive()
                .one(&transaction)
                .await?
                .ok_or(StoreError::Missing("model"))?;
            let mut after = before.clone();
            if let Some(name) = change.name {
                after.name = name;
            }
            if let Some(display_name) = change.display_name {
                after.display_name = display_name;
            }
            if let Some(length) = change.context_length {
                after.context_length = length.map(write_count);
            }
            if let Some(most) = change.max_output_tokens {
                after.max_output_tokens = most.map(write_count);
            }
            if let Some(limit) = change.first_byte_ms {
                after.first_byte_ms = limit.map(write_count);
            }
            if let Some(default) = change.default_output_tokens {
                after.default_output_tokens = write_count(default);
            }
            if let Some(parameter) = change.output_cap_parameter {
                after.output_cap_parameter = parameter.name().to_owned();
            }
            if let Some(capabilities) = change.capabilities {
                after.capabilities = write_json(&capabilities)?;
            }
            if let Some(active) = change.active {
                after.active = active;
            }
            after.updated_at_ms = database_time_ms(&transaction).await?;
            let mut row = entity::ActiveModel::from(after.clone()).reset_all();
            row.id = Unchanged(after.id);
            row.created_at_ms = Unchanged(after.created_at_ms);
            entity::Entity::update(row)
                .exec_without_returning(&transaction)
                .await
                .map_err(|error| StoreError::taken(error, "name"))?;
            if before.name != after.name {
                rename_channel_models(&transaction, &before.name, &after.name).await?;
            }
            record_change(&transaction, ChangeKind::Model, &id.to_string()).await?;
            let (before, after) = (Model::try_from(before)?, Model::try_from(after)?);
            audit.append(&transaction, Some(&before), Some(&after)).await?;
            transaction.commit().await?;
            Ok(after)
        })
        .await
    }
}

impl TryFrom<entity::Model> for Model {
    type Error = StoreError;

    fn try_from(row: entity::Model) -> Result<Self, StoreError> {
        let count = |stored| read_count(stored, "model");
        Ok(Model {
            id: ModelId::from_uuid(row.id),
            name: row.name,
            display_name: row.display_name,
            context_length: row.context_length.map(count).transpose()?,
            max_output_tokens: row.max_output_tokens.map(count).transpose()?,
            first_byte_ms: row.first_byte_ms.map(count).transpose()?,
            default_output_tokens: count(row.default_output_tokens)?,
            output_cap_parameter: OutputCapParameter::from_name(&row.output_cap_parameter)
                .ok_or(StoreError::Unreadable("model"))?,
            capabilities: read_json(&row.capabilities, "model")?,
            active: row.active,
            created_at_ms: row.created_at_ms,
            updated_at_ms: row.updated_at_ms,
        })
    }
}

pub(crate) mod entity {
    use sea_orm::entity::prelude::{
        ActiveModelBehavior, DeriveEntityModel, DerivePrimaryKey, DeriveRelation, EntityTrait, EnumIter,
        PrimaryKeyTrait, Uuid,
    };

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "models")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub name: String,
        pub display_name: String,
        pub context_length: Option<i64>,
        pub max_output_tokens: Option<i64>,
        pub first_byte_ms: Option<i64>,
        pub default_output_tokens: i64,
        pub output_cap_parameter: String,
        pub capabilities: String,
        pub active: bool,
        pub created_at_ms: i64,
        pub updated_at_ms: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
