//! The rows of ended calls against their transfers.

use std::collections::{BTreeMap, BTreeSet};

use sea_orm::ConnectionTrait;
use sea_orm::sea_query::{Expr, ExprTrait, Order, Query};
use tokio::time::Instant;
use uuid::Uuid;
use waystation_ids::{RequestId, TransferId};
use waystation_ledger::{SourceLine, SystemAccount, TransferKind, Unit};

use crate::column_values::read_json;
use crate::connection::{Store, Transaction};
use crate::error::StoreError;
use crate::ledger_audit::{AuditDifference, AuditReport};
use crate::pace::Pace;

const REQUESTS_PAGE: u64 = 1_000;

/// What the transfers of one call say.
#[derive(Default)]
struct Moved {
    by_account: BTreeMap<Uuid, i64>,
    operator_loss: i64,
}

impl Store {
    pub(super) async fn audit_calls(
        &self,
        report: &mut AuditReport,
        first: Uuid,
        pace: Pace,
    ) -> Result<(), StoreError> {
        let mut after = first;
        loop {
            let began = Instant::now();
            // A page and its transfers are read at one moment, so that a call that ends meanwhile is seen whole.
            let snapshot = self.begin_snapshot().await?;
            let query = Query::select()
                .columns(["id", "source_lines", "cost_nanos", "charged_nanos", "operator_loss_nanos"])
                .from("requests")
                .and_where(Expr::col("id").gt(after))
                .order_by("id", Order::Asc)
                .limit(REQUESTS_PAGE)
                .take();
            let rows = snapshot.query_all(&query).await?;
            let is_last = (rows.len() as u64) < REQUESTS_PAGE;
            let last = match rows.last() {
                Some(row) if !is_last => row.try_get::<Uuid>("", "id")?,
                _ => Uuid::max(),
            };
            let mut moved = load_moved(&snapshot, after, last).await?;
            snapshot.commit().await?;
            let mut seen = BTreeSet::new();
            for row in &rows {
                let id: Uuid = row.try_get("", "id")?;
                seen.insert(id);
                report.requests += 1;
                let lines: String = row.try_get("", "source_lines")?;
                let lines: Vec<SourceLine> = read_json(&lines, "call's source lines")?;
                let cost: i64 = row.try_get("", "cost_nanos")?;
                let charged: i64 = row.try_get("", "charged_nanos")?;
                let loss: i64 = row.try_get("", "operator_loss_nanos")?;
                let moved = moved.remove(&id).unwrap_or_default();
                if !agrees(&lines, cost, charged, loss, &moved) {
                    report.report(AuditDifference::CallLines { request: RequestId::from_uuid(id) });
                }
            }
            for id in moved.keys().filter(|id| !seen.contains(*id)) {
                report.report(AuditDifference::CallWithoutRow { request: RequestId::from_uuid(*id) });
            }
            if is_last {
                return Ok(());
            }
            after = last;
            pace.rest(began).await;
        }
    }
}

fn agrees(lines: &[SourceLine], cost: i64, charged: i64, loss: i64, moved: &Moved) -> bool {
    let mut by_account: BTreeMap<Uuid, i64> = BTreeMap::new();
    let mut money = 0_i64;
    let mut worth = loss;
    for line in lines {
        worth = worth.saturating_add(line.list_value.nanos());
        if line.amount > 0 {
            let amount = by_account.entry(line.account.uuid()).or_default();
            *amount = amount.saturating_add(line.amount);
        }
        if line.unit == Unit::NanoUsd {
            money = money.saturating_add(line.amount);
        }
    }
    by_account == moved.by_account && worth == cost && money == charged && loss == moved.operator_loss
}

/// What calls moved, by call, for calls after `after` up to `last`.
async fn load_moved(
    snapshot: &Transaction,
    after: Uuid,
    last: Uuid,
) -> Result<BTreeMap<Uuid, Moved>, StoreError> {
    let end = |id: Uuid| {
        let mut bytes = *id.as_bytes();
        bytes[15] = u8::MAX;
        Uuid::from_bytes(bytes)
    };
    let kinds = [TransferKind::Consumption, TransferKind::OperatorLoss, TransferKind::Reversal];
    let query = Query::select()
        .columns(["id", "debit_account", "credit_account", "amount", "kind"])
        .from("transfers")
        .and_where(Expr::col("id").gt(if after.is_nil() { after } else { end(after) }))
        .and_where(Expr::col("id").lte(end(last)))
        .and_where(Expr::col("kind").is_in(kinds.map(TransferKind::name)))
        .take();
    let operator_loss = SystemAccount::OperatorLoss.id(Unit::NanoUsd).uuid();
    let mut moved: BTreeMap<Uuid, Moved> = BTreeMap::new();
    for row in snapshot.query_all(&query).await? {
        let id = TransferId::from_uuid(row.try_get("", "id")?);
        let kind: String = row.try_get("", "kind")?;
        let amount: i64 = row.try_get("", "amount")?;
        let call = moved.entry(id.cause()).or_default();
        let debit: Uuid = row.try_get("", "debit_account")?;
        let credit: Uuid = row.try_get("", "credit_account")?;
        let sum = |sum: &mut i64, amount: i64| *sum = sum.saturating_add(amount);
        match TransferKind::from_name(&kind) {
            Some(TransferKind::Consumption) => sum(call.by_account.entry(debit).or_default(), amount),
            Some(TransferKind::OperatorLoss) => sum(&mut call.operator_loss, amount),
            // What a correction takes back is the operator's loss, or what expiry took of an account.
            _ if credit == operator_loss => sum(&mut call.operator_loss, amount.saturating_neg()),
            _ => sum(call.by_account.entry(credit).or_default(), amount.saturating_neg()),
        }
    }
    for call in moved.values_mut() {
        call.by_account.retain(|_, amount| *amount != 0);
    }
    Ok(moved)
}
