//! Calls that have ended, as admins and users look at them. The lanes write these rows; here they are read.

use std::collections::BTreeMap;

use sea_orm::{
    ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Select,
    sea_query::{Alias, Expr, ExprTrait, SimpleExpr},
};
use uuid::Uuid;
use waystation_ids::{ChannelId, CredentialId, KeyId, PriceVersionId, RequestId, UserId};
use waystation_ledger::{AttemptRecord, CallRecord, CallStatus, SourceLine, UsageRecord};
use waystation_pricing::{Bucket, Money, Usage, UsageSource};

use crate::column_values::{read_count, read_json};
use crate::connection::{DatabaseKind, Store};
use crate::error::StoreError;

/// A call that has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndedRequest {
    /// What happened.
    pub record: CallRecord,
    /// The list price of everything it used.
    pub cost: Money,
    /// What was paid in money.
    pub charged: Money,
    /// What the operator bears.
    pub operator_loss: Money,
    /// What each account paid.
    pub sources: Vec<SourceLine>,
    /// How many channels were tried.
    pub attempts: u32,
    /// When it ended, in unix milliseconds of the books.
    pub ended_at_ms: i64,
}

/// Which calls to list; `None` does not filter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RequestFilter {
    /// Who paid.
    pub user: Option<UserId>,
    /// With which key.
    pub key: Option<KeyId>,
    /// The model's name, asked for or served.
    pub model: Option<String>,
    /// How they ended.
    pub status: Option<CallStatus>,
    /// The HTTP status the caller got.
    pub status_code: Option<u16>,
    /// The channel that answered, or was tried last.
    pub channel: Option<ChannelId>,
    /// Begun then or later, in unix milliseconds.
    pub from_ms: Option<i64>,
    /// Begun before, in unix milliseconds.
    pub until_ms: Option<i64>,
}

/// Which roll-ups to sum.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsageFilter {
    /// Who paid; none: everyone.
    pub user: Option<UserId>,
    /// With which key; none: any.
    pub key: Option<KeyId>,
    /// The hours that begin then or later, in unix milliseconds.
    pub from_ms: i64,
    /// The hours that begin before, in unix milliseconds.
    pub until_ms: i64,
}

/// What the calls of one model that ended within one hour used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HourlyUsage {
    /// When the hour begins, in unix milliseconds.
    pub hour_ms: i64,
    /// The model that was served.
    pub model: String,
    /// How many calls.
    pub requests: u64,
    /// Tokens read.
    pub input_tokens: u64,
    /// Tokens written.
    pub output_tokens: u64,
    /// At list price.
    pub cost: Money,
    /// Paid in money.
    pub charged: Money,
}

impl Store {
    /// The newest `limit` calls before `before`, newest first.
    pub async fn list_requests(
        &self,
        filter: &RequestFilter,
        before: Option<RequestId>,
        limit: u64,
    ) -> Result<Vec<EndedRequest>, StoreError> {
        let mut query = filter.apply(request::Entity::find());
        if let Some(before) = before {
            query = query.filter(request::Column::Id.lt(before.uuid()));
        }
        let rows = query.order_by_desc(request::Column::Id).limit(limit).all(self.reader()).await?;
        rows.into_iter().map(EndedRequest::try_from).collect()
    }

    /// One call, whoever paid for it.
    pub async fn load_request(&self, id: RequestId) -> Result<EndedRequest, StoreError> {
        let row = request::Entity::find_by_id(id.uuid()).one(self.reader()).await?;
        row.ok_or(StoreError::Missing("request")).and_then(EndedRequest::try_from)
    }

    /// One call that this user paid for.
    pub async fn load_user_request(&self, user: UserId, id: RequestId) -> Result<EndedRequest, StoreError> {
        let row = request::Entity::find_by_id(id.uuid())
            .filter(request::Column::UserId.eq(user.uuid()))
            .one(self.reader())
            .await?;
        row.ok_or(StoreError::Missing("request")).and_then(EndedRequest::try_from)
    }

    /// The tries of a call, in order.
    pub async fn list_attempts(&self, request: RequestId) -> Result<Vec<AttemptRecord>, StoreError> {
        // Attempts carry the call's id with the number of the try in its last byte.
        let rows = attempt::Entity::find()
            .filter(attempt::Column::Id.between(request.attempt(1).uuid(), request.attempt(u8::MAX).uuid()))
            .order_by_asc(attempt::Column::Id)
            .all(self.reader())
            .await?;
        rows.into_iter().map(AttemptRecord::try_from).collect()
    }

