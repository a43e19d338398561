//! Who did what to the site: looking through the audit log, and taking it along.

mod export;

use axum::extract::State;
use utoipa_axum::routes;
use waystation_api::audit_log::{AuditLogActor, AuditLogQuery, AuditLogRow, AuditLogTarget};
use waystation_api::error::FieldCode;
use waystation_api::pagination::{Page, page_limit};
use waystation_api::permissions::Permission;
use waystation_api::time::Time;
use waystation_store::{AuditFilter, AuditRow};

use crate::auth::{Access, GuardedRoutes};
use crate::days::{read_end, read_start};
use crate::error::ApiError;
use crate::hex::write_hex;
use crate::http::body::{Json, Params};
use crate::http::cursor::read_cursor;
use crate::state::App;

const ACTION_LENGTH_MAX: usize = 64;
const TARGET_LENGTH_MAX: usize = 191;

/// The slice's routes below `/api`.
pub(crate) fn routes() -> GuardedRoutes {
    let reading = Access::Holding(Permission::AuditRead);
    GuardedRoutes::new()
        .route(reading, routes!(list_audit_logs))
        .route(reading, routes!(export::export_audit_logs))
}

/// List what was done to the site, the newest first
#[utoipa::path(
    get, path = "/admin/audit-logs", tag = "audit", operation_id = "list_audit_logs", params(AuditLogQuery),
    responses((status = 200, description = "A page of rows", body = Page<AuditLogRow>)),
)]
async fn list_audit_logs(
    State(app): State<App>,
    Params(query): Params<AuditLogQuery>,
) -> Result<Json<Page<AuditLogRow>>, ApiError> {
    let limit = page_limit(query.limit);
    let before = read_cursor(query.cursor.as_deref())?;
    let rows = app.store.list_audit_rows(&read_filter(&app, query)?, before, limit + 1).await?;
    let rows = rows.into_iter().map(wire_row).collect();
    Ok(Json(Page::from_found(rows, limit, |row: &AuditLogRow| row.sequence.to_string())))
}

fn read_filter(app: &App, query: AuditLogQuery) -> Result<AuditFilter, ApiError> {
    let zone = app.config.site_time_zone.rules();
    let is_action = |text: &String| {
        text.len() <= ACTION_LENGTH_MAX
            && text
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"._".contains(&byte))
    };
    if query.action.as_ref().is_some_and(|action| !is_action(action)) {
        return Err(ApiError::field(
            "action",
            FieldCode::Invalid,
            "is the beginning of an action such as user.update",
        ));
    }
    if query.target.as_ref().is_some_and(|target| target.chars().count() > TARGET_LENGTH_MAX) {
        return Err(ApiError::field("target", FieldCode::TooLong, "is longer than 191 characters"));
    }
    let start = query.start_date.as_deref().map(|text| read_start("start_date", text, zone));
    let end = query.end_date.as_deref().map(|text| read_end("end_date", text, zone));
    Ok(AuditFilter {
        actor: query.actor,
        action: query.action,
        target: query.target,
        from_ms: start.transpose()?,
        until_ms: end.transpose()?,
    })
}

fn wire_row(row: AuditRow) -> AuditLogRow {
    // What is no JSON was not written by this server; the check of the chain says so.
    let state = |text: Option<String>| text.and_then(|text| serde_json::from_str(&text).ok());
    let entry = row.entry;
    AuditLogRow {
        sequence: row.sequence,
        at: Time::from_unix_ms(row.at_ms),
        actor: AuditLogActor {
            kind: entry.actor.kind.name().to_owned(),
            id: entry.actor.user,
            role: entry.actor.role,
        },
        client_ip: entry.client_ip,
        action: entry.action,
        target: entry.target.map(|(kind, id)| AuditLogTarget { kind, id }),
        before: state(entry.before),
        after: state(entry.after),
        request_id: entry.request_id,
        hash: write_hex(&row.hash),
    }
}
