//! Pieces of statements that the lanes share.

use sea_orm::sea_query::{Expr, ExprTrait, Func, InsertStatement, Query};
use sea_orm::{DatabaseBackend, DbErr};

/// One INSERT of many rows.
pub(crate) fn insert_rows(
    table: &'static str,
    columns: &[&'static str],
    rows: impl IntoIterator<Item = Vec<Expr>>,
) -> Result<InsertStatement, DbErr> {
    let mut insert = Query::insert();
    insert.into_table(table).columns(columns.iter().copied());
    for row in rows {
        insert.values(row).map_err(|error| DbErr::Custom(error.to_string()))?;
    }
    Ok(insert)
}

/// In the update of an upsert: what is stored, plus what was to be inserted.
pub(crate) fn stored_plus_new(backend: DatabaseBackend, table: &'static str, column: &'static str) -> Expr {
    let new = match backend {
        DatabaseBackend::MySql => Func::cust("VALUES").arg(Expr::col(column)).into(),
        _ => Expr::col(("excluded", column)),
    };
    Expr::col((table, column)).add(new)
}
