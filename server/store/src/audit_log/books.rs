//! The log, appended to by what moves money: in a transaction of the books.

use sea_orm::sea_query::{Expr, ExprTrait, OnConflict, Query};

use super::{AuditEntry, AuditRow, HEAD};
use crate::book_transaction::BookTransaction;
use crate::error::StoreError;
use crate::ledger_lanes::{RowWriter, WhenThere};
use crate::sql::insert_rows;

const LOG: RowWriter = RowWriter {
    table: "audit_log",
    columns: &[
        "sequence",
        "at_ms",
        "actor_id",
        "actor_role",
        "actor_kind",
        "client_ip",
        "action",
        "target_kind",
        "target_id",
        "before",
        "after",
        "request_id",
        "previous_hash",
        "hash",
    ],
    when_there: WhenThere::Refuse,
};

/// Appends within the transaction of what the entries tell of. Comes last in it, as it takes the end of the chain.
pub(crate) async fn append_audits(tx: &BookTransaction, entries: &[AuditEntry]) -> Result<(), StoreError> {
    if entries.is_empty() {
        return Ok(());
    }
    let first = vec![HEAD.into(), 0_i64.into(), vec![0_u8; 32].into()];
    let first = insert_rows("audit_log_head", &["id", "sequence", "hash"], [first])?
        .on_conflict(OnConflict::column("id").do_nothing_on(["id"]).to_owned())
        .to_owned();
    tx.execute(&first).await?;
    let end = Query::select()
        .columns(["sequence", "hash"])
        .from("audit_log_head")
        .and_where(Expr::col("id").eq(HEAD))
        .lock_exclusive()
        .take();
    let rows = tx.query(&end).await?;
    let end = rows.first().ok_or(StoreError::Unreadable("end of the audit log"))?;
    let (mut sequence, mut hash) = (end.number("sequence")?, end.bytes("hash")?);
    let at_ms = tx.now_ms().await?;
    let mut values = Vec::with_capacity(entries.len() * LOG.columns.len());
    for entry in entries {
        let row = AuditRow::after(sequence, &hash, at_ms, entry)?;
        (sequence, hash) = (row.sequence, row.hash.to_vec());
        let row = row.to_model();
        values.extend([
            row.sequence.into(),
            row.at_ms.into(),
            row.actor_id.into(),
            row.actor_role.into(),
            row.actor_kind.into(),
            row.client_ip.into(),
            row.action.into(),
            row.target_kind.into(),
            row.target_id.into(),
            row.before.into(),
            row.after.into(),
            row.request_id.into(),
            row.previous_hash.into(),
            row.hash.into(),
        ]);
    }
    LOG.write(tx, values).await?;
    let moved = Query::update()
        .table("audit_log_head")
        .value("sequence", sequence)
        .value("hash", hash)
        .and_where(Expr::col("id").eq(HEAD))
        .take();
    tx.execute(&moved).await
}
