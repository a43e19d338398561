//! The rows of the books: read with locks, written with one statement a table.

use std::collections::BTreeMap;

use sea_orm::Value;
use sea_orm::sea_query::extension::mysql::{IndexHintScope, MySqlSelectStatementExt};
use sea_orm::sea_query::{Expr, ExprTrait, Order as Sort, Query, SelectStatement};
use uuid::Uuid;
use waystation_ids::{BudgetId, InstanceId, KeyId, PriceVersionId, RequestId, UserId};
use waystation_ledger::{Account, Books, Budget, BudgetPeriod, Hold, Spending, Transfer};
use waystation_pricing::{Money, Multiplier};

use crate::accounts::entity;
use crate::book_transaction::{BookRow, BookTransaction};
use crate::column_values::{read_count, read_json, write_count, write_json};
use crate::error::StoreError;
use crate::ledger_lanes::row_writer::{RowWriter, WhenThere, padded};

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
    tx: &BookTransaction,
    users: &[Uuid],
) -> Result<Vec<StoredAccount>, StoreError> {
    let query = Query::select()
        .columns(ACCOUNT_COLUMNS)
        .from("accounts")
        // MySQL reads and so locks a small table whole where it is left to choose.
        .force_index("accounts_user", IndexHintScope::All)
        .and_where(Expr::col("user_id").is_in(padded(users)))
        .and_where(Expr::col("closed_at_ms").is_null())
        .order_by("user_id", Sort::Asc)
        .order_by("id", Sort::Asc)
        .lock_exclusive()
        .take();
    tx.query(&query).await?.iter().map(read_account).collect()
}

/// Locks the open holds of these calls.
pub(crate) async fn lock_holds(tx: &BookTransaction, ids: &[Uuid]) -> Result<Vec<Hold>, StoreError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let query = select_holds()
        .and_where(Expr::col("id").is_in(padded(ids)))
        .order_by("id", Sort::Asc)
        .lock_exclusive()
        .take();
    tx.query(&query).await?.iter().map(read_hold).collect()
}

/// A query of whole hold rows.
pub(crate) fn select_holds() -> SelectStatement {
    Query::select().columns(HOLD_COLUMNS).from("holds").take()
}

/// Locks budgets and what their periods have used, and puts both into the books.
pub(crate) async fn lock_budgets(
    tx: &BookTransaction,
    books: &mut Books,
    periods: &[(BudgetId, i64)],
) -> Result<(), StoreError> {
    if periods.is_empty() {
        return Ok(());
    }
    let query = Query::select()
        .columns(["id", "period", "limit_nanos"])
        .from("budgets")
        .and_where(Expr::col("id").is_in(padded(periods).into_iter().map(|(id, _)| id.uuid())))
        .order_by("id", Sort::Asc)
        .lock_exclusive()
        .take();
    for row in tx.query(&query).await? {
        let id = BudgetId::from_uuid(row.id("id")?);
        let period = row.text("period")?;
        let period = BudgetPeriod::from_name(&period).ok_or(StoreError::Unreadable("budget period"))?;
        let limit = Money::from_nanos(row.number("limit_nanos")?);
        books.budgets.insert(id, Budget { id, period, limit });
    }
    let query = Query::select()
        .columns(["budget_id", "period_start_ms", "spent_nanos", "pending_nanos"])
        .from("budget_spending")
        .and_where(
            Expr::tuple([Expr::col("budget_id"), Expr::col("period_start_ms")])
                .in_tuples(padded(periods).into_iter().map(|(id, start)| (id.uuid(), start))),
        )
        .order_by("budget_id", Sort::Asc)
        .order_by("period_start_ms", Sort::Asc)
        .lock_exclusive()
        .take();
    for row in tx.query(&query).await? {
        let id = BudgetId::from_uuid(row.id("budget_id")?);
        let start: i64 = row.number("period_start_ms")?;
        let spending = Spending {
            spent: Money::from_nanos(row.number("spent_nanos")?),
            pending: Money::from_nanos(row.number("pending_nanos")?),
        };
        books.spending.insert((id, start), spending);
    }
    Ok(())
}

const OPENED_ACCOUNTS: RowWriter =
    RowWriter { table: "accounts", columns: &ACCOUNT_COLUMNS, when_there: WhenThere::Refuse };

const CHANGED_ACCOUNTS: RowWriter = RowWriter {
    table: "accounts",
    columns: &ACCOUNT_COLUMNS,
    when_there: WhenThere::Replace {
        key: &["id"],
        columns: &["credits_posted", "debits_posted", "debits_pending", "sequence"],
    },
};

const CHANGED_ACCOUNT: &str = "UPDATE accounts SET credits_posted = ?, debits_posted = ?, debits_pending = ?, sequence = ? WHERE id = ?";

const SPENDING: RowWriter = RowWriter {
    table: "budget_spending",
    columns: &["budget_id", "period_start_ms", "spent_nanos", "pending_nanos"],
    when_there: WhenThere::Replace {
        key: &["budget_id", "period_start_ms"],
        columns: &["spent_nanos", "pending_nanos"],
    },
};

