//! The rows of the books: read with locks, written with one statement a table.

use std::collections::BTreeMap;

use sea_orm::sea_query::extension::mysql::{IndexHintScope, MySqlSelectStatementExt};
use sea_orm::sea_query::{Expr, ExprTrait, OnConflict, Order as Sort, Query, SelectStatement};
use sea_orm::{ConnectionTrait, FromQueryResult, QueryResult};
use uuid::Uuid;
use waystation_ids::{BudgetId, InstanceId, KeyId, PriceVersionId, RequestId, UserId};
use waystation_ledger::{Account, Books, Budget, BudgetPeriod, Hold, Spending, Transfer};
use waystation_pricing::{Money, Multiplier};

use crate::accounts;
use crate::column_values::{read_count, read_json, write_count, write_json};
use crate::connection::Transaction;
use crate::error::StoreError;
use crate::sql::insert_rows;

const ACCOUNT_COLUMNS: [&str; 12] = [
    "id",
    "user_id",
    "kind",
    "unit",
    "terms",
    "expires_at_ms",
    "credits_posted",
    "debits_posted",
    "debits_pending",
    "sequence",
    "created_at_ms",
    "closed_at_ms",
];

const HOLD_COLUMNS: [&str; 15] = [
    "id",
    "user_id",
    "key_id",
    "instance_id",
    "lines",
    "budgets",
    "bound_nanos",
    "input_bound",
    "input_estimate",
    "output_cap",
    "price_version_id",
    "multiplier_ppm",
    "model",
    "admitted_at_ms",
    "deadline_ms",
];

/// An account and when its row was made, which an upsert must name.
pub(crate) type StoredAccount = (Account, i64);

/// Locks every open account of these users, in the order of users and ids.
pub(crate) async fn lock_accounts(
    tx: &Transaction,
    users: &[Uuid],
) -> Result<Vec<StoredAccount>, StoreError> {
    let query = Query::select()
        .columns(ACCOUNT_COLUMNS)
        .from("accounts")
        // MySQL reads and so locks a small table whole where it is left to choose.
        .force_index("accounts_user", IndexHintScope::All)
        .and_where(Expr::col("user_id").is_in(users.iter().copied()))
        .and_where(Expr::col("closed_at_ms").is_null())
        .order_by("user_id", Sort::Asc)
        .order_by("id", Sort::Asc)
        .lock_exclusive()
        .take();
    tx.query_all(&query).await?.iter().map(read_account).collect()
}

/// Locks the open holds of these calls.
pub(crate) async fn lock_holds(tx: &Transaction, ids: &[Uuid]) -> Result<Vec<Hold>, StoreError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let query = select_holds()
        .and_where(Expr::col("id").is_in(ids.iter().copied()))
        .order_by("id", Sort::Asc)
        .lock_exclusive()
        .take();
    tx.query_all(&query).await?.iter().map(read_hold).collect()
}

/// A query of whole hold rows.
pub(crate) fn select_holds() -> SelectStatement {
    Query::select().columns(HOLD_COLUMNS).from("holds").take()
}

