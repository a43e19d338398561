//! What the site tells its people.

use sea_orm_migration::prelude::{DbErr, IndexCreateStatement, SchemaManager, TableCreateStatement};

use crate::columns::{
    create_tables, id, number, optional_long_text, optional_number, optional_text, table, text,
};

create_tables!(["notices"], |manager| {
    let notices = table(manager, "notices")
        .col(id("id").primary_key())
        .col(optional_text("title_zh", 200))
        .col(optional_text("title_en", 200))
        .col(optional_long_text("text_zh"))
        .col(optional_long_text("text_en"))
        // info, warning or critical.
        .col(text("level", 16))
        // all, or admins: everybody who has a role.
        .col(text("audience", 16))
        .col(optional_number("starts_at_ms"))
        .col(optional_number("ends_at_ms"))
        .col(number("created_at_ms"))
        .col(number("updated_at_ms"))
        .to_owned();
    (vec![notices], vec![])
});
