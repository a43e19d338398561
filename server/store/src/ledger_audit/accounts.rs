//! Accounts against the sums of their transfers.

use std::collections::BTreeMap;

use sea_orm::sea_query::{
    Alias, Condition, Expr, ExprTrait, JoinType, OnConflict, Order, Query, SelectStatement,
};
use sea_orm::{ConnectionTrait, QueryResult};
use tokio::time::Instant;
use uuid::Uuid;
use waystation_ids::{AccountId, TransferId};
use waystation_ledger::SystemAccount;

use crate::connection::{Store, database_time_ms};
use crate::error::StoreError;
use crate::ledger_audit::{AuditDifference, AuditReport};
use crate::pace::Pace;
use crate::sql::insert_rows;

const ACCOUNTS_PAGE: u64 = 2_000;
const TRANSFERS_PAGE: u64 = 5_000;
/// A transfer's id carries the time its call began: a call runs 15 minutes at most, and a settlement kept through
/// an outage comes later still. What this window misses shows as a gap, and then everything is read.
const WINDOW_MS: i64 = 30 * 60_000;

/// An account and how far its transfers have been summed.
struct Expected {
    unit: String,
    credits: i64,
    debits: i64,
    sequence: i64,
    /// The checkpoint: credits, debits and number of transfers that were found right before.
    from: (i64, i64),
    from_sequence: i64,
    summed_credits: i64,
    summed_debits: i64,
    found: i64,
}

/// Which transfers to sum.
#[derive(Clone, Copy)]
struct Extent {
    /// Those after this one.
    first: Uuid,
    /// Whether all accounts were read before, so that a transfer of another has to be the first of a new one.
    is_all: bool,
    pace: Pace,
}

impl Expected {
    /// Counts one side of a transfer if it lies within the compared range.
    fn add(&mut self, sequence: i64, amount: i64, is_credit: bool) {
        if sequence > self.from_sequence && sequence <= self.sequence {
            let sum = if is_credit { &mut self.summed_credits } else { &mut self.summed_debits };
            *sum = sum.saturating_add(amount);
            self.found += 1;
        }
    }

    fn restart(&mut self) {
        (self.summed_credits, self.summed_debits) = self.from;
        self.found = 0;
    }

    fn has_gap(&self) -> bool {
        self.found != self.sequence - self.from_sequence
    }
}

impl Store {
    /// Reads every account first and every transfer after: what was committed in between has a higher number.
    pub(super) async fn audit_all_accounts(
        &self,
        report: &mut AuditReport,
        pace: Pace,
    ) -> Result<(), StoreError> {
        let mut accounts = BTreeMap::new();
        let mut after = Uuid::nil();
        loop {
            let began = Instant::now();
            let query = select_accounts()
                .and_where(Expr::col("id").gt(after))
                .order_by("id", Order::Asc)
                .limit(ACCOUNTS_PAGE)
                .take();
            let rows = self.reader().query_all(&query).await?;
            for row in &rows {
                let (id, expected) = read_expected(row, 0, 0, 0)?;
                after = id;
                accounts.insert(id, expected);
            }
            if (rows.len() as u64) < ACCOUNTS_PAGE {
                break;
            }
            pace.rest(began).await;
        }
        self.sum_transfers(report, &mut accounts, Extent { first: Uuid::nil(), is_all: true, pace }).await?;
        compare(report, &accounts);
        Ok(())
    }

    /// Only accounts that moved since their checkpoint, and only transfers since; then moves the checkpoints on.
    pub(super) async fn audit_changed_accounts(&self, report: &mut AuditReport) -> Result<(), StoreError> {
        let query = Query::select()
            .columns([
                ("accounts", "id"),
                ("accounts", "unit"),
                ("accounts", "credits_posted"),
                ("accounts", "debits_posted"),
                ("accounts", "sequence"),
            ])
            .expr_as(Expr::col(("audit_checkpoints", "credits")), Alias::new("from_credits"))
            .expr_as(Expr::col(("audit_checkpoints", "debits")), Alias::new("from_debits"))
            .expr_as(Expr::col(("audit_checkpoints", "sequence")), Alias::new("from_sequence"))
            .from("accounts")
            .join(
                JoinType::LeftJoin,
                "audit_checkpoints",
                Expr::col(("audit_checkpoints", "account_id")).equals(("accounts", "id")),
            )
            .cond_where(
                Condition::any()
                    .add(
                        Condition::all()
                            .add(Expr::col(("audit_checkpoints", "sequence")).is_null())
                            .add(Expr::col(("accounts", "sequence")).gt(0)),
                    )
                    .add(
                        Expr::col(("audit_checkpoints", "sequence")).ne(Expr::col(("accounts", "sequence"))),
                    ),
            )
            .limit(ACCOUNTS_PAGE)
            .take();
        let mut changed = BTreeMap::new();
        for row in self.reader().query_all(&query).await? {
            let from = |name: &str| row.try_get::<Option<i64>>("", name).map(Option::unwrap_or_default);
            let (id, expected) =
                read_expected(&row, from("from_credits")?, from("from_debits")?, from("from_sequence")?)?;
            changed.insert(id, expected);
        }
        if changed.is_empty() {
            return Ok(());
        }
        let now_ms = database_time_ms(self.reader()).await?;
        let changed_only = Extent { first: Uuid::nil(), is_all: false, pace: Pace::AtOnce };
        let window = waystation_ids::RequestId::new_cause(now_ms - WINDOW_MS, [0; 10]).uuid();
        self.sum_transfers(report, &mut changed, Extent { first: window, ..changed_only }).await?;
        let mut gaps: BTreeMap<Uuid, Expected> = BTreeMap::new();
        for id in
            changed.iter().filter(|(_, expected)| expected.has_gap()).map(|(id, _)| *id).collect::<Vec<_>>()
        {
            if let Some(mut expected) = changed.remove(&id) {
                // What was summed counted only this window; begin again from the checkpoint.
                expected.restart();
                gaps.insert(id, expected);
            }
        }
        if !gaps.is_empty() {
            self.sum_transfers(report, &mut gaps, changed_only).await?;
        }
        changed.append(&mut gaps);
        let right = compare(report, &changed);
        self.write_checkpoints(&right, now_ms).await
    }

