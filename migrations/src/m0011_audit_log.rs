//! Who did what to the site: a chain of rows, each with the hash of the one before.

use sea_orm_migration::prelude::{DbErr, IndexCreateStatement, SchemaManager, TableCreateStatement};

use crate::columns::{
    bytes, create_tables, index, number, optional_id, optional_long_text, optional_text, table, text,
};

create_tables!(["audit_log", "audit_log_head"], |manager| {
    let log = table(manager, "audit_log")
        // From 1, without gaps.
        .col(number("sequence").primary_key())
        .col(number("at_ms"))
        .col(optional_id("actor_id"))
        .col(optional_text("actor_role", 16))
        // How the actor was known: cookie, token, command, or nothing for the server itself and for strangers.
        .col(text("actor_kind", 16))
        .col(optional_text("client_ip", 64))
        .col(text("action", 64))
        .col(optional_text("target_kind", 32))
        .col(optional_text("target_id", 191))
        // JSON objects without secrets.
        .col(optional_long_text("before"))
        .col(optional_long_text("after"))
        .col(optional_text("request_id", 64))
        .col(bytes("previous_hash", 32))
        .col(bytes("hash", 32))
        .to_owned();
    // One row, locked by whoever appends: the end of the chain.
    let head = table(manager, "audit_log_head")
        .col(number("id").primary_key())
        .col(number("sequence"))
        .col(bytes("hash", 32))
        .to_owned();
    (
        vec![log, head],
        vec![
            index("audit_log_actor", "audit_log", &["actor_id", "sequence"]),
            index("audit_log_target", "audit_log", &["target_id", "sequence"]),
            index("audit_log_action", "audit_log", &["action", "sequence"]),
        ],
    )
});
