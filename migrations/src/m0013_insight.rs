//! What statistics and lists are read from: more sums by hour, a way to the calls of one user, and one to those that
//! failed.

use sea_orm_migration::prelude::{
    ColumnDef, ConditionalStatement, DbErr, Expr, Index, IndexCreateStatement, SchemaManager, Table,
};
use sea_orm_migration::sea_orm::{ConnectionTrait, DatabaseBackend};
use sea_orm_migration::{MigrationName, MigrationTrait, async_trait};

use crate::columns::{index, number};

pub(crate) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m0013_insight"
    }
}

/// The columns that each table gains. What was summed before stays without them, but for losses: without those it would
/// seem that plans had paid.
fn columns() -> [(&'static str, Vec<ColumnDef>); 2] {
    // Zero unless given, so that a server of the version before may go on writing.
    let sum = |name| number(name).default(0).take();
    let requests = vec![
        // The hour in which it began, by its id.
        sum("hour_ms"),
        // What of `charged_nanos` gift credit paid.
        sum("gift_nanos"),
    ];
    let hourly = vec![
        // Parts of `input_tokens`.
        sum("cache_read_tokens"),
        sum("cache_write_tokens"),
        // Part of `output_tokens`.
        sum("reasoning_tokens"),
        sum("gift_nanos"),
        sum("operator_loss_nanos"),
    ];
    [("requests", requests), ("hourly_usage", hourly)]
}

fn indexes(manager: &SchemaManager<'_>) -> [(&'static str, IndexCreateStatement); 2] {
    [
        // Led by the hour, not by the user: what is written together lies together.
        ("requests_hour_user", index("requests_hour_user", "requests", &["hour_ms", "user_id", "id"])),
        ("requests_not_ok", calls_not_ok(manager)),
    ]
}

/// Sums what the operator bore of the calls of each hour. The servers have different words for it.
fn fill_losses(backend: DatabaseBackend) -> String {
    // Calls without a channel are summed under the id of none.
    let no_channel = match backend {
        DatabaseBackend::Postgres => "'00000000-0000-0000-0000-000000000000'",
        _ => "x'00000000000000000000000000000000'",
    };
    let losses = format!(
        "(SELECT user_id, key_id, model_served, COALESCE(channel_id, {no_channel}) AS channel_id, status, \
         ended_at_ms - ended_at_ms % 3600000 AS hour_ms, SUM(operator_loss_nanos) AS lost_nanos FROM requests \
         WHERE operator_loss_nanos > 0 GROUP BY user_id, key_id, model_served, COALESCE(channel_id, {no_channel}), \
         status, ended_at_ms - ended_at_ms % 3600000) AS losses"
    );
    let same = "hourly_usage.hour_ms = losses.hour_ms AND hourly_usage.user_id = losses.user_id \
                AND hourly_usage.key_id = losses.key_id AND hourly_usage.model = losses.model_served \
                AND hourly_usage.channel_id = losses.channel_id AND hourly_usage.status = losses.status";
    match backend {
        DatabaseBackend::MySql => format!(
            "UPDATE hourly_usage INNER JOIN {losses} ON {same} SET hourly_usage.operator_loss_nanos = losses.lost_nanos"
        ),
        _ => format!(
            "UPDATE hourly_usage SET operator_loss_nanos = losses.lost_nanos FROM {losses} WHERE {same}"
        ),
    }
}

/// Few calls fail: an index of those alone costs the others nothing. MySQL has no such index.
fn calls_not_ok(manager: &SchemaManager<'_>) -> IndexCreateStatement {
    if manager.get_database_backend() == DatabaseBackend::MySql {
        return index("requests_not_ok", "requests", &["status", "id"]);
    }
    let mut index = index("requests_not_ok", "requests", &["id"]);
    // As the queries write it, word for word: SQLite has to recognise it.
    index.cond_where(Expr::cust("status <> 'ok'"));
    index
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
        // An id is made a moment before its call begins, so that the two may lie on both sides of a full hour; such a
        // call is listed an hour late among those of long ago, which nobody sees.
        let fill = "UPDATE requests SET hour_ms = started_at_ms - started_at_ms % 3600000";
        let connection = manager.get_connection();
        connection.execute_unprepared(fill).await?;
        connection.execute_unprepared(&fill_losses(manager.get_database_backend())).await?;
        for (_, index) in indexes(manager) {
            manager.create_index(index).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (name, _) in indexes(manager) {
            manager.drop_index(Index::drop().name(name).table("requests").to_owned()).await?;
        }
        for (table, columns) in columns() {
            for column in columns {
                let name = column.get_column_name();
                manager.alter_table(Table::alter().table(table).drop_column(name).to_owned()).await?;
            }
        }
        Ok(())
    }
}
