//! How the site fares: how quickly calls are answered, which channels fail, what users hold and what was moved by hand.

use sea_orm::ConnectionTrait;
use sea_orm::sea_query::{CaseStatement, Expr, ExprTrait, Order, Query, UnionType};
use waystation_ids::ChannelId;
use waystation_ledger::{AccountKind, Direction, Unit};
use waystation_pricing::Money;

use crate::column_values::read_count;
use crate::connection::Store;
use crate::error::StoreError;
use crate::ledger_lanes::HOUR_MS;
use crate::requests::first_id_at;
use crate::usage_sums::whole;

/// How soon a call's first byte came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FirstByte {
    /// The hour in which the call began, in unix milliseconds.
    pub hour_ms: i64,
    /// Milliseconds to the first byte.
    pub first_byte_ms: i64,
}

/// Tries at one channel that ended in the same way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttemptGroup {
    /// Where they went.
    pub channel: ChannelId,
    /// What went wrong, as a stable code; none: nothing.
    pub error_code: Option<String>,
    /// The HTTP status that came back; none: none did.
    pub status_code: Option<u16>,
    /// How many.
    pub count: u64,
    /// When the last of them began, in unix milliseconds.
    pub last_ms: i64,
}

/// What the accounts of one kind and unit hold together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeldBalance {
    /// What the accounts are for.
    pub kind: AccountKind,
    /// What they count.
    pub unit: Unit,
    /// How many hold something.
    pub accounts: u64,
    /// What they hold, open calls included.
    pub posted: i64,
    /// What open calls may still take.
    pub pending: i64,
}

/// Movements that were entered, and not made by calls, for the same reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MovementSum {
    /// Which way, seen from the user.
    pub direction: Direction,
    /// What the account is for.
    pub kind: AccountKind,
    /// What it counts.
    pub unit: Unit,
    /// Why.
    pub reason_code: String,
    /// How many.
    pub count: u64,
    /// How much together.
    pub amount: i64,
}

/// The open holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OpenHolds {
    /// How many.
    pub count: u64,
    /// The most that their calls may cost, at list price.
    pub bound: Money,
    /// When the oldest was taken, in unix milliseconds.
    pub oldest_ms: Option<i64>,
}

impl Store {
    /// How soon the first bytes came of the newest `calls` calls that began in each of these hours; calls without any
    /// are left out afterwards.
    pub async fn sample_first_bytes(&self, hours: &[i64], calls: u64) -> Result<Vec<FirstByte>, StoreError> {
        let of_hour = |hour: i64| {
            let newest = Query::select()
                .column("first_byte_ms")
                .from("requests")
                .and_where(Expr::col("id").gte(first_id_at(hour)))
                .and_where(Expr::col("id").lt(first_id_at(hour.saturating_add(HOUR_MS))))
                .order_by("id", Order::Desc)
                .limit(calls)
                .take();
            Query::select()
                .expr_as(Expr::val(hour), "hour_ms")
                .column("first_byte_ms")
                .from_subquery(newest, "newest")
                .and_where(Expr::col("first_byte_ms").is_not_null())
                .take()
        };
        let Some((first, others)) = hours.split_first() else { return Ok(Vec::new()) };
        let mut query = of_hour(*first);
        query.unions(others.iter().map(|hour| (UnionType::All, of_hour(*hour))));
        let rows = self.reader().query_all(&query).await?;
        rows.iter()
            .map(|row| {
                Ok(FirstByte {
                    hour_ms: row.try_get("", "hour_ms")?,
                    first_byte_ms: row.try_get("", "first_byte_ms")?,
                })
            })
            .collect()
    }

    /// How the newest `tries` tries since `since_ms` ended, by channel.
    pub async fn list_attempt_groups(
        &self,
        since_ms: i64,
        tries: u64,
    ) -> Result<Vec<AttemptGroup>, StoreError> {
        let columns = ["channel_id", "error_code", "status_code"];
        let newest = Query::select()
            .columns(columns)
            .column("started_at_ms")
            .from("attempts")
            .and_where(Expr::col("id").gte(first_id_at(since_ms)))
            .order_by("id", Order::Desc)
            .limit(tries)
            .take();
        let query = Query::select()
            .columns(columns)
            .expr_as(Expr::col("started_at_ms").count(), "tries")
            .expr_as(Expr::col("started_at_ms").max(), "last_ms")
            .from_subquery(newest, "newest")
            .group_by_columns(columns)
            .take();
        let rows = self.reader().query_all(&query).await?;
        rows.iter()
            .map(|row| {
                let status_code: Option<i64> = row.try_get("", "status_code")?;
                let status_code = status_code.map(u16::try_from).transpose();
                Ok(AttemptGroup {
                    channel: ChannelId::from_uuid(row.try_get("", "channel_id")?),
                    error_code: row.try_get("", "error_code")?,
                    status_code: status_code.map_err(|_| StoreError::Unreadable("attempt"))?,
                    count: read_count(row.try_get("", "tries")?, "attempt")?,
                    last_ms: row.try_get("", "last_ms")?,
                })
            })
            .collect()
    }