    /// Adds the transfers to the accounts they touch.
    async fn sum_transfers(
        &self,
        report: &mut AuditReport,
        accounts: &mut BTreeMap<Uuid, Expected>,
        extent: Extent,
    ) -> Result<(), StoreError> {
        let mut after = extent.first;
        loop {
            let began = Instant::now();
            let query = Query::select()
                .columns([
                    "id",
                    "debit_account",
                    "credit_account",
                    "unit",
                    "amount",
                    "debit_sequence",
                    "credit_sequence",
                ])
                .from("transfers")
                .and_where(Expr::col("id").gt(after))
                .order_by("id", Order::Asc)
                .limit(TRANSFERS_PAGE)
                .take();
            let rows = self.reader().query_all(&query).await?;
            for row in &rows {
                let id: Uuid = row.try_get("", "id")?;
                after = id;
                report.transfers += 1;
                let unit: String = row.try_get("", "unit")?;
                let amount: i64 = row.try_get("", "amount")?;
                for (side, sequence, is_credit) in
                    [("debit_account", "debit_sequence", false), ("credit_account", "credit_sequence", true)]
                {
                    let account: Uuid = row.try_get("", side)?;
                    let sequence: i64 = row.try_get("", sequence)?;
                    match accounts.get_mut(&account) {
                        Some(expected) if expected.unit == unit => expected.add(sequence, amount, is_credit),
                        Some(_) => report
                            .report(AuditDifference::StrayTransfer { transfer: TransferId::from_uuid(id) }),
                        // An account opened after the accounts were read has its first transfers here.
                        None if extent.is_all
                            && sequence == 0
                            && SystemAccount::of(AccountId::from_uuid(account)).is_none() =>
                        {
                            report.report(AuditDifference::StrayTransfer {
                                transfer: TransferId::from_uuid(id),
                            });
                        }
                        None => {}
                    }
                }
            }
            if (rows.len() as u64) < TRANSFERS_PAGE {
                return Ok(());
            }
            extent.pace.rest(began).await;
        }
    }

    async fn write_checkpoints(
        &self,
        right: &[(Uuid, i64, i64, i64)],
        checked_at_ms: i64,
    ) -> Result<(), StoreError> {
        for page in right.chunks(250) {
            let rows = page.iter().map(|(account, credits, debits, sequence)| {
                vec![
                    (*account).into(),
                    (*credits).into(),
                    (*debits).into(),
                    (*sequence).into(),
                    checked_at_ms.into(),
                ]
            });
            let columns = ["account_id", "credits", "debits", "sequence", "checked_at_ms"];
            let statement = insert_rows("audit_checkpoints", &columns, rows)?
                .on_conflict(
                    OnConflict::column("account_id")
                        .update_columns(["credits", "debits", "sequence", "checked_at_ms"])
                        .to_owned(),
                )
                .to_owned();
            let tx = self.begin().await?;
            tx.execute(&statement).await?;
            tx.commit().await?;
        }
        Ok(())
    }
}

fn select_accounts() -> SelectStatement {
    Query::select()
        .columns(["id", "unit", "credits_posted", "debits_posted", "sequence"])
        .from("accounts")
        .take()
}

fn read_expected(
    row: &QueryResult,
    from_credits: i64,
    from_debits: i64,
    from_sequence: i64,
) -> Result<(Uuid, Expected), StoreError> {
    let expected = Expected {
        unit: row.try_get("", "unit")?,
        credits: row.try_get("", "credits_posted")?,
        debits: row.try_get("", "debits_posted")?,
        sequence: row.try_get("", "sequence")?,
        from: (from_credits, from_debits),
        from_sequence,
        summed_credits: from_credits,
        summed_debits: from_debits,
        found: 0,
    };
    Ok((row.try_get("", "id")?, expected))
}

/// Reports what differs, and gives the accounts that are right: id, credits, debits, number of transfers.
fn compare(report: &mut AuditReport, accounts: &BTreeMap<Uuid, Expected>) -> Vec<(Uuid, i64, i64, i64)> {
    let mut right = Vec::new();
    for (id, expected) in accounts {
        report.accounts += 1;
        let account = AccountId::from_uuid(*id);
        let before = report.difference_count;
        if expected.has_gap() {
            report.report(AuditDifference::AccountSequence {
                account,
                stored: expected.sequence,
                found: expected.from_sequence + expected.found,
            });
        }
        for (side, stored, summed) in [
            ("credits", expected.credits, expected.summed_credits),
            ("debits", expected.debits, expected.summed_debits),
        ] {
            if stored != summed {
                report.report(AuditDifference::AccountSum { account, side, stored, summed });
            }
        }
        if expected.debits > expected.credits {
            report.report(AuditDifference::Overdrawn { account });
        }
        if report.difference_count == before {
            right.push((*id, expected.credits, expected.debits, expected.sequence));
        }
    }
    right
}
