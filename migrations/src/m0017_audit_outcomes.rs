//! What the last check of the books and of the audit log found.

use sea_orm_migration::prelude::{DbErr, IndexCreateStatement, SchemaManager, TableCreateStatement};

use crate::columns::{create_tables, number, optional_bytes, optional_number, optional_text, table, text};

create_tables!(["audit_outcomes"], |manager| {
    let outcomes = table(manager, "audit_outcomes")
        // `ledger` or `audit_log`.
        .col(text("kind", 16).primary_key())
        // When the last check began, and the last that left nothing out; absent: one is due.
        .col(number("checked_at_ms"))
        .col(optional_number("whole_at_ms"))
        .col(number("findings"))
        // The first of them: its code, and the id or number of what it is about.
        .col(optional_text("finding_code", 32))
        .col(optional_text("finding_subject", 64))
        // How far the audit log was found right: the number and hash of its last row then.
        .col(optional_number("verified_sequence"))
        .col(optional_bytes("verified_hash", 32))
        .to_owned();
    (vec![outcomes], vec![])
});
