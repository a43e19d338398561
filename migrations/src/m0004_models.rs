//! Models and their prices.

use sea_orm_migration::prelude::{DbErr, IndexCreateStatement, SchemaManager, TableCreateStatement};

use crate::columns::{
    create_tables, flag, id, index, long_text, number, optional_id, optional_number, table, text,
    unique_index,
};

create_tables!(["models", "price_versions"], |manager| {
    let models = table(manager, "models")
        .col(id("id").primary_key())
        .col(text("name", 191))
        .col(text("display_name", 191))
        .col(optional_number("context_length"))
        .col(optional_number("max_output_tokens"))
        // How long an upstream may take to begin its answer; the site's setting where absent.
        .col(optional_number("first_byte_ms"))
        .col(number("default_output_tokens"))
        // Which field carries the cap upstream: max_completion_tokens or max_tokens.
        .col(text("output_cap_parameter", 32))
        .col(long_text("capabilities"))
        .col(flag("active"))
        .col(number("created_at_ms"))
        .col(number("updated_at_ms"))
        .to_owned();
    // Never updated or deleted: a bill is computed again from the version it names.
    let prices = table(manager, "price_versions")
        .col(id("id").primary_key())
        .col(id("model_id"))
        .col(long_text("price"))
        .col(number("effective_at_ms"))
        .col(number("created_at_ms"))
        .col(optional_id("created_by"))
        .to_owned();
    (
        vec![models, prices],
        vec![
            unique_index("models_name", "models", &["name"]),
            index("price_versions_model", "price_versions", &["model_id", "effective_at_ms"]),
        ],
    )
});
