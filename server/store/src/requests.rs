//! Calls that have ended, as admins and users look at them. The lanes write these rows; here they are read.

use std::collections::BTreeMap;

use sea_orm::{
    ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Select, sea_query::Expr,
};
use uuid::Uuid;
use waystation_ids::{ChannelId, CredentialId, KeyId, PriceVersionId, RequestId, UserId};
use waystation_ledger::{AttemptRecord, CallRecord, CallStatus, SourceLine, UsageRecord};
use waystation_pricing::{Bucket, Money, Usage, UsageSource};

use crate::column_values::{read_count, read_json};
use crate::connection::Store;
use crate::error::StoreError;

/// What the index of the calls that are not well was made for, word for word.
pub(crate) const NOT_OK: &str = "status <> 'ok'";

/// The calls that failed for somebody who was still there.
pub(crate) const ERRORS: [CallStatus; 3] = [CallStatus::Failed, CallStatus::Interrupted, CallStatus::Lost];

/// A call that has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndedRequest {
    /// What happened.
    pub record: CallRecord,
    /// The list price of everything it used.
    pub cost: Money,
    /// What was paid in money.
    pub charged: Money,
    /// What of that gift credit paid.
    pub gift: Money,
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
    /// This one alone.
    pub id: Option<RequestId>,
    /// Who paid.
    pub user: Option<UserId>,
    /// With which key.
    pub key: Option<KeyId>,
    /// The model's name, asked for or served.
    pub model: Option<String>,
    /// How they ended.
    pub status: Option<CallStatus>,
    /// Only those that are errors.
    pub only_errors: bool,
    /// The HTTP status the caller got.
    pub status_code: Option<u16>,
    /// The HTTP status the caller got, from the first to the last of these.
    pub status_codes: Option<(u16, u16)>,
    /// The error code the caller got.
    pub error_code: Option<String>,
    /// The channel that answered, or was tried last.
    pub channel: Option<ChannelId>,
    /// Begun then or later, in unix milliseconds.
    pub from_ms: Option<i64>,
    /// Begun before, in unix milliseconds.
    pub until_ms: Option<i64>,
}

impl Store {
    /// The newest `limit` calls before `before`, newest first.
    pub async fn list_requests(
        &self,
        filter: &RequestFilter,
        before: Option<RequestId>,
        limit: u64,
    ) -> Result<Vec<EndedRequest>, StoreError> {
        if let (Some(user), None) = (filter.user, filter.id) {
            return self.list_user_calls(user, filter, before, limit).await;
        }
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
}

impl RequestFilter {
    /// Whether it asks for more than a user's calls of a time.
    pub(crate) fn is_selective(&self) -> bool {
        let plain = RequestFilter {
            user: self.user,
            from_ms: self.from_ms,
            until_ms: self.until_ms,
            ..RequestFilter::default()
        };
        *self != plain
    }

    pub(crate) fn apply(&self, query: Select<request::Entity>) -> Select<request::Entity> {
        query.filter(self.condition())
    }

    fn condition(&self) -> Condition {
        use request::Column;
        let model = self.model.as_deref().map(|model| {
            Condition::any().add(Column::ModelAsked.eq(model)).add(Column::ModelServed.eq(model))
        });
        let errors = self.only_errors.then(|| Column::Status.is_in(ERRORS.map(CallStatus::name)));
        let is_never_ok = self.only_errors || self.status.is_some_and(|status| status != CallStatus::Ok);
        Condition::all()
            .add_option(self.id.map(|id| Column::Id.eq(id.uuid())))
            .add_option(self.user.map(|user| Column::UserId.eq(user.uuid())))
            .add_option(self.key.map(|key| Column::KeyId.eq(key.uuid())))
            .add_option(model)
            .add_option(self.status.map(|status| Column::Status.eq(status.name())))
            .add_option(errors)
            .add_option(is_never_ok.then(|| Expr::cust(NOT_OK)))
            .add_option(self.status_code.map(|code| Column::StatusCode.eq(i64::from(code))))
            .add_option(
                self.status_codes
                    .map(|(first, last)| Column::StatusCode.between(i64::from(first), i64::from(last))),
            )
            .add_option(self.error_code.as_deref().map(|code| Column::ErrorCode.eq(code)))
            .add_option(self.channel.map(|channel| Column::ChannelId.eq(channel.uuid())))
            // Ids begin with their time, so that a time is a place among them.
            .add_option(self.from_ms.map(|from_ms| Column::Id.gte(first_id_at(from_ms))))
            .add_option(self.until_ms.map(|until_ms| Column::Id.lt(first_id_at(until_ms))))
    }
}

pub(crate) fn first_id_at(unix_ms: i64) -> Uuid {
    RequestId::new_cause(unix_ms, [0; 10]).uuid()
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
            gift: Money::from_nanos(row.gift_nanos),
            operator_loss: Money::from_nanos(row.operator_loss_nanos),
            sources: read_json(&row.source_lines, "request")?,
            attempts: u32::try_from(row.attempts).map_err(|_| unreadable())?,
            ended_at_ms: row.ended_at_ms,
        })
    }
}

/// Reads an object of bucket names and tokens.
pub(crate) fn read_usage(text: &str, source: &str) -> Result<Usage, StoreError> {
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

pub(crate) mod request {
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
        pub hour_ms: i64,
        pub gift_nanos: i64,
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
