//! Pieces of statements.

use sea_orm::DbErr;
use sea_orm::sea_query::{Expr, InsertStatement, Query};

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
