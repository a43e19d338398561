//! The books: accounts, transfers, open holds and adjustments.

use sea_orm_migration::prelude::{DbErr, IndexCreateStatement, SchemaManager, TableCreateStatement};

use crate::columns::{
    create_tables, id, index, long_text, number, optional_id, optional_number, optional_text, table,
    table_by_key, text,
};
use sea_orm_migration::prelude::{Expr, ExprTrait};

create_tables!(["accounts", "transfers", "holds", "adjustments", "audit_checkpoints"], |manager| {
    let accounts = table(manager, "accounts")
        .col(id("id").primary_key())
        .col(id("user_id"))
        .col(text("kind", 16))
        .col(text("unit", 16))
        .col(long_text("terms"))
        .col(optional_number("expires_at_ms"))
        .col(number("credits_posted"))
        .col(number("debits_posted"))
        .col(number("debits_pending"))
        .col(number("sequence"))
        .col(number("created_at_ms"))
        .col(optional_number("closed_at_ms"))
        // The database itself refuses an overdraft.
        .check(Expr::col("credits_posted").gte(0))
        .check(Expr::col("debits_posted").gte(0))
        .check(Expr::col("debits_pending").gte(0))
        .check(
            Expr::col("credits_posted")
                .sub(Expr::col("debits_posted"))
                .sub(Expr::col("debits_pending"))
                .gte(0),
        )
        .to_owned();
    // The id is the operation's id and a line number: the primary key is what makes operations idempotent.
    let transfers = table_by_key(manager, "transfers")
        .col(id("id").primary_key())
        .col(id("user_id"))
        .col(id("debit_account"))
        .col(id("credit_account"))
        .col(text("unit", 16))
        .col(number("amount"))
        .col(text("kind", 16))
        .col(optional_id("reverses"))
        .col(number("debit_sequence"))
        .col(number("credit_sequence"))
        .col(number("created_at_ms"))
        .check(Expr::col("amount").gt(0))
        .to_owned();
    let holds = table_by_key(manager, "holds")
        .col(id("id").primary_key())
        .col(id("user_id"))
        .col(id("key_id"))
        .col(id("instance_id"))
        .col(long_text("lines"))
        .col(long_text("budgets"))
        .col(number("bound_nanos"))
        .col(number("input_bound"))
        .col(number("input_estimate"))
        .col(number("output_cap"))
        .col(id("price_version_id"))
        .col(number("multiplier_ppm"))
        .col(text("model", 191))
        .col(number("admitted_at_ms"))
        .col(number("deadline_ms"))
        .to_owned();
    let adjustments = table(manager, "adjustments")
        .col(id("id").primary_key())
        .col(id("user_id"))
        .col(id("account_id"))
        .col(text("direction", 8))
        .col(number("amount"))
        .col(text("unit", 16))
        // What was entered, when it was another currency.
        .col(optional_text("entered_amount", 64))
        .col(optional_text("entered_currency", 8))
        .col(text("reason_code", 32))
        .col(text("note", 1000))
        .col(optional_id("actor_id"))
        .col(number("balance_before"))
        .col(number("balance_after"))
        .col(number("created_at_ms"))
        .to_owned();
    let checkpoints = table(manager, "audit_checkpoints")
        .col(id("account_id").primary_key())
        .col(number("credits"))
        .col(number("debits"))
        .col(number("sequence"))
        .col(number("checked_at_ms"))
        .to_owned();
    (
        vec![accounts, transfers, holds, adjustments, checkpoints],
        vec![
            index("accounts_user", "accounts", &["user_id"]),
            index("adjustments_user", "adjustments", &["user_id"]),
        ],
    )
});
