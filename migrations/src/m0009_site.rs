//! What belongs to the site as a whole.

use sea_orm_migration::prelude::{DbErr, IndexCreateStatement, SchemaManager, TableCreateStatement};

use crate::columns::{
    bytes, create_tables, id, index, long_text, number, optional_long_text, optional_number, table, text,
};

create_tables!(["secrets", "settings", "idempotency_records"], |manager| {
    let secrets = table(manager, "secrets")
        .col(text("name", 64).primary_key())
        // AEAD under the master key, which is never in the database.
        .col(bytes("sealed", 1024))
        .col(number("created_at_ms"))
        .to_owned();
    let settings = table(manager, "settings")
        .col(text("name", 128).primary_key())
        .col(long_text("value"))
        .col(number("updated_at_ms"))
        .to_owned();
    let idempotency = table(manager, "idempotency_records")
        // SHA-256 of actor, route and the caller's key.
        .col(bytes("scope", 32).primary_key())
        .col(bytes("fingerprint", 32))
        .col(id("operation_id"))
        .col(optional_number("status_code"))
        .col(optional_long_text("answer"))
        .col(number("created_at_ms"))
        .to_owned();
    (
        vec![secrets, settings, idempotency],
        vec![index("idempotency_records_created", "idempotency_records", &["created_at_ms"])],
    )
});
