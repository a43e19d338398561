//! What is pending against the open holds, seen at one moment.

use std::collections::BTreeMap;

use sea_orm::ConnectionTrait;
use sea_orm::sea_query::{Expr, ExprTrait, Query};
use uuid::Uuid;
use waystation_ids::{AccountId, BudgetId, RequestId};

use crate::book_transaction::BookRow;
use crate::connection::Store;
use crate::error::StoreError;
use crate::ledger_audit::{AuditDifference, AuditReport};
use crate::ledger_lanes::{read_hold, select_holds};

impl Store {
    pub(super) async fn audit_pending(&self, report: &mut AuditReport) -> Result<(), StoreError> {
        let snapshot = self.begin_snapshot().await?;
        let holds = snapshot
            .query_all(&select_holds())
            .await?
            .into_iter()
            .map(|row| read_hold(&BookRow::Server(row)))
            .collect::<Result<Vec<_>, _>>()?;
        let mut accounts: BTreeMap<Uuid, (i64, i64)> = BTreeMap::new();
        let mut budgets: BTreeMap<(Uuid, i64), (i64, i64)> = BTreeMap::new();
        for hold in &holds {
            for line in &hold.lines {
                accounts.entry(line.account.uuid()).or_default().1 += line.held;
            }
            for held in &hold.budgets {
                budgets.entry((held.budget.uuid(), held.period_start_ms)).or_default().1 +=
                    held.amount.nanos();
            }
        }
        let pending = Query::select()
            .columns(["id", "debits_pending"])
            .from("accounts")
            .and_where(Expr::col("debits_pending").ne(0))
            .take();
        for row in snapshot.query_all(&pending).await? {
            accounts.entry(row.try_get("", "id")?).or_default().0 = row.try_get("", "debits_pending")?;
        }
        let pending = Query::select()
            .columns(["budget_id", "period_start_ms", "pending_nanos"])
            .from("budget_spending")
            .and_where(Expr::col("pending_nanos").ne(0))
            .take();
        for row in snapshot.query_all(&pending).await? {
            let key = (row.try_get("", "budget_id")?, row.try_get("", "period_start_ms")?);
            budgets.entry(key).or_default().0 = row.try_get("", "pending_nanos")?;
        }
        let ids: Vec<Uuid> = holds.iter().map(|hold| hold.request.uuid()).collect();
        for held in ids.chunks(500) {
            let ended = Query::select()
                .column("id")
                .from("requests")
                .and_where(Expr::col("id").is_in(held.iter().copied()))
                .take();
            for row in snapshot.query_all(&ended).await? {
                let request = RequestId::from_uuid(row.try_get("", "id")?);
                report.report(AuditDifference::EndedAndHeld { request });
            }
        }
        snapshot.commit().await?;
        report.open_holds += holds.len() as u64;
        for (id, (stored, held)) in accounts {
            if stored != held {
                report.report(AuditDifference::AccountPending {
                    account: AccountId::from_uuid(id),
                    stored,
                    held,
                });
            }
        }
        for ((id, period_start_ms), (stored, held)) in budgets {
            if stored != held {
                let budget = BudgetId::from_uuid(id);
                report.report(AuditDifference::BudgetPending { budget, period_start_ms, stored, held });
            }
        }
        Ok(())
    }
}
