//! People and their sign-ins.

use sea_orm_migration::prelude::{DbErr, IndexCreateStatement, SchemaManager, TableCreateStatement};

use crate::columns::{
    create_tables, flag, id, index, number, optional_number, optional_text, table, text, unique_index,
};

create_tables!(["users", "sessions"], |manager| {
    let users = table(manager, "users")
        .col(id("id").primary_key())
        // Lower-cased: what is unique is compared as stored.
        .col(text("email", 254))
        .col(optional_text("username", 64))
        .col(text("display_name", 128))
        .col(text("role", 16))
        .col(text("status", 16))
        .col(optional_text("password_hash", 255))
        .col(optional_text("channel_group", 64))
        .col(flag("is_demo"))
        .col(number("created_at_ms"))
        .col(number("updated_at_ms"))
        .to_owned();
    let sessions = table(manager, "sessions")
        .col(id("id").primary_key())
        .col(id("user_id"))
        // What made it: cli, browser, device.
        .col(text("kind", 16))
        .col(number("created_at_ms"))
        .col(number("expires_at_ms"))
        .col(optional_number("revoked_at_ms"))
        .to_owned();
    (
        vec![users, sessions],
        vec![
            unique_index("users_email", "users", &["email"]),
            unique_index("users_username", "users", &["username"]),
            // Few people are more than users: taking a role away locks those of that role, not the table.
            index("users_role", "users", &["role"]),
            index("sessions_user", "sessions", &["user_id"]),
        ],
    )
});
