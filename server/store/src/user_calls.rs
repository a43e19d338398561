//! The calls of one user among those of all, the newest first.
//!
//! Calls lie in the order in which they began, so that writing one touches the end of the table alone. An index by
//! user would have every call written somewhere else again; the index there is leads by the hour. A user's calls are
//! found by going back hour by hour: a look at an hour without any costs next to nothing.

use std::cmp::{max, min};
use std::collections::BTreeMap;

use sea_orm::sea_query::extension::mysql::{IndexHintScope, MySqlSelectStatementExt};
use sea_orm::sea_query::{Expr, ExprTrait, Query};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait, Select,
};
use uuid::Uuid;
use waystation_ids::{RequestId, UserId};

use crate::column_values::read_count;
use crate::connection::Store;
use crate::error::StoreError;
use crate::hours::{chunks_of_hours, hour_of, hours_at_once, hours_between};
use crate::ledger_lanes::{HOUR_MS, begun_hour_ms, padded};
use crate::requests::{EndedRequest, RequestFilter, request};

/// The index that leads by the hour.
const BY_HOUR: &str = "requests_hour_user";

/// Clocks of hosts differ: a call may seem to have begun before its user was entered.
const CLOCKS_APART_MS: i64 = 24 * HOUR_MS;

/// Of a selective filter, how many calls are looked at first; each further look is at twice as many.
const LOOKED_AT_FIRST: u64 = 2_000;

/// What is read of a call.
pub(crate) trait OfCall: Sized + Send {
    /// Reads it of the calls that a query finds.
    fn read(
        store: &Store,
        query: Select<request::Entity>,
    ) -> impl Future<Output = Result<Vec<Self>, StoreError>> + Send;
}

impl OfCall for EndedRequest {
    async fn read(store: &Store, query: Select<request::Entity>) -> Result<Vec<Self>, StoreError> {
        let rows = query.all(store.reader()).await?;
        rows.into_iter().map(EndedRequest::try_from).collect()
    }
}

impl OfCall for RequestId {
    async fn read(store: &Store, query: Select<request::Entity>) -> Result<Vec<Self>, StoreError> {
        let ids = query.select_only().column(request::Column::Id).into_tuple::<Uuid>();
        Ok(ids.all(store.reader()).await?.into_iter().map(RequestId::from_uuid).collect())
    }
}

impl Store {
    /// The newest `limit` of a user's calls before `before`, newest first: as a whole, or their ids. `user` is the
    /// filter's.
    pub(crate) async fn list_user_calls<T: OfCall>(
        &self,
        user: UserId,
        filter: &RequestFilter,
        before: Option<RequestId>,
        limit: u64,
    ) -> Result<Vec<T>, StoreError> {
        let mut found = Vec::new();
        let Some((oldest, mut newest)) = self.find_hours_of_user(user, filter).await? else {
            return Ok(found);
        };
        if let Some(before) = before {
            newest = min(newest, begun_hour_ms(before));
        }
        let mut hours_together = 1;
        let mut most = LOOKED_AT_FIRST;
        while newest >= oldest {
            let first = max(newest.saturating_sub((hours_together - 1) * HOUR_MS), oldest);
            let hours = self.count_user_calls_by_hour(user, first, newest).await?;
            let mut hours: Vec<(i64, u64)> = hours.into_iter().rev().collect();
            while !hours.is_empty() {
                let left = limit.saturating_sub(found.len() as u64);
                if left == 0 {
                    return Ok(found);
                }
                // The rows of all hours that are named are looked at: no more of them than may be needed.
                let wanted = if filter.is_selective() { most } else { left };
                let some = take_hours(&mut hours, wanted);
                most = most.saturating_mul(2);
                let mut query = of_hours(filter, &some);
                if let Some(before) = before {
                    query = query.filter(request::Column::Id.lt(before.uuid()));
                }
                let query = query.order_by_desc(request::Column::Id).limit(left);
                found.extend(T::read(self, query).await?);
            }
            newest = first - HOUR_MS;
            hours_together = min(hours_together * 4, hours_at_once());
        }
        Ok(found)
    }

