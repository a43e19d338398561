//! What was used and what it cost, summed from the roll-ups by hour. The lanes write these; here they are read.

use std::cmp::{max, min};
use std::collections::BTreeMap;

use sea_orm::sea_query::{Alias, CaseStatement, Expr, ExprTrait, Query, SelectStatement};
use sea_orm::{ConnectionTrait, DbErr, QueryResult};
use uuid::Uuid;
use waystation_ids::{ChannelId, KeyId, UserId};
use waystation_ledger::CallStatus;
use waystation_pricing::Money;

use crate::column_values::read_count;
use crate::connection::{DatabaseKind, Store};
use crate::error::StoreError;
use crate::hours::{chunks_of_hours, hours_between};
use crate::ledger_lanes::padded;
use crate::requests::ERRORS;

/// Which roll-ups to sum.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsageFilter {
    /// Who paid; none: everyone.
    pub user: Option<UserId>,
    /// With which key; none: any.
    pub key: Option<KeyId>,
    /// The model that was served; none: any.
    pub model: Option<String>,
    /// The hours that begin then or later, in unix milliseconds.
    pub from_ms: i64,
    /// The hours that begin before, in unix milliseconds.
    pub until_ms: i64,
}

/// What to tell apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UsageSplit {
    /// Nothing.
    Whole,
    /// Models.
    Model,
    /// Keys.
    Key,
    /// Channels.
    Channel,
}

/// What a sum is of.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum UsagePart {
    /// Everything that was asked for.
    Whole,
    /// The model that was served.
    Model(String),
    /// The calls with one key.
    Key(KeyId),
    /// The calls that one channel answered last; none: those that came to no channel.
    Channel(Option<ChannelId>),
}

/// What calls used, and what it cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct UsageSums {
    /// How many calls.
    pub requests: u64,
    /// How many of them failed for somebody who was still there.
    pub errors: u64,
    /// How many of them were given up by their callers.
    pub cancelled: u64,
    /// Tokens read.
    pub input_tokens: u64,
    /// How many of them came from a cache.
    pub cache_read_tokens: u64,
    /// How many of them were written to a cache.
    pub cache_write_tokens: u64,
    /// Tokens written.
    pub output_tokens: u64,
    /// How many of them were reasoning.
    pub reasoning_tokens: u64,
    /// At list price.
    pub cost: Money,
    /// Paid in money.
    pub charged: Money,
    /// What of that gift credit paid.
    pub gift: Money,
    /// What the operator bears.
    pub operator_loss: Money,
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

impl UsageSums {
    /// Adds another sum.
    pub fn add(&mut self, other: &UsageSums) {
        let add = |sum: &mut u64, count: u64| *sum = sum.saturating_add(count);
        add(&mut self.requests, other.requests);
        add(&mut self.errors, other.errors);
        add(&mut self.cancelled, other.cancelled);
        add(&mut self.input_tokens, other.input_tokens);
        add(&mut self.cache_read_tokens, other.cache_read_tokens);
        add(&mut self.cache_write_tokens, other.cache_write_tokens);
        add(&mut self.output_tokens, other.output_tokens);
        add(&mut self.reasoning_tokens, other.reasoning_tokens);
        let add = |sum: &mut Money, amount: Money| *sum = sum.saturating_add(amount);
        add(&mut self.cost, other.cost);
        add(&mut self.charged, other.charged);
        add(&mut self.gift, other.gift);
        add(&mut self.operator_loss, other.operator_loss);
    }

    /// The list price of what grants of tokens and calls paid.
    pub fn granted(&self) -> Money {
        self.cost.saturating_sub(self.charged).saturating_sub(self.operator_loss)
    }
}

impl Store {
    /// Sums by hour, and within an hour by what is told apart.
    pub async fn list_usage_by_hour(
        &self,
        filter: &UsageFilter,
        split: UsageSplit,
    ) -> Result<BTreeMap<(i64, UsagePart), UsageSums>, StoreError> {
        let mut found = BTreeMap::new();
        for mut query in self.select_sums(filter, split).await? {
            query.column("hour_ms").group_by_col("hour_ms");
            for row in self.reader().query_all(&query).await? {
                let hour_ms: i64 = row.try_get("", "hour_ms")?;
                add_sums(&mut found, (hour_ms, read_part(&row, split)?), &row)?;
            }
        }
        Ok(found)
    }