    /// Roll-ups summed over keys, channels and statuses, by hour and model.
    pub async fn list_hourly_usage(&self, filter: &UsageFilter) -> Result<Vec<HourlyUsage>, StoreError> {
        let kind = self.kind();
        let mut query = hourly::Entity::find()
            .select_only()
            .column(hourly::Column::HourMs)
            .column(hourly::Column::Model)
            .column_as(sum(kind, hourly::Column::Requests), "requests")
            .column_as(sum(kind, hourly::Column::InputTokens), "input_tokens")
            .column_as(sum(kind, hourly::Column::OutputTokens), "output_tokens")
            .column_as(sum(kind, hourly::Column::CostNanos), "cost_nanos")
            .column_as(sum(kind, hourly::Column::ChargedNanos), "charged_nanos")
            .filter(hourly::Column::HourMs.gte(filter.from_ms))
            .filter(hourly::Column::HourMs.lt(filter.until_ms));
        if let Some(user) = filter.user {
            query = query.filter(hourly::Column::UserId.eq(user.uuid()));
        }
        if let Some(key) = filter.key {
            query = query.filter(hourly::Column::KeyId.eq(key.uuid()));
        }
        let rows: Vec<(i64, String, i64, i64, i64, i64, i64)> = query
            .group_by(hourly::Column::HourMs)
            .group_by(hourly::Column::Model)
            .order_by_asc(hourly::Column::HourMs)
            .order_by_asc(hourly::Column::Model)
            .into_tuple()
            .all(self.reader())
            .await?;
        let count = |stored| read_count(stored, "hour's usage");
        rows.into_iter()
            .map(|(hour_ms, model, requests, input_tokens, output_tokens, cost, charged)| {
                Ok(HourlyUsage {
                    hour_ms,
                    model,
                    requests: count(requests)?,
                    input_tokens: count(input_tokens)?,
                    output_tokens: count(output_tokens)?,
                    cost: Money::from_nanos(cost),
                    charged: Money::from_nanos(charged),
                })
            })
            .collect()
    }
}

impl RequestFilter {
    fn apply(&self, mut query: Select<request::Entity>) -> Select<request::Entity> {
        if let Some(user) = self.user {
            query = query.filter(request::Column::UserId.eq(user.uuid()));
        }
        if let Some(key) = self.key {
            query = query.filter(request::Column::KeyId.eq(key.uuid()));
        }
        if let Some(model) = &self.model {
            query = query.filter(
                Condition::any()
                    .add(request::Column::ModelAsked.eq(model.as_str()))
                    .add(request::Column::ModelServed.eq(model.as_str())),
            );
        }
        if let Some(status) = self.status {
            query = query.filter(request::Column::Status.eq(status.name()));
        }
        if let Some(status_code) = self.status_code {
            query = query.filter(request::Column::StatusCode.eq(i64::from(status_code)));
        }
        if let Some(channel) = self.channel {
            query = query.filter(request::Column::ChannelId.eq(channel.uuid()));
        }
        // Ids begin with their time, so that a time is a place among them.
        if let Some(from_ms) = self.from_ms {
            query = query.filter(request::Column::Id.gte(first_id_at(from_ms)));
        }
        if let Some(until_ms) = self.until_ms {
            query = query.filter(request::Column::Id.lt(first_id_at(until_ms)));
        }
        query
    }
}

fn first_id_at(unix_ms: i64) -> Uuid {
    RequestId::new_cause(unix_ms, [0; 10]).uuid()
}

/// A sum of whole numbers as a whole number: the servers would make a decimal of it.
fn sum(kind: DatabaseKind, column: hourly::Column) -> SimpleExpr {
    let integer = match kind {
        DatabaseKind::MySql => "SIGNED",
        DatabaseKind::Sqlite | DatabaseKind::Postgres => "BIGINT",
    };
    Expr::col(column).sum().cast_as(Alias::new(integer))
}

impl TryFrom<request::Model> for EndedRequest {
    type Error = StoreError;