/// Locks budgets and what their periods have used, and puts both into the books.
pub(crate) async fn lock_budgets(
    tx: &Transaction,
    books: &mut Books,
    periods: &[(BudgetId, i64)],
) -> Result<(), StoreError> {
    if periods.is_empty() {
        return Ok(());
    }
    let query = Query::select()
        .columns(["id", "period", "limit_nanos"])
        .from("budgets")
        .and_where(Expr::col("id").is_in(periods.iter().map(|(id, _)| id.uuid())))
        .order_by("id", Sort::Asc)
        .lock_exclusive()
        .take();
    for row in tx.query_all(&query).await? {
        let id = BudgetId::from_uuid(row.try_get("", "id")?);
        let period: String = row.try_get("", "period")?;
        let period = BudgetPeriod::from_name(&period).ok_or(StoreError::Unreadable("budget period"))?;
        let limit = Money::from_nanos(row.try_get("", "limit_nanos")?);
        books.budgets.insert(id, Budget { id, period, limit });
    }
    let query = Query::select()
        .columns(["budget_id", "period_start_ms", "spent_nanos", "pending_nanos"])
        .from("budget_spending")
        .and_where(
            Expr::tuple([Expr::col("budget_id"), Expr::col("period_start_ms")])
                .in_tuples(periods.iter().map(|(id, start)| (id.uuid(), *start))),
        )
        .order_by("budget_id", Sort::Asc)
        .order_by("period_start_ms", Sort::Asc)
        .lock_exclusive()
        .take();
    for row in tx.query_all(&query).await? {
        let id = BudgetId::from_uuid(row.try_get("", "budget_id")?);
        let start: i64 = row.try_get("", "period_start_ms")?;
        let spending = Spending {
            spent: Money::from_nanos(row.try_get("", "spent_nanos")?),
            pending: Money::from_nanos(row.try_get("", "pending_nanos")?),
        };
        books.spending.insert((id, start), spending);
    }
    Ok(())
}

/// Opens accounts. One whose id is taken is refused: its sums are never those of another.
pub(crate) async fn insert_accounts(tx: &Transaction, accounts: &[StoredAccount]) -> Result<(), StoreError> {
    if !accounts.is_empty() {
        tx.execute(&insert_rows("accounts", &ACCOUNT_COLUMNS, account_rows(accounts)?)?).await?;
    }
    Ok(())
}

pub(crate) async fn write_accounts(tx: &Transaction, accounts: &[StoredAccount]) -> Result<(), StoreError> {
    if accounts.is_empty() {
        return Ok(());
    }
    let statement = insert_rows("accounts", &ACCOUNT_COLUMNS, account_rows(accounts)?)?
        .on_conflict(
            OnConflict::column("id")
                .update_columns(["credits_posted", "debits_posted", "debits_pending", "sequence"])
                .to_owned(),
        )
        .to_owned();
    tx.execute(&statement).await?;
    Ok(())
}

pub(crate) async fn write_spending(
    tx: &Transaction,
    spending: &BTreeMap<(BudgetId, i64), Spending>,
) -> Result<(), StoreError> {
    if spending.is_empty() {
        return Ok(());
    }
    let rows = spending.iter().map(|((budget, start), spending)| {
        vec![
            budget.uuid().into(),
            (*start).into(),
            spending.spent.nanos().into(),
            spending.pending.nanos().into(),
        ]
    });
    let columns = ["budget_id", "period_start_ms", "spent_nanos", "pending_nanos"];
    let statement = insert_rows("budget_spending", &columns, rows)?
        .on_conflict(
            OnConflict::columns(["budget_id", "period_start_ms"])
                .update_columns(["spent_nanos", "pending_nanos"])
                .to_owned(),
        )
        .to_owned();
    tx.execute(&statement).await?;
    Ok(())
}

pub(crate) async fn insert_holds(tx: &Transaction, holds: &[&Hold]) -> Result<(), StoreError> {
    if holds.is_empty() {
        return Ok(());
    }
    let mut rows = Vec::with_capacity(holds.len());
    for hold in holds {
        rows.push(vec![
            hold.request.uuid().into(),
            hold.user.uuid().into(),
            hold.key.uuid().into(),
            hold.instance.uuid().into(),
            write_json(&hold.lines)?.into(),
            write_json(&hold.budgets)?.into(),
            hold.bound.nanos().into(),
            write_count(hold.input_bound).into(),
            write_count(hold.input_estimate).into(),
            write_count(hold.output_cap).into(),
            hold.price_version.uuid().into(),
            hold.multiplier.ppm().into(),
            hold.model.as_str().into(),
            hold.admitted_at_ms.into(),
            hold.deadline_ms.into(),
        ]);
    }
    tx.execute(&insert_rows("holds", &HOLD_COLUMNS, rows)?).await?;
    Ok(())
}

