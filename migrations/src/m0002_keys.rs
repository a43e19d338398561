//! Users' keys to the relay.

use sea_orm_migration::prelude::{DbErr, IndexCreateStatement, SchemaManager, TableCreateStatement};

use crate::columns::{
    bytes, create_tables, flag, id, index, number, optional_long_text, optional_number, table, text,
    unique_index,
};

create_tables!(["keys"], |manager| {
    let keys = table(manager, "keys")
        .col(id("id").primary_key())
        .col(id("user_id"))
        // The first key of a line of rotated keys: budgets belong to the line, so that rotating resets none.
        .col(id("lineage_id"))
        .col(text("name", 128))
        .col(bytes("hash", 32))
        .col(text("preview", 64))
        .col(text("status", 16))
        .col(optional_number("expires_at_ms"))
        // JSON lists; absent means all.
        .col(optional_long_text("allowed_models"))
        .col(optional_long_text("allowed_ips"))
        .col(optional_number("output_cap"))
        .col(flag("show_cost"))
        .col(number("created_at_ms"))
        .col(number("updated_at_ms"))
        .col(optional_number("revoked_at_ms"))
        .to_owned();
    (vec![keys], vec![unique_index("keys_hash", "keys", &["hash"]), index("keys_user", "keys", &["user_id"])])
});
