//! Calls that failed, gathered by how.

use sea_orm::sea_query::{Alias, Expr, ExprTrait, Order, Query};
use sea_orm::{ConnectionTrait, QueryResult};
use uuid::Uuid;
use waystation_ids::{ChannelId, RequestId, UserId};
use waystation_ledger::CallStatus;

use crate::column_values::read_count;
use crate::connection::{DatabaseKind, Store};
use crate::error::StoreError;
use crate::requests::{ERRORS, NOT_OK, first_id_at};

/// Which failed calls to gather.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErrorFilter {
    /// Begun then or later, in unix milliseconds.
    pub from_ms: i64,
    /// Begun before, in unix milliseconds.
    pub until_ms: i64,
    /// Who paid; none: anyone.
    pub user: Option<UserId>,
    /// The model that was served; none: any.
    pub model: Option<String>,
    /// The channel that was tried last; none: any.
    pub channel: Option<ChannelId>,
    /// The error code the caller got; none: any.
    pub error_code: Option<String>,
    /// The HTTP status the caller got; none: any.
    pub status_code: Option<u16>,
}

/// Calls that failed in the same way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErrorGroup {
    /// The error code the callers got.
    pub error_code: Option<String>,
    /// How they ended.
    pub status: CallStatus,
    /// The HTTP status the callers got.
    pub status_code: u16,
    /// The model that was served.
    pub model: String,
    /// The channel that was tried last.
    pub channel: Option<ChannelId>,
    /// How many calls.
    pub count: u64,
    /// Of how many people.
    pub users: u64,
    /// When the first of them began, in unix milliseconds.
    pub first_ms: i64,
    /// When the last of them began, in unix milliseconds.
    pub last_ms: i64,
    /// The last of them.
    pub example: RequestId,
}

impl Store {
    /// The `limit` largest groups, the largest first.
    pub async fn list_error_groups(
        &self,
        filter: &ErrorFilter,
        limit: u64,
    ) -> Result<Vec<ErrorGroup>, StoreError> {
        let columns = ["error_code", "status", "status_code", "model_served", "channel_id"];
        let id = match self.kind() {
            // It knows no greatest of UUIDs; their texts are in the same order.
            DatabaseKind::Postgres => Expr::col("id").cast_as(Alias::new("TEXT")),
            DatabaseKind::Sqlite | DatabaseKind::MySql => Expr::col("id"),
        };
        let query = Query::select()
            .columns(columns)
            .expr_as(Expr::col("id").count(), "calls")
            .expr_as(Expr::col("user_id").count_distinct(), "users")
            .expr_as(Expr::col("started_at_ms").min(), "first_ms")
            .expr_as(Expr::col("started_at_ms").max(), "last_ms")
            .expr_as(id.max(), "example")
            .from("requests")
            .and_where(Expr::cust(NOT_OK))
            .and_where(Expr::col("status").is_in(ERRORS.map(CallStatus::name)))
            .and_where(Expr::col("id").gte(first_id_at(filter.from_ms)))
            .and_where(Expr::col("id").lt(first_id_at(filter.until_ms)))
            .and_where_option(filter.user.map(|user| Expr::col("user_id").eq(user.uuid())))
            .and_where_option(filter.model.as_deref().map(|model| Expr::col("model_served").eq(model)))
            .and_where_option(filter.channel.map(|channel| Expr::col("channel_id").eq(channel.uuid())))
            .and_where_option(filter.error_code.as_deref().map(|code| Expr::col("error_code").eq(code)))
            .and_where_option(filter.status_code.map(|code| Expr::col("status_code").eq(i64::from(code))))
            .group_by_columns(columns)
            .order_by("calls", Order::Desc)
            .order_by("last_ms", Order::Desc)
            .limit(limit)
            .take();
        let rows = self.reader().query_all(&query).await?;
        rows.iter().map(|row| read_group(row, self.kind())).collect()
    }
}

fn read_group(row: &QueryResult, kind: DatabaseKind) -> Result<ErrorGroup, StoreError> {
    let unreadable = || StoreError::Unreadable("request");
    let status: String = row.try_get("", "status")?;
    let channel: Option<Uuid> = row.try_get("", "channel_id")?;
    let example = match kind {
        DatabaseKind::Postgres => {
            let text: String = row.try_get("", "example")?;
            Uuid::try_parse(&text).map_err(|_| unreadable())?
        }
        DatabaseKind::Sqlite | DatabaseKind::MySql => row.try_get("", "example")?,
    };
    Ok(ErrorGroup {
        error_code: row.try_get("", "error_code")?,
        status: CallStatus::from_name(&status).ok_or_else(unreadable)?,
        status_code: u16::try_from(row.try_get::<i64>("", "status_code")?).map_err(|_| unreadable())?,
        model: row.try_get("", "model_served")?,
        channel: channel.map(ChannelId::from_uuid),
        count: read_count(row.try_get("", "calls")?, "request")?,
        users: read_count(row.try_get("", "users")?, "request")?,
        first_ms: row.try_get("", "first_ms")?,
        last_ms: row.try_get("", "last_ms")?,
        example: RequestId::from_uuid(example),
    })
}