    /// Sums by what is told apart.
    pub async fn list_usage(
        &self,
        filter: &UsageFilter,
        split: UsageSplit,
    ) -> Result<BTreeMap<UsagePart, UsageSums>, StoreError> {
        let mut found = BTreeMap::new();
        for query in self.select_sums(filter, split).await? {
            for row in self.reader().query_all(&query).await? {
                add_sums(&mut found, read_part(&row, split)?, &row)?;
            }
        }
        Ok(found)
    }

    /// Roll-ups summed over keys, channels and statuses, by hour and model.
    pub async fn list_hourly_usage(&self, filter: &UsageFilter) -> Result<Vec<HourlyUsage>, StoreError> {
        let found = self.list_usage_by_hour(filter, UsageSplit::Model).await?;
        Ok(found
            .into_iter()
            .filter_map(|((hour_ms, part), sums)| match part {
                UsagePart::Model(model) => Some(HourlyUsage {
                    hour_ms,
                    model,
                    requests: sums.requests,
                    input_tokens: sums.input_tokens,
                    output_tokens: sums.output_tokens,
                    cost: sums.cost,
                    charged: sums.charged,
                }),
                UsagePart::Whole | UsagePart::Key(_) | UsagePart::Channel(_) => None,
            })
            .collect())
    }

    /// The queries whose rows together are the sums. Rows lie by hour and then by user: those of one user are found
    /// hour by hour, without a look at those of others.
    async fn select_sums(
        &self,
        filter: &UsageFilter,
        split: UsageSplit,
    ) -> Result<Vec<SelectStatement>, StoreError> {
        let mut query = select_sums(self.kind(), filter, split);
        let Some(user) = filter.user else {
            query.and_where(Expr::col("hour_ms").gte(filter.from_ms));
            query.and_where(Expr::col("hour_ms").lt(filter.until_ms));
            return Ok(vec![query]);
        };
        query.and_where(Expr::col("user_id").eq(user.uuid()));
        let Some((oldest, newest)) = self.find_hours_of("hourly_usage").await? else { return Ok(Vec::new()) };
        let until_ms = min(filter.until_ms, newest.saturating_add(1));
        let hours = hours_between(max(filter.from_ms, oldest), until_ms);
        let of_hours =
            |hours: &[i64]| query.clone().and_where(Expr::col("hour_ms").is_in(padded(hours))).take();
        Ok(chunks_of_hours(&hours).map(of_hours).collect())
    }

    /// The first and the last hour of a table whose rows lie by hour, or of an index of it that does; none: it is
    /// empty.
    pub(crate) async fn find_hours_of(&self, table: &'static str) -> Result<Option<(i64, i64)>, StoreError> {
        // One after the other: SQLite would read the whole table for both at once.
        let end = |end: Expr| Query::select().expr_as(end, "hour").from(table).take();
        let (first, last) = (end(Expr::col("hour_ms").min()), end(Expr::col("hour_ms").max()));
        let mut ends = Vec::with_capacity(2);
        for query in [first, last] {
            let row = self.reader().query_one(&query).await?;
            let hour: Option<i64> = row.map(|row| row.try_get("", "hour")).transpose()?.flatten();
            ends.extend(hour);
        }
        match ends[..] {
            [first, last] => Ok(Some((first, last))),
            _ => Ok(None),
        }
    }

    /// How many people's calls ended in these hours.
    pub async fn count_active_users(&self, from_ms: i64, until_ms: i64) -> Result<u64, StoreError> {
        let query = Query::select()
            .expr_as(Expr::col("user_id").count_distinct(), "users")
            .from("hourly_usage")
            .and_where(Expr::col("hour_ms").gte(from_ms))
            .and_where(Expr::col("hour_ms").lt(until_ms))
            .and_where(Expr::col("requests").gt(0_i64))
            .take();
        let row = self.reader().query_one(&query).await?;
        let users: i64 = row.map(|row| row.try_get("", "users")).transpose()?.unwrap_or(0);
        read_count(users, "hour's usage")
    }
}

