//! One row a call, one a try, and roll-ups by hour.

use sea_orm_migration::prelude::{DbErr, IndexCreateStatement, SchemaManager, TableCreateStatement};

use crate::columns::{
    create_tables, flag, id, long_text, number, optional_id, optional_long_text, optional_number,
    optional_text, table_by_key, text,
};
use sea_orm_migration::prelude::Index;

create_tables!(["requests", "attempts", "hourly_usage"], |manager| {
    let requests = table_by_key(manager, "requests")
        .col(id("id").primary_key())
        .col(id("user_id"))
        .col(id("key_id"))
        .col(text("model_asked", 191))
        .col(text("model_served", 191))
        .col(optional_id("channel_id"))
        .col(text("dialect", 16))
        .col(text("route", 64))
        .col(text("method", 8))
        .col(flag("stream"))
        // Tokens by bucket as JSON, and their sums.
        .col(long_text("usage"))
        .col(text("usage_source", 16))
        .col(number("input_tokens"))
        .col(number("output_tokens"))
        // One entry for each account that paid, as JSON.
        .col(long_text("source_lines"))
        .col(number("cost_nanos"))
        .col(number("charged_nanos"))
        .col(number("operator_loss_nanos"))
        .col(id("price_version_id"))
        .col(number("multiplier_ppm"))
        .col(number("output_cap"))
        .col(text("status", 16))
        .col(number("status_code"))
        .col(optional_text("error_code", 64))
        .col(number("attempts"))
        .col(optional_number("first_byte_ms"))
        .col(number("duration_ms"))
        .col(text("client_ip", 64))
        .col(text("user_agent", 255))
        .col(number("started_at_ms"))
        .col(number("ended_at_ms"))
        // Of a call lost in a crash: its hold and what expiry made of it, for a late settlement.
        .col(optional_long_text("lost_hold"))
        .to_owned();
    // The id is the request's with the number of the try.
    let attempts = table_by_key(manager, "attempts")
        .col(id("id").primary_key())
        .col(id("channel_id"))
        .col(optional_id("credential_id"))
        .col(text("upstream_model", 191))
        .col(optional_number("status_code"))
        .col(optional_text("error_code", 64))
        .col(optional_text("error_text", 500))
        .col(number("started_at_ms"))
        .col(optional_number("first_byte_ms"))
        .col(number("duration_ms"))
        .to_owned();
    let hourly = table_by_key(manager, "hourly_usage")
        .col(number("hour_ms"))
        .col(id("user_id"))
        .col(id("key_id"))
        .col(text("model", 191))
        .col(id("channel_id"))
        .col(text("status", 16))
        .col(number("requests"))
        .col(number("input_tokens"))
        .col(number("output_tokens"))
        .col(number("cost_nanos"))
        .col(number("charged_nanos"))
        .primary_key(
            Index::create()
                .col("hour_ms")
                .col("user_id")
                .col("key_id")
                .col("model")
                .col("channel_id")
                .col("status"),
        )
        .to_owned();
    (vec![requests, attempts, hourly], Vec::new())
});
