//! What people and sign-ins need beyond what they began with.

use sea_orm_migration::prelude::{ColumnDef, DbErr, SchemaManager, Table};
use sea_orm_migration::{MigrationName, MigrationTrait, async_trait};

use crate::columns::{index, optional_bytes, optional_number, optional_text};

pub(crate) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m0012_people"
    }
}

/// The columns that each table gains. All may be absent: rows that are there keep nothing in them.
fn columns() -> [(&'static str, Vec<ColumnDef>); 2] {
    let users = vec![
        // When the person was shown to hold the address.
        optional_number("email_verified_at_ms"),
        optional_number("password_changed_at_ms"),
        // When the person registered by itself; none: somebody else entered it, and vouches for the address.
        optional_number("registered_at_ms"),
        // The name to sign in with that the person asked for; it is nobody's until the address is verified.
        optional_text("wanted_username", 64),
        // What the person was promised for registering, in nano-USD, until it is given.
        optional_number("promised_gift_nanos"),
        // The language of mails, such as zh-CN.
        optional_text("locale", 16),
        // When the person was deleted; what the books need stays.
        optional_number("deleted_at_ms"),
    ];
    let sessions = vec![
        // Hash of the secret that a cookie or a refresh token carries.
        optional_bytes("secret_hash", 32),
        // Hash of the one before, whose use tells that it was stolen.
        optional_bytes("previous_hash", 32),
        optional_number("rotated_at_ms"),
        optional_number("last_used_at_ms"),
        optional_text("name", 64),
        optional_text("client_ip", 64),
        optional_text("user_agent", 255),
        // How it was proved: password, oauth, passkey, totp, pairing, joined by plus signs.
        optional_text("proved_by", 64),
    ];
    [("users", users), ("sessions", sessions)]
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (table, columns) in columns() {
            // One at a time: SQLite adds no two at once.
            for column in columns {
                manager.alter_table(Table::alter().table(table).add_column(column).to_owned()).await?;
            }
        }
        manager.create_index(index("sessions_expires", "sessions", &["expires_at_ms"])).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let dropped =
            sea_orm_migration::prelude::Index::drop().name("sessions_expires").table("sessions").to_owned();
        manager.drop_index(dropped).await?;
        for (table, columns) in columns() {
            for column in columns {
                let name = column.get_column_name();
                manager.alter_table(Table::alter().table(table).drop_column(name).to_owned()).await?;
            }
        }
        Ok(())
    }
}