pub(crate) async fn delete_holds(tx: &Transaction, ids: &[Uuid]) -> Result<(), StoreError> {
    if !ids.is_empty() {
        let statement =
            Query::delete().from_table("holds").and_where(Expr::col("id").is_in(ids.iter().copied())).take();
        tx.execute(&statement).await?;
    }
    Ok(())
}

pub(crate) async fn insert_transfers(tx: &Transaction, transfers: &[Transfer]) -> Result<(), StoreError> {
    if transfers.is_empty() {
        return Ok(());
    }
    let columns = [
        "id",
        "user_id",
        "debit_account",
        "credit_account",
        "unit",
        "amount",
        "kind",
        "reverses",
        "debit_sequence",
        "credit_sequence",
        "created_at_ms",
    ];
    let rows = transfers.iter().map(|transfer| {
        vec![
            transfer.id.uuid().into(),
            transfer.user.uuid().into(),
            transfer.debit.uuid().into(),
            transfer.credit.uuid().into(),
            transfer.unit.name().into(),
            transfer.amount.into(),
            transfer.kind.name().into(),
            transfer.reverses.map(|id| id.uuid()).into(),
            transfer.debit_sequence.into(),
            transfer.credit_sequence.into(),
            transfer.created_at_ms.into(),
        ]
    });
    tx.execute(&insert_rows("transfers", &columns, rows)?).await?;
    Ok(())
}

fn account_rows(accounts: &[StoredAccount]) -> Result<Vec<Vec<Expr>>, StoreError> {
    let mut rows = Vec::with_capacity(accounts.len());
    for (account, created_at_ms) in accounts {
        rows.push(vec![
            account.id.uuid().into(),
            account.user.uuid().into(),
            account.kind.name().into(),
            account.unit.name().into(),
            write_json(&account.terms)?.into(),
            account.expires_at_ms.into(),
            account.balance.credits_posted.into(),
            account.balance.debits_posted.into(),
            account.balance.debits_pending.into(),
            account.sequence.into(),
            (*created_at_ms).into(),
            Option::<i64>::None.into(),
        ]);
    }
    Ok(rows)
}

fn read_account(row: &QueryResult) -> Result<StoredAccount, StoreError> {
    let row = accounts::entity::Model::from_query_result(row, "")?;
    let created_at_ms = row.created_at_ms;
    Ok((Account::try_from(row)?, created_at_ms))
}

pub(crate) fn read_hold(row: &QueryResult) -> Result<Hold, StoreError> {
    let lines: String = row.try_get("", "lines")?;
    let budgets: String = row.try_get("", "budgets")?;
    let multiplier: i64 = row.try_get("", "multiplier_ppm")?;
    Ok(Hold {
        request: RequestId::from_uuid(row.try_get("", "id")?),
        user: UserId::from_uuid(row.try_get("", "user_id")?),
        key: KeyId::from_uuid(row.try_get("", "key_id")?),
        instance: InstanceId::from_uuid(row.try_get("", "instance_id")?),
        lines: read_json(&lines, "hold's lines")?,
        budgets: read_json(&budgets, "hold's budgets")?,
        bound: Money::from_nanos(row.try_get("", "bound_nanos")?),
        input_bound: read_count(row.try_get("", "input_bound")?, "hold")?,
        input_estimate: read_count(row.try_get("", "input_estimate")?, "hold")?,
        output_cap: read_count(row.try_get("", "output_cap")?, "hold")?,
        price_version: PriceVersionId::from_uuid(row.try_get("", "price_version_id")?),
        multiplier: Multiplier::try_from(multiplier).map_err(|_| StoreError::Unreadable("multiplier"))?,
        model: row.try_get("", "model")?,
        admitted_at_ms: row.try_get("", "admitted_at_ms")?,
        deadline_ms: row.try_get("", "deadline_ms")?,
    })
}