    /// How many calls a filter finds.
    pub async fn count_requests(&self, filter: &RequestFilter) -> Result<u64, StoreError> {
        let count = async |query: Select<request::Entity>| -> Result<u64, StoreError> {
            let query = query.select_only().column_as(request::Column::Id.count(), "calls");
            let calls: Option<i64> = query.into_tuple().one(self.reader()).await?;
            read_count(calls.unwrap_or(0), "request")
        };
        let Some(user) = filter.user else { return count(filter.apply(request::Entity::find())).await };
        let mut calls = 0_u64;
        let Some((oldest, newest)) = self.find_hours_of_user(user, filter).await? else { return Ok(0) };
        for hours in chunks_of_hours(&hours_between(oldest, newest.saturating_add(1))) {
            calls = calls.saturating_add(count(of_hours(filter, hours)).await?);
        }
        Ok(calls)
    }

    /// The first and the last hour in which calls of the user that the filter finds can have begun.
    async fn find_hours_of_user(
        &self,
        user: UserId,
        filter: &RequestFilter,
    ) -> Result<Option<(i64, i64)>, StoreError> {
        let Some((mut oldest, mut newest)) = self.find_hours_of("requests").await? else { return Ok(None) };
        // Ids begin with their time.
        let entered_ms = i64::try_from(user.uuid().as_u128() >> 80).unwrap_or(0);
        oldest = max(oldest, hour_of(entered_ms.saturating_sub(CLOCKS_APART_MS)));
        if let Some(from_ms) = filter.from_ms {
            oldest = max(oldest, hour_of(from_ms));
        }
        if let Some(until_ms) = filter.until_ms {
            newest = min(newest, hour_of(until_ms.saturating_sub(1)));
        }
        Ok((oldest <= newest).then_some((oldest, newest)))
    }

    /// The hours in which calls of the user began, with how many; out of the index alone.
    async fn count_user_calls_by_hour(
        &self,
        user: UserId,
        first: i64,
        last: i64,
    ) -> Result<BTreeMap<i64, u64>, StoreError> {
        let hours = hours_between(first, last.saturating_add(1));
        let query = Query::select()
            .column("hour_ms")
            .expr_as(Expr::col("hour_ms").count(), "calls")
            .from("requests")
            .force_index(BY_HOUR, IndexHintScope::All)
            .and_where(Expr::col("user_id").eq(user.uuid()))
            .and_where(Expr::col("hour_ms").is_in(padded(&hours)))
            .group_by_col("hour_ms")
            .take();
        let rows = self.reader().query_all(&query).await?;
        rows.iter()
            .map(|row| Ok((row.try_get("", "hour_ms")?, read_count(row.try_get("", "calls")?, "request")?)))
            .collect()
    }
}

/// The filter's calls that began in these hours.
fn of_hours(filter: &RequestFilter, hours: &[i64]) -> Select<request::Entity> {
    let mut query = filter.apply(request::Entity::find());
    QueryTrait::query(&mut query).force_index(BY_HOUR, IndexHintScope::All);
    query.filter(request::Column::HourMs.is_in(padded(hours)))
}

/// Takes hours from the front until they hold `calls` calls. An hour with more is taken alone: its calls lie in their
/// order, and need not all be looked at.
fn take_hours(hours: &mut Vec<(i64, u64)>, calls: u64) -> Vec<i64> {
    let mut held = 0_u64;
    let enough = hours.iter().take_while(|(_, count)| {
        let is_taken = held == 0 || (held < calls && *count <= calls);
        held = held.saturating_add(*count);
        is_taken
    });
    let enough = enough.count();
    hours.drain(..enough).map(|(hour, _)| hour).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_are_taken_until_they_hold_enough() {
        let mut hours = vec![(9, 1), (7, 20), (5, 22), (4, 21), (3, 5), (1, 1)];
        assert_eq!(take_hours(&mut hours, 21), [9, 7]);
        assert_eq!(take_hours(&mut hours, 21), [5]);
        assert_eq!(take_hours(&mut hours, 21), [4]);
        assert_eq!(take_hours(&mut hours, 1), [3]);
        assert_eq!(take_hours(&mut hours, 100), [1]);
        assert!(hours.is_empty());
    }
}
