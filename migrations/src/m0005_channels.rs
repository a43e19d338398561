//! Ways to upstreams, the models they serve and their sealed secrets.

use sea_orm_migration::prelude::{DbErr, IndexCreateStatement, SchemaManager, TableCreateStatement};

use crate::columns::{bytes, create_tables, flag, id, index, number, table, text};
use sea_orm_migration::prelude::Index;

create_tables!(["channels", "channel_models", "credentials"], |manager| {
    let channels = table(manager, "channels")
        .col(id("id").primary_key())
        .col(text("name", 128))
        .col(text("format", 32))
        .col(text("base_url", 1024))
        .col(number("priority"))
        .col(number("weight"))
        .col(flag("active"))
        .col(flag("allow_private_network"))
        // What happens upstream when the caller goes away: drain or cancel.
        .col(text("on_disconnect", 8))
        .col(number("created_at_ms"))
        .col(number("updated_at_ms"))
        .to_owned();
    let models = table(manager, "channel_models")
        .col(id("channel_id"))
        .col(text("model_name", 191))
        .col(text("upstream_name", 191))
        .primary_key(Index::create().col("channel_id").col("model_name"))
        .to_owned();
    let credentials = table(manager, "credentials")
        .col(id("id").primary_key())
        .col(id("channel_id"))
        // AEAD under a key wrapped by the master key.
        .col(bytes("sealed", 4096))
        .col(text("preview", 32))
        .col(flag("active"))
        .col(number("created_at_ms"))
        .to_owned();
    (vec![channels, models, credentials], vec![index("credentials_channel", "credentials", &["channel_id"])])
});