    /// How many people with a call that ended at `since_ms` or later can pay with less money than `threshold`.
    pub async fn count_low_balances(
        &self,
        since_ms: i64,
        threshold: Money,
        now_ms: i64,
    ) -> Result<u64, StoreError> {
        let active = Query::select()
            .distinct()
            .column("user_id")
            .from("hourly_usage")
            .and_where(Expr::col("hour_ms").gte(since_ms))
            .and_where(Expr::col("requests").gt(0_i64))
            .take();
        // Who has no account that counts has nothing.
        let available: Expr = CaseStatement::new()
            .case(
                Expr::col("unit")
                    .eq(Unit::NanoUsd.name())
                    .and(Expr::col("kind").ne(AccountKind::Debt.name()))
                    .and(Expr::col("closed_at_ms").is_null())
                    .and(Expr::col("expires_at_ms").is_null().or(Expr::col("expires_at_ms").gt(now_ms))),
                Expr::col("credits_posted").sub(Expr::col("debits_posted")).sub(Expr::col("debits_pending")),
            )
            .finally(0_i64)
            .into();
        let low = Query::select()
            .column("user_id")
            .from("accounts")
            .and_where(Expr::col("user_id").in_subquery(active))
            .group_by_col("user_id")
            .and_having(available.sum().lt(threshold.nanos()))
            .take();
        let query =
            Query::select().expr_as(Expr::col("user_id").count(), "users").from_subquery(low, "low").take();
        let row = self.reader().query_one(&query).await?;
        let users: i64 = row.map(|row| row.try_get("", "users")).transpose()?.unwrap_or(0);
        read_count(users, "account")
    }

    /// What users hold at `now_ms`, by what it is for; accounts whose time is over are left out.
    pub async fn list_held_balances(&self, now_ms: i64) -> Result<Vec<HeldBalance>, StoreError> {
        let kind = self.kind();
        let posted = Expr::col("credits_posted").sub(Expr::col("debits_posted"));
        let query = Query::select()
            .columns(["kind", "unit"])
            .expr_as(Expr::col("id").count(), "accounts")
            .expr_as(whole(kind, posted.clone().sum()), "posted")
            .expr_as(whole(kind, Expr::col("debits_pending").sum()), "pending")
            .from("accounts")
            .and_where(Expr::col("closed_at_ms").is_null())
            .and_where(Expr::col("expires_at_ms").is_null().or(Expr::col("expires_at_ms").gt(now_ms)))
            .and_where(posted.gt(0_i64))
            .group_by_columns(["kind", "unit"])
            .order_by("kind", Order::Asc)
            .order_by("unit", Order::Asc)
            .take();
        let rows = self.reader().query_all(&query).await?;
        rows.iter()
            .map(|row| {
                let (kind, unit) = read_kind(row.try_get("", "kind")?, row.try_get("", "unit")?)?;
                Ok(HeldBalance {
                    kind,
                    unit,
                    accounts: read_count(row.try_get("", "accounts")?, "account")?,
                    posted: row.try_get("", "posted")?,
                    pending: row.try_get("", "pending")?,
                })
            })
            .collect()
    }

    /// What was moved by hand, given or granted from one time to before another, by reason.
    pub async fn list_movement_sums(
        &self,
        from_ms: i64,
        until_ms: i64,
    ) -> Result<Vec<MovementSum>, StoreError> {
        let moved = |column: &'static str| Expr::col(("adjustments", column));
        let account = |column: &'static str| Expr::col(("accounts", column));
        let query = Query::select()
            .column(("adjustments", "direction"))
            .column(("accounts", "kind"))
            .column(("adjustments", "unit"))
            .column(("adjustments", "reason_code"))
            .expr_as(moved("id").count(), "movements")
            .expr_as(whole(self.kind(), moved("amount").sum()), "amount")
            .from("adjustments")
            .inner_join("accounts", account("id").equals(("adjustments", "account_id")))
            // Ids begin with their time.
            .and_where(moved("id").gte(first_id_at(from_ms)))
            .and_where(moved("id").lt(first_id_at(until_ms)))
            .add_group_by([moved("direction"), account("kind"), moved("unit"), moved("reason_code")])
            .order_by(("adjustments", "direction"), Order::Asc)
            .order_by(("accounts", "kind"), Order::Asc)
            .order_by(("adjustments", "unit"), Order::Asc)
            .order_by(("adjustments", "reason_code"), Order::Asc)
            .take();
        let rows = self.reader().query_all(&query).await?;
        rows.iter()
            .map(|row| {
                let (kind, unit) = read_kind(row.try_get("", "kind")?, row.try_get("", "unit")?)?;
                let direction: String = row.try_get("", "direction")?;
                Ok(MovementSum {
                    direction: match direction.as_str() {
                        "credit" => Direction::Credit,
                        "debit" => Direction::Debit,
                        _ => return Err(StoreError::Unreadable("adjustment")),
                    },
                    kind,
                    unit,
                    reason_code: row.try_get("", "reason_code")?,
                    count: read_count(row.try_get("", "movements")?, "adjustment")?,
                    amount: row.try_get("", "amount")?,
                })
            })
            .collect()
    }

    /// The open holds together.
    pub async fn sum_open_holds(&self) -> Result<OpenHolds, StoreError> {
        let query = Query::select()
            .expr_as(Expr::col("id").count(), "holds")
            .expr_as(whole(self.kind(), Expr::col("bound_nanos").sum()), "bound")
            .expr_as(Expr::col("admitted_at_ms").min(), "oldest")
            .from("holds")
            .take();
        let Some(row) = self.reader().query_one(&query).await? else { return Ok(OpenHolds::default()) };
        Ok(OpenHolds {
            count: read_count(row.try_get("", "holds")?, "hold")?,
            bound: Money::from_nanos(row.try_get::<Option<i64>>("", "bound")?.unwrap_or(0)),
            oldest_ms: row.try_get("", "oldest")?,
        })
    }
}

fn read_kind(kind: String, unit: String) -> Result<(AccountKind, Unit), StoreError> {
    let unreadable = || StoreError::Unreadable("account");
    let kind = AccountKind::from_name(&kind).ok_or_else(unreadable)?;
    Ok((kind, Unit::from_name(&unit).ok_or_else(unreadable)?))
}
