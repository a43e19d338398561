//! Spending limits of keys and users, and what their periods have used.

use sea_orm_migration::prelude::{DbErr, IndexCreateStatement, SchemaManager, TableCreateStatement};

use crate::columns::{create_tables, id, number, table, text, unique_index};
use sea_orm_migration::prelude::{Expr, ExprTrait, Index};

create_tables!(["budgets", "budget_spending"], |manager| {
    let budgets = table(manager, "budgets")
        .col(id("id").primary_key())
        // Whose limit: key or user.
        .col(text("subject_kind", 8))
        .col(id("subject_id"))
        .col(text("period", 8))
        .col(number("limit_nanos"))
        .col(number("created_at_ms"))
        .check(Expr::col("limit_nanos").gte(0))
        .to_owned();
    let spending = table(manager, "budget_spending")
        .col(id("budget_id"))
        .col(number("period_start_ms"))
        .col(number("spent_nanos"))
        .col(number("pending_nanos"))
        .primary_key(Index::create().col("budget_id").col("period_start_ms"))
        .check(Expr::col("spent_nanos").gte(0))
        .check(Expr::col("pending_nanos").gte(0))
        .to_owned();
    (
        vec![budgets, spending],
        vec![unique_index("budgets_subject", "budgets", &["subject_kind", "subject_id", "period"])],
    )
});
