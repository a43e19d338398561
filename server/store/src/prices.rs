//! The prices of models: versions that are never changed, of which the newest effective one counts.

use std::collections::HashMap;

use sea_orm::{
    ActiveModelTrait, ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
    sea_query::{Alias, Expr, ExprTrait, IntoIden, Query},
};
use uuid::Uuid;
use waystation_ids::{ModelId, PriceVersionId, UserId};
use waystation_pricing::Price;

use crate::audit_log::Audited;
use crate::changes::{ChangeKind, record_change};
use crate::column_values::{read_json, write_json};
use crate::connection::{Store, database_time_ms};
use crate::error::StoreError;
use crate::models;

/// What a model costs from a time on. Never changed or deleted: a bill is computed again from the version it names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PriceVersion {
    /// Its id.
    pub id: PriceVersionId,
    /// Whose price.
    pub model: ModelId,
    /// The rates and fees.
    pub price: Price,
    /// From when on it counts, in unix milliseconds.
    pub effective_at_ms: i64,
    /// When it was made, in unix milliseconds of the database.
    pub created_at_ms: i64,
    /// Who made it; none: the site itself.
    pub created_by: Option<UserId>,
}

/// A price version among the others of its model, in the order of the times from which they count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DatedPriceVersion {
    /// The version.
    pub version: PriceVersion,
    /// The one that it takes over from.
    pub previous: Option<PriceVersion>,
    /// When the next one takes over, in unix milliseconds; none: none does.
    pub effective_until_ms: Option<i64>,
}

/// A price version to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewPriceVersion {
    /// Its id.
    pub id: PriceVersionId,
    /// Whose price.
    pub model: ModelId,
    /// The rates and fees.
    pub price: Price,
    /// From when on it counts, in unix milliseconds.
    pub effective_at_ms: i64,
    /// Who makes it; none: the site itself.
    pub created_by: Option<UserId>,
}

impl Store {
    /// Makes a price version.
    pub async fn create_price_version(
        &self,
        new: NewPriceVersion,
        audit: &Audited<PriceVersion>,
    ) -> Result<PriceVersion, StoreError> {
        self.repeat(|| async {
            let new = new.clone();
            let price = write_json(&new.price)?;
            let transaction = self.begin().await?;
            // Models are never deleted, so that seeing one is enough.
            let model = models::entity::Entity::find_by_id(new.model.uuid()).one(&transaction).await?;
            if model.is_none() {
                return Err(StoreError::Missing("model"));
            }
            let created_at_ms = database_time_ms(&transaction).await?;
            let row = entity::Model {
                id: new.id.uuid(),
                model_id: new.model.uuid(),
                price,
                effective_at_ms: new.effective_at_ms,
                created_at_ms,
                created_by: new.created_by.map(UserId::uuid),
            };
            entity::Entity::insert(entity::ActiveModel::from(row).reset_all())
                .exec_without_returning(&transaction)
                .await?;
            record_change(&transaction, ChangeKind::Price, &new.model.to_string()).await?;
            let version = PriceVersion {
                id: new.id,
                model: new.model,
                price: new.price,
                effective_at_ms: new.effective_at_ms,
                created_at_ms,
                created_by: new.created_by,
            };
            audit.append(&transaction, None, Some(&version)).await?;
            transaction.commit().await?;
            Ok(version)
        })
        .await
    }

    /// The newest `limit` versions of a model's price made before `before`, newest first, with what they followed and
    /// what followed them.
    pub async fn list_price_versions(
        &self,
        model: ModelId,
        before: Option<PriceVersionId>,
        limit: u64,
    ) -> Result<Vec<DatedPriceVersion>, StoreError> {
        let mut query = entity::Entity::find()
            .filter(entity::Column::ModelId.eq(model.uuid()))
            .order_by_desc(entity::Column::Id)
            .limit(limit);
        if let Some(before) = before {
            query = query.filter(entity::Column::Id.lt(before.uuid()));
        }
        let rows = query.all(self.reader()).await?;
        // A version may be made today for next year, so that those beside it in time may be made at any time.
        let order: Vec<(Uuid, i64)> = entity::Entity::find()
            .select_only()
            .columns([entity::Column::Id, entity::Column::EffectiveAtMs])
            .filter(entity::Column::ModelId.eq(model.uuid()))
            .order_by_asc(entity::Column::EffectiveAtMs)
            .order_by_asc(entity::Column::Id)
            .into_tuple()
            .all(self.reader())
            .await?;
        let places: HashMap<Uuid, usize> =
            order.iter().enumerate().map(|(place, (id, _))| (*id, place)).collect();
        let place_of = |row: &entity::Model| places.get(&row.id).copied();
        let previous_of = |row: &entity::Model| order.get(place_of(row)?.checked_sub(1)?).map(|(id, _)| *id);
        let mut previous: HashMap<Uuid, entity::Model> = entity::Entity::find()
            .filter(entity::Column::Id.is_in(rows.iter().filter_map(previous_of)))
            .all(self.reader())
            .await?
            .into_iter()
            .map(|row| (row.id, row))
            .collect();
        rows.into_iter()
            .map(|row| {
                let next = place_of(&row).and_then(|place| order.get(place + 1));
                let previous = previous_of(&row).and_then(|id| previous.remove(&id));
                Ok(DatedPriceVersion {
                    previous: previous.map(PriceVersion::try_from).transpose()?,
                    effective_until_ms: next.map(|(_, effective_at_ms)| *effective_at_ms),
                    version: PriceVersion::try_from(row)?,
                })
            })
            .collect()
    }

