//! How the last test of each channel went.

use sea_orm_migration::prelude::{DbErr, IndexCreateStatement, SchemaManager, TableCreateStatement};

use crate::columns::{create_tables, id, number, optional_number, optional_text, table, text};

create_tables!(["channel_tests"], |manager| {
    let tests = table(manager, "channel_tests")
        .col(id("channel_id").primary_key())
        .col(text("model_name", 191))
        // Why it failed; absent where it did not.
        .col(optional_text("code", 32))
        .col(optional_number("first_byte_ms"))
        .col(number("latency_ms"))
        .col(number("tested_at_ms"))
        .to_owned();
    (vec![tests], vec![])
});