    fn try_from(row: request::Model) -> Result<Self, StoreError> {
        let unreadable = || StoreError::Unreadable("request");
        let usage = read_usage(&row.usage, &row.usage_source)?;
        Ok(EndedRequest {
            record: CallRecord {
                request: RequestId::from_uuid(row.id),
                user: UserId::from_uuid(row.user_id),
                key: KeyId::from_uuid(row.key_id),
                model_asked: row.model_asked,
                model_served: row.model_served,
                channel: row.channel_id.map(ChannelId::from_uuid),
                dialect: row.dialect,
                route: row.route,
                method: row.method,
                stream: row.stream,
                usage: UsageRecord::from(&usage),
                price_version: PriceVersionId::from_uuid(row.price_version_id),
                multiplier_ppm: row.multiplier_ppm,
                output_cap: read_count(row.output_cap, "request")?,
                status: CallStatus::from_name(&row.status).ok_or_else(unreadable)?,
                status_code: u16::try_from(row.status_code).map_err(|_| unreadable())?,
                error_code: row.error_code,
                first_byte_ms: row.first_byte_ms,
                duration_ms: row.duration_ms,
                client_ip: row.client_ip,
                user_agent: row.user_agent,
                started_at_ms: row.started_at_ms,
            },
            cost: Money::from_nanos(row.cost_nanos),
            charged: Money::from_nanos(row.charged_nanos),
            operator_loss: Money::from_nanos(row.operator_loss_nanos),
            sources: read_json(&row.source_lines, "request")?,
            attempts: u32::try_from(row.attempts).map_err(|_| unreadable())?,
            ended_at_ms: row.ended_at_ms,
        })
    }
}

/// Reads an object of bucket names and tokens.
fn read_usage(text: &str, source: &str) -> Result<Usage, StoreError> {
    let by_bucket: BTreeMap<Bucket, u64> = read_json(text, "request")?;
    let source = [UsageSource::Reported, UsageSource::Estimated, UsageSource::Capped]
        .into_iter()
        .find(|known| known.name() == source)
        .ok_or(StoreError::Unreadable("request"))?;
    Ok(Usage::from(&UsageRecord { tokens: by_bucket.into_iter().collect(), source }))
}

impl TryFrom<attempt::Model> for AttemptRecord {
    type Error = StoreError;

    fn try_from(row: attempt::Model) -> Result<Self, StoreError> {
        Ok(AttemptRecord {
            number: row.id.as_bytes()[15],
            channel: ChannelId::from_uuid(row.channel_id),
            credential: row.credential_id.map(CredentialId::from_uuid),
            upstream_model: row.upstream_model,
            status_code: row
                .status_code
                .map(u16::try_from)
                .transpose()
                .map_err(|_| StoreError::Unreadable("attempt"))?,
            error_code: row.error_code,
            error_text: row.error_text,
            started_at_ms: row.started_at_ms,
            first_byte_ms: row.first_byte_ms,
            duration_ms: row.duration_ms,
        })
    }
}

mod request {
    use sea_orm::entity::prelude::{
        ActiveModelBehavior, DeriveEntityModel, DerivePrimaryKey, DeriveRelation, EntityTrait, EnumIter,
        PrimaryKeyTrait, Uuid,
    };

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "requests")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub user_id: Uuid,
        pub key_id: Uuid,
        pub model_asked: String,
        pub model_served: String,
        pub channel_id: Option<Uuid>,
        pub dialect: String,
        pub route: String,
        pub method: String,
        pub stream: bool,
        pub usage: String,
        pub usage_source: String,
        pub source_lines: String,
        pub cost_nanos: i64,
        pub charged_nanos: i64,
        pub operator_loss_nanos: i64,
        pub price_version_id: Uuid,
        pub multiplier_ppm: i64,
        pub output_cap: i64,
        pub status: String,
        pub status_code: i64,
        pub error_code: Option<String>,
        pub attempts: i64,
        pub first_byte_ms: Option<i64>,
        pub duration_ms: i64,
        pub client_ip: String,
        pub user_agent: String,
        pub started_at_ms: i64,
        pub ended_at_ms: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

mod attempt {
    use sea_orm::entity::prelude::{
        ActiveModelBehavior, DeriveEntityModel, DerivePrimaryKey, DeriveRelation, EntityTrait, EnumIter,
        PrimaryKeyTrait, Uuid,
    };

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "attempts")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub channel_id: Uuid,
        pub credential_id: Option<Uuid>,
        pub upstream_model: String,
        pub status_code: Option<i64>,
        pub error_code: Option<String>,
        pub error_text: Option<String>,
        pub started_at_ms: i64,
        pub first_byte_ms: Option<i64>,
        pub duration_ms: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

mod hourly {
    use sea_orm::entity::prelude::{
        ActiveModelBehavior, DeriveEntityModel, DerivePrimaryKey, DeriveRelation, EntityTrait, EnumIter,
        PrimaryKeyTrait, Uuid,
    };

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "hourly_usage")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub hour_ms: i64,
        #[sea_orm(primary_key, auto_increment = false)]
        pub user_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub key_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub model: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub channel_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub status: String,
        pub requests: i64,
        pub input_tokens: i64,
        pub output_tokens: i64,
        pub cost_nanos: i64,
        pub charged_nanos: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
