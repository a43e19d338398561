//! How instances on one database know of each other and of changes.

use sea_orm_migration::prelude::{DbErr, IndexCreateStatement, SchemaManager, TableCreateStatement};

use crate::columns::{create_tables, id, index, number, table, text};
use sea_orm_migration::prelude::ColumnDef;

create_tables!(["changes", "instances", "job_leases"], |manager| {
    let changes = table(manager, "changes")
        .col(ColumnDef::new("id").big_integer().not_null().auto_increment().primary_key())
        // What kind of thing changed, and which: its id as text.
        .col(text("kind", 16))
        .col(text("subject", 191))
        .col(number("created_at_ms"))
        .to_owned();
    let instances = table(manager, "instances")
        .col(id("id").primary_key())
        .col(text("host", 255))
        .col(text("version", 32))
        .col(number("started_at_ms"))
        .col(number("lease_until_ms"))
        .to_owned();
    let leases = table(manager, "job_leases")
        .col(text("job", 64).primary_key())
        .col(id("holder"))
        .col(number("until_ms"))
        .to_owned();
    (vec![changes, instances, leases], vec![index("changes_created", "changes", &["created_at_ms"])])
});
