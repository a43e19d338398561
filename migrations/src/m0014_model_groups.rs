//! Named sets of models.

use sea_orm_migration::prelude::{DbErr, IndexCreateStatement, SchemaManager, TableCreateStatement};

use crate::columns::{create_tables, id, index, number, table, text, unique_index};
use sea_orm_migration::prelude::Index;

create_tables!(["model_groups", "model_group_members"], |manager| {
    let groups = table(manager, "model_groups")
        .col(id("id").primary_key())
        .col(text("name", 128))
        .col(text("note", 500))
        .col(number("created_at_ms"))
        .col(number("updated_at_ms"))
        .to_owned();
    let members = table(manager, "model_group_members")
        .col(id("group_id"))
        .col(id("model_id"))
        .primary_key(Index::create().col("group_id").col("model_id"))
        .to_owned();
    (
        vec![groups, members],
        vec![
            unique_index("model_groups_name", "model_groups", &["name"]),
            index("model_group_members_model", "model_group_members", &["model_id"]),
        ],
    )
});