const HOLDS: RowWriter = RowWriter { table: "holds", columns: &HOLD_COLUMNS, when_there: WhenThere::Refuse };

const TRANSFERS: RowWriter = RowWriter {
    table: "transfers",
    columns: &[
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
    ],
    when_there: WhenThere::Refuse,
};

/// Opens accounts. One whose id is taken is refused: its sums are never those of another.
pub(crate) async fn insert_accounts(
    tx: &BookTransaction,
    accounts: &[StoredAccount],
) -> Result<(), StoreError> {
    OPENED_ACCOUNTS.write(tx, account_values(accounts)?).await
}

pub(crate) async fn write_accounts(
    tx: &BookTransaction,
    accounts: &[StoredAccount],
) -> Result<(), StoreError> {
    if !tx.is_file() {
        return CHANGED_ACCOUNTS.write(tx, account_values(accounts)?).await;
    }
    // One row a statement is as fast in a file, and then the rows need not be named whole.
    let values = accounts.iter().flat_map(|(account, _)| {
        [
            account.balance.credits_posted.into(),
            account.balance.debits_posted.into(),
            account.balance.debits_pending.into(),
            account.sequence.into(),
            account.id.uuid().into(),
        ]
    });
    tx.execute_each(CHANGED_ACCOUNT.to_owned(), 5, values.collect()).await
}

pub(crate) async fn write_spending(
    tx: &BookTransaction,
    spending: &BTreeMap<(BudgetId, i64), Spending>,
) -> Result<(), StoreError> {
    let values = spending.iter().flat_map(|((budget, start), spending)| {
        [
            budget.uuid().into(),
            (*start).into(),
            spending.spent.nanos().into(),
            spending.pending.nanos().into(),
        ]
    });
    SPENDING.write(tx, values.collect()).await
}

pub(crate) async fn insert_holds(tx: &BookTransaction, holds: &[&Hold]) -> Result<(), StoreError> {
    let mut values = Vec::with_capacity(holds.len() * HOLD_COLUMNS.len());
    for hold in holds {
        values.extend::<[Value; HOLD_COLUMNS.len()]>([
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
    HOLDS.write(tx, values).await
}

pub(crate) async fn delete_holds(tx: &BookTransaction, ids: &[Uuid]) -> Result<(), StoreError> {
    if !ids.is_empty() {
        let statement =
            Query::delete().from_table("holds").and_where(Expr::col("id").is_in(padded(ids))).take();
        tx.execute(&statement).await?;
    }
    Ok(())
}

pub(crate) async fn insert_transfers(tx: &BookTransaction, transfers: &[Transfer]) -> Result<(), StoreError> {
    let values = transfers.iter().flat_map(|transfer| {
        [
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
    TRANSFERS.write(tx, values.collect()).await
}

fn account_values(accounts: &[StoredAccount]) -> Result<Vec<Value>, StoreError> {
    let mut values = Vec::with_capacity(accounts.len() * ACCOUNT_COLUMNS.len());
    for (account, created_at_ms) in accounts {
        values.extend::<[Value; ACCOUNT_COLUMNS.len()]>([
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
    Ok(values)
}

fn read_account(row: &BookRow) -> Result<StoredAccount, StoreError> {
    let created_at_ms = row.number("created_at_ms")?;
    let account = entity::Model {
        id: row.id("id")?,
        user_id: row.id("user_id")?,
        kind: row.text("kind")?.into_owned(),
        unit: row.text("unit")?.into_owned(),
        terms: row.text("terms")?.into_owned(),
        expires_at_ms: row.optional_number("expires_at_ms")?,
        credits_posted: row.number("credits_posted")?,
        debits_posted: row.number("debits_posted")?,
        debits_pending: row.number("debits_pending")?,
        sequence: row.number("sequence")?,
        created_at_ms,
        closed_at_ms: row.optional_number("closed_at_ms")?,
    };
    Ok((Account::try_from(account)?, created_at_ms))
}

pub(crate) fn read_hold(row: &BookRow) -> Result<Hold, StoreError> {
    let lines = row.text("lines")?;
    let budgets = row.text("budgets")?;
    let multiplier: i64 = row.number("multiplier_ppm")?;
    Ok(Hold {
        request: RequestId::from_uuid(row.id("id")?),
        user: UserId::from_uuid(row.id("user_id")?),
        key: KeyId::from_uuid(row.id("key_id")?),
        instance: InstanceId::from_uuid(row.id("instance_id")?),
        lines: read_json(&lines, "hold's lines")?,
        budgets: read_json(&budgets, "hold's budgets")?,
        bound: Money::from_nanos(row.number("bound_nanos")?),
        input_bound: read_count(row.number("input_bound")?, "hold")?,
        input_estimate: read_count(row.number("input_estimate")?, "hold")?,
        output_cap: read_count(row.number("output_cap")?, "hold")?,
        price_version: PriceVersionId::from_uuid(row.id("price_version_id")?),
        multiplier: Multiplier::try_from(multiplier).map_err(|_| StoreError::Unreadable("multiplier"))?,
        model: row.text("model")?.into_owned(),
        admitted_at_ms: row.number("admitted_at_ms")?,
        deadline_ms: row.number("deadline_ms")?,
    })
}
