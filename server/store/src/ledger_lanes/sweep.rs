//! Holds whose time is over, or whose server process is gone.

use std::collections::HashMap;

use sea_orm::ConnectionTrait;
use sea_orm::sea_query::{Alias, Condition, Expr, ExprTrait, Query};
use uuid::Uuid;
use waystation_ids::RequestId;
use waystation_ledger::{Crashed, Hold, Refusal};
use waystation_pricing::{Bucket, Cost, Price, Usage, UsageSource};

use crate::book_transaction::BookRow;
use crate::column_values::read_json;
use crate::connection::{Store, database_time_ms};
use crate::error::StoreError;
use crate::ledger_lanes::LedgerLanes;
use crate::ledger_lanes::book_rows::{read_hold, select_holds};
use crate::ledger_lanes::order::{Expire, LaneError, Order};

/// The relay cuts its own call before its deadline; the sweeper waits this long after it.
const GRACE_MS: i64 = 15_000;
const SWEEP_MAX: u64 = 1_000;

/// A hold that the sweeper ends.
#[derive(Clone, Debug)]
pub struct Lapsed {
    /// The call.
    pub request: RequestId,
    /// Whether its deadline passed, or else its process is gone.
    pub past_deadline: bool,
}

/// What a sweep did.
#[derive(Clone, Debug, Default)]
pub struct SweepReport {
    /// Holds that were ended.
    pub ended: Vec<Lapsed>,
}

impl LedgerLanes {
    /// Ends every hold that is 15 s past its deadline or belongs to an instance whose lease lapsed 15 s ago. Any
    /// number of instances may sweep at once: a hold ends once. All are tried; the first failure is told after that,
    /// so that one hold which cannot be ended keeps no other from ending.
    pub async fn sweep(&self, rule: Crashed) -> Result<SweepReport, LaneError> {
        let (lapsed, unreadable) = self.store.list_lapsed_holds().await.map_err(unavailable)?;
        let prices =
            self.store.load_prices_of(lapsed.iter().map(|(hold, _)| hold)).await.map_err(unavailable)?;
        // All are handed in before the first answer is awaited: the lanes end them in groups.
        let mut ending = Vec::with_capacity(lapsed.len());
        for (hold, past_deadline) in lapsed {
            let usage = Usage::none(UsageSource::Estimated).with(Bucket::Input, hold.input_estimate);
            // Without its price (which is never deleted) a hold still ends, with nothing booked as lost.
            let estimate = prices
                .get(&hold.price_version.uuid())
                .map(|price| Cost::of(&usage, price, hold.multiplier))
                .unwrap_or_default();
            let order =
                Order::Expire(Box::new(Expire { user: hold.user, request: hold.request, rule, estimate }));
            ending.push((hold.request, past_deadline, self.submit(hold.user, order).await?));
        }
        let mut report = SweepReport::default();
        let mut failure = unreadable.map(unavailable);
        for (request, past_deadline, ended) in ending {
            match ended.await.unwrap_or(Err(LaneError::Closed)) {
                Ok(_) => report.ended.push(Lapsed { request, past_deadline }),
                // Settled meanwhile, or swept by another instance.
                Err(LaneError::Refused(Refusal::NoHold)) => {}
                Err(error) => failure = failure.or(Some(error)),
            }
        }
        match failure {
            Some(error) => Err(error),
            None => Ok(report),
        }
    }
}

impl Store {
    /// Open holds that nobody will end any more, and whether it is their deadline that has passed; and why one could
    /// not be read.
    async fn list_lapsed_holds(&self) -> Result<(Vec<(Hold, bool)>, Option<StoreError>), StoreError> {
        let now_ms = database_time_ms(self.reader()).await?;
        let live = Query::select()
            .column("id")
            .from("instances")
            .and_where(Expr::col("lease_until_ms").gt(now_ms - GRACE_MS))
            .take();
        let query = select_holds()
            .cond_where(
                Condition::any()
                    .add(Expr::col("deadline_ms").lte(now_ms - GRACE_MS))
                    .add(Expr::col("instance_id").not_in_subquery(live)),
            )
            .limit(SWEEP_MAX)
            .take();
        let rows = self.reader().query_all(&query).await?;
        let mut holds = Vec::with_capacity(rows.len());
        let mut unreadable = None;
        for row in rows {
            match read_hold(&BookRow::Server(row)) {
                Ok(hold) => {
                    let past_deadline = hold.deadline_ms <= now_ms - GRACE_MS;
                    holds.push((hold, past_deadline));
                }
                Err(error) => unreadable = Some(error),
            }
        }
        Ok((holds, unreadable))
    }

    /// The number of open holds, and the age of the oldest in milliseconds.
    pub async fn count_open_holds(&self) -> Result<(u64, i64), StoreError> {
        let now_ms = database_time_ms(self.reader()).await?;
        let query = Query::select()
            .expr_as(Expr::col("id").count(), Alias::new("holds"))
            .expr_as(Expr::col("admitted_at_ms").min(), Alias::new("oldest"))
            .from("holds")
            .take();
        let Some(row) = self.reader().query_one(&query).await? else { return Ok((0, 0)) };
        let count: i64 = row.try_get("", "holds")?;
        let oldest: Option<i64> = row.try_get("", "oldest")?;
        Ok((u64::try_from(count).unwrap_or(0), oldest.map_or(0, |oldest| now_ms - oldest)))
    }

    async fn load_prices_of(
        &self,
        holds: impl Iterator<Item = &Hold>,
    ) -> Result<HashMap<Uuid, Price>, StoreError> {
        let mut ids: Vec<Uuid> = holds.map(|hold| hold.price_version.uuid()).collect();
        ids.sort_unstable();
        ids.dedup();
        if ids.is_empty() {
            return Ok(HashMap::new());
        }
        let query = Query::select()
            .columns(["id", "price"])
            .from("price_versions")
            .and_where(Expr::col("id").is_in(ids))
            .take();
        let rows = self.reader().query_all(&query).await?;
        rows.iter()
            .map(|row| {
                let price: String = row.try_get("", "price")?;
                Ok((row.try_get("", "id")?, read_json(&price, "price")?))
            })
            .collect()
    }
}

fn unavailable(error: StoreError) -> LaneError {
    LaneError::Unavailable(error.into())
}
