//! Calls that failed, gathered by how.

use axum::extract::State;
use waystation_api::error::{ErrorReply, FieldCode};
use waystation_api::error_groups::{ErrorGroup, ErrorGroupQuery, ErrorGroups};
use waystation_api::time::Time;
use waystation_store::{self as store, ErrorFilter};

use crate::clock::now_ms;
use crate::days::{HOUR_MS, read_end, read_start};
use crate::error::ApiError;
use crate::http::body::{Json, Params};
use crate::requests::cause::cause_of;
use crate::requests::wire::wire_status;
use crate::state::App;
use crate::usage::zone_of_query;

const DAY_MS: i64 = 24 * HOUR_MS;
const DAYS_MAX: i64 = 92;
const GROUPS_MAX: usize = 200;

/// List how calls failed, the most frequent first
///
/// At most 92 days. What callers gave up is no failure.
#[utoipa::path(
    get, path = "/admin/errors", tag = "requests", operation_id = "list_error_groups", params(ErrorGroupQuery),
    responses(
        (status = 200, description = "The groups", body = ErrorGroups),
        (status = 400, description = "The time is too long, or none", body = ErrorReply),
    ),
)]
pub(super) async fn list_error_groups(
    State(app): State<App>,
    Params(query): Params<ErrorGroupQuery>,
) -> Result<Json<ErrorGroups>, ApiError> {
    let filter = read_filter(&app, query)?;
    let limit = u64::try_from(GROUPS_MAX + 1).unwrap_or(u64::MAX);
    let mut groups = app.store.list_error_groups(&filter, limit).await?;
    let is_truncated = groups.len() > GROUPS_MAX;
    groups.truncate(GROUPS_MAX);
    let names =
        app.store.list_channel_names(groups.iter().filter_map(|group| group.channel).collect()).await?;
    let items = groups.into_iter().map(|group| {
        let name = group.channel.and_then(|channel| names.get(&channel).cloned());
        wire_group(group, name)
    });
    Ok(Json(ErrorGroups {
        from: Time::from_unix_ms(filter.from_ms),
        until: Time::from_unix_ms(filter.until_ms),
        items: items.collect(),
        is_truncated,
        next_cursor: None,
    }))
}

fn read_filter(app: &App, query: ErrorGroupQuery) -> Result<ErrorFilter, ApiError> {
    let (zone, _) = zone_of_query(app, query.time_zone.as_deref())?;
    let until_ms = match &query.end_date {
        Some(text) => read_end("end_date", text, &zone)?,
        // A call that began just now is among them.
        None => now_ms().saturating_add(1),
    };
    let from_ms = match &query.start_date {
        Some(text) => read_start("start_date", text, &zone)?,
        None => until_ms.saturating_sub(DAY_MS),
    };
    if from_ms >= until_ms {
        return Err(ApiError::field("start_date", FieldCode::OutOfRange, "is after end_date"));
    }
    if until_ms.saturating_sub(from_ms) > (DAYS_MAX + 1) * DAY_MS {
        return Err(ApiError::field(
            "start_date",
            FieldCode::OutOfRange,
            format!("is more than {DAYS_MAX} days before end_date"),
        ));
    }
    Ok(ErrorFilter {
        from_ms,
        until_ms,
        user: query.user_id,
        model: query.model,
        channel: query.channel_id,
        error_code: query.error_code,
        status_code: query.status_code,
    })
}

fn wire_group(group: store::ErrorGroup, channel_name: Option<String>) -> ErrorGroup {
    ErrorGroup {
        cause: cause_of(group.status, group.error_code.as_deref()),
        error_code: group.error_code,
        status: wire_status(group.status),
        status_code: group.status_code,
        model: group.model,
        channel_id: group.channel,
        channel_name,
        count: group.count,
        users: group.users,
        first_seen_at: Time::from_unix_ms(group.first_ms),
        last_seen_at: Time::from_unix_ms(group.last_ms),
        example_request_id: group.example,
    }
}