fn select_sums(kind: DatabaseKind, filter: &UsageFilter, split: UsageSplit) -> SelectStatement {
    let mut query = Query::select();
    for (name, sum) in sum_columns() {
        query.expr_as(whole(kind, sum), name);
    }
    query
        .from("hourly_usage")
        .and_where_option(filter.key.map(|key| Expr::col("key_id").eq(key.uuid())))
        .and_where_option(filter.model.as_deref().map(|model| Expr::col("model").eq(model)));
    match split {
        UsageSplit::Whole => {}
        UsageSplit::Model => {
            query.column("model").group_by_col("model");
        }
        UsageSplit::Key => {
            query.column("key_id").group_by_col("key_id");
        }
        UsageSplit::Channel => {
            query.column("channel_id").group_by_col("channel_id");
        }
    }
    query
}

const SUMS: [&str; 12] = [
    "sum_requests",
    "sum_errors",
    "sum_cancelled",
    "sum_input",
    "sum_cache_read",
    "sum_cache_write",
    "sum_output",
    "sum_reasoning",
    "sum_cost",
    "sum_charged",
    "sum_gift",
    "sum_loss",
];

fn sum_columns() -> [(&'static str, Expr); 12] {
    let requests_of = |statuses: &[CallStatus]| -> Expr {
        let names: Vec<&str> = statuses.iter().map(|status| status.name()).collect();
        CaseStatement::new()
            .case(Expr::col("status").is_in(names), Expr::col("requests"))
            .finally(0_i64)
            .into()
    };
    let sums = [
        Expr::col("requests"),
        requests_of(&ERRORS),
        requests_of(&[CallStatus::Cancelled]),
        Expr::col("input_tokens"),
        Expr::col("cache_read_tokens"),
        Expr::col("cache_write_tokens"),
        Expr::col("output_tokens"),
        Expr::col("reasoning_tokens"),
        Expr::col("cost_nanos"),
        Expr::col("charged_nanos"),
        Expr::col("gift_nanos"),
        Expr::col("operator_loss_nanos"),
    ];
    let mut names = SUMS.into_iter();
    sums.map(|sum| (names.next().unwrap_or_default(), sum.sum()))
}

/// A sum of whole numbers as a whole number: the servers would make a decimal of it. Of nothing it is none.
pub(crate) fn whole(kind: DatabaseKind, sum: Expr) -> Expr {
    let integer = match kind {
        DatabaseKind::MySql => "SIGNED",
        DatabaseKind::Sqlite | DatabaseKind::Postgres => "BIGINT",
    };
    sum.cast_as(Alias::new(integer))
}

fn read_part(row: &QueryResult, split: UsageSplit) -> Result<UsagePart, DbErr> {
    Ok(match split {
        UsageSplit::Whole => UsagePart::Whole,
        UsageSplit::Model => UsagePart::Model(row.try_get("", "model")?),
        UsageSplit::Key => UsagePart::Key(KeyId::from_uuid(row.try_get("", "key_id")?)),
        UsageSplit::Channel => {
            // Calls without a channel are summed under the id of none.
            let channel: Uuid = row.try_get("", "channel_id")?;
            UsagePart::Channel((!channel.is_nil()).then(|| ChannelId::from_uuid(channel)))
        }
    })
}

/// Adds a row to its sum. Rows of calls that were taken back and settled anew are zero, and are left out.
fn add_sums<K: Ord>(
    found: &mut BTreeMap<K, UsageSums>,
    part: K,
    row: &QueryResult,
) -> Result<(), StoreError> {
    let number =
        |name: &str| -> Result<i64, StoreError> { Ok(row.try_get::<Option<i64>>("", name)?.unwrap_or(0)) };
    let count = |name: &str| -> Result<u64, StoreError> { read_count(number(name)?, "hour's usage") };
    let money = |name: &str| -> Result<Money, StoreError> { Ok(Money::from_nanos(number(name)?)) };
    let sums = UsageSums {
        requests: count("sum_requests")?,
        errors: count("sum_errors")?,
        cancelled: count("sum_cancelled")?,
        input_tokens: count("sum_input")?,
        cache_read_tokens: count("sum_cache_read")?,
        cache_write_tokens: count("sum_cache_write")?,
        output_tokens: count("sum_output")?,
        reasoning_tokens: count("sum_reasoning")?,
        cost: money("sum_cost")?,
        charged: money("sum_charged")?,
        gift: money("sum_gift")?,
        operator_loss: money("sum_loss")?,
    };
    if sums != UsageSums::default() {
        found.entry(part).or_default().add(&sums);
    }
    Ok(())
}