    /// One version of a price, if there is such.
    pub async fn load_price_version(&self, id: PriceVersionId) -> Result<Option<PriceVersion>, StoreError> {
        let row = entity::Entity::find_by_id(id.uuid()).one(self.reader()).await?;
        row.map(PriceVersion::try_from).transpose()
    }

    /// The version that counts at `at_ms`, if the model has a price then.
    pub async fn load_price_at(
        &self,
        model: ModelId,
        at_ms: i64,
    ) -> Result<Option<PriceVersion>, StoreError> {
        let row = entity::Entity::find()
            .filter(entity::Column::ModelId.eq(model.uuid()))
            .filter(entity::Column::EffectiveAtMs.lte(at_ms))
            .order_by_desc(entity::Column::EffectiveAtMs)
            .order_by_desc(entity::Column::Id)
            .one(self.reader())
            .await?;
        row.map(PriceVersion::try_from).transpose()
    }

    /// The version that counts for each model at `now_ms` and all that will count later, by effective time.
    pub(crate) async fn list_prices_from(
        &self,
        now_ms: i64,
    ) -> Result<HashMap<ModelId, Vec<PriceVersion>>, StoreError> {
        let current = Alias::new("current").into_iden();
        let current_since = Query::select()
            .column(entity::Column::ModelId)
            .expr_as(Expr::col(entity::Column::EffectiveAtMs).max(), "since_ms")
            .from(entity::Entity)
            .and_where(Expr::col(entity::Column::EffectiveAtMs).lte(now_ms))
            .group_by_col(entity::Column::ModelId)
            .take();
        let mut query = entity::Entity::find();
        QueryTrait::query(&mut query).join_subquery(
            sea_orm::JoinType::LeftJoin,
            current_since,
            current.clone(),
            Condition::all().add(
                Expr::col((entity::Entity, entity::Column::ModelId))
                    .equals((current.clone(), entity::Column::ModelId)),
            ),
        );
        let since = Expr::col((current, Alias::new("since_ms")));
        let rows = query
            .filter(
                Condition::any()
                    .add(since.clone().is_null())
                    .add(Expr::col((entity::Entity, entity::Column::EffectiveAtMs)).gte(since)),
            )
            .order_by_asc(entity::Column::EffectiveAtMs)
            .order_by_asc(entity::Column::Id)
            .all(self.reader())
            .await?;
        let mut by_model: HashMap<ModelId, Vec<PriceVersion>> = HashMap::new();
        for row in rows {
            let version = PriceVersion::try_from(row)?;
            by_model.entry(version.model).or_default().push(version);
        }
        Ok(by_model)
    }
}

impl TryFrom<entity::Model> for PriceVersion {
    type Error = StoreError;

    fn try_from(row: entity::Model) -> Result<Self, StoreError> {
        Ok(PriceVersion {
            id: PriceVersionId::from_uuid(row.id),
            model: ModelId::from_uuid(row.model_id),
            price: read_json(&row.price, "price")?,
            effective_at_ms: row.effective_at_ms,
            created_at_ms: row.created_at_ms,
            created_by: row.created_by.map(UserId::from_uuid),
        })
    }
}

mod entity {
    use sea_orm::entity::prelude::{
        ActiveModelBehavior, DeriveEntityModel, DerivePrimaryKey, DeriveRelation, EntityTrait, EnumIter,
        PrimaryKeyTrait, Uuid,
    };

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "price_versions")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub model_id: Uuid,
        pub price: String,
        pub effective_at_ms: i64,
        pub created_at_ms: i64,
        pub created_by: Option<Uuid>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
