//! The column types that every table is made of, the same on all three databases.

use sea_orm_migration::prelude::{ColumnDef, SchemaManager, Table, TableCreateStatement};
use sea_orm_migration::sea_orm::DatabaseBackend;

/// A new table. On MySQL text compares by its bytes, as on the other databases.
pub(crate) fn table(manager: &SchemaManager<'_>, name: &'static str) -> TableCreateStatement {
    let mut table = Table::create();
    table.table(name);
    if manager.get_database_backend() == DatabaseBackend::MySql {
        table.engine("InnoDB").character_set("utf8mb4").collate("utf8mb4_bin");
    }
    table
}

/// A new table whose rows lie in the order of their key. On SQLite a row otherwise lies in the order it came, and the
/// key is a second tree to write.
pub(crate) fn table_by_key(manager: &SchemaManager<'_>, name: &'static str) -> TableCreateStatement {
    let mut table = table(manager, name);
    if manager.get_database_backend() == DatabaseBackend::Sqlite {
        table.extra("WITHOUT ROWID");
    }
    table
}

/// A UUID.
pub(crate) fn id(name: &'static str) -> ColumnDef {
    let mut column = ColumnDef::new(name);
    column.uuid().not_null();
    column
}

/// A UUID that may be absent.
pub(crate) fn optional_id(name: &'static str) -> ColumnDef {
    let mut column = ColumnDef::new(name);
    column.uuid().null();
    column
}

/// A signed 64-bit number: an amount, a count or a time in unix milliseconds.
pub(crate) fn number(name: &'static str) -> ColumnDef {
    let mut column = ColumnDef::new(name);
    column.big_integer().not_null();
    column
}

/// A number that may be absent.
pub(crate) fn optional_number(name: &'static str) -> ColumnDef {
    let mut column = ColumnDef::new(name);
    column.big_integer().null();
    column
}

/// Yes or no.
pub(crate) fn flag(name: &'static str) -> ColumnDef {
    let mut column = ColumnDef::new(name);
    column.boolean().not_null();
    column
}

/// Text of at most `length` characters; the types of the callers see to it, as SQLite does not.
pub(crate) fn text(name: &'static str, length: u32) -> ColumnDef {
    let mut column = ColumnDef::new(name);
    column.string_len(length).not_null();
    column
}

/// Text of at most `length` characters that may be absent.
pub(crate) fn optional_text(name: &'static str, length: u32) -> ColumnDef {
    let mut column = ColumnDef::new(name);
    column.string_len(length).null();
    column
}

/// Text of any length, JSON among it.
pub(crate) fn long_text(name: &'static str) -> ColumnDef {
    let mut column = ColumnDef::new(name);
    column.text().not_null();
    column
}

/// Text of any length that may be absent.
pub(crate) fn optional_long_text(name: &'static str) -> ColumnDef {
    let mut column = ColumnDef::new(name);
    column.text().null();
    column
}

/// Bytes, at most `length` of them.
pub(crate) fn bytes(name: &'static str, length: u32) -> ColumnDef {
    let mut column = ColumnDef::new(name);
    column.var_binary(length).not_null();
    column
}

/// Bytes that may be absent, at most `length` of them.
pub(crate) fn optional_bytes(name: &'static str, length: u32) -> ColumnDef {
    let mut column = ColumnDef::new(name);
    column.var_binary(length).null();
    column
}

/// Makes a migration out of the tables it creates; `down` drops them in reverse.
macro_rules! create_tables {
    ([$($name:literal),* $(,)?], $up:expr) => {
        pub(crate) struct Migration;

        impl sea_orm_migration::MigrationName for Migration {
            fn name(&self) -> &str {
                // The file's name is the migration's.
                module_path!().rsplit("::").next().unwrap_or_default()
            }
        }

        #[async_trait::async_trait]
        impl sea_orm_migration::MigrationTrait for Migration {
            async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
                let build: fn(&SchemaManager<'_>) -> (Vec<TableCreateStatement>, Vec<IndexCreateStatement>) = $up;
                let (tables, indexes) = build(manager);
                for table in tables {
                    manager.create_table(table).await?;
                }
                for index in indexes {
                    manager.create_index(index).await?;
                }
                Ok(())
            }

            async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
                let names: &[&'static str] = &[$($name),*];
                for name in names.iter().rev() {
                    manager.drop_table(sea_orm_migration::prelude::Table::drop().table(*name).to_owned()).await?;
                }
                Ok(())
            }
        }
    };
}

pub(crate) use create_tables;

/// A secondary index.
pub(crate) fn index(
    name: &'static str,
    table: &'static str,
    columns: &[&'static str],
) -> sea_orm_migration::prelude::IndexCreateStatement {
    let mut index = sea_orm_migration::prelude::Index::create();
    index.name(name).table(table);
    for column in columns {
        index.col(*column);
    }
    index
}

/// A secondary index that refuses a second row with the same values.
pub(crate) fn unique_index(
    name: &'static str,
    table: &'static str,
    columns: &[&'static str],
) -> sea_orm_migration::prelude::IndexCreateStatement {
    let mut index = index(name, table, columns);
    index.unique();
    index
}
