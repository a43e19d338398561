//! The audit log as a table for spreadsheets.

use axum::body::Body;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use futures_util::stream::{self, TryStreamExt};
use waystation_api::audit_log::AuditLogQuery;
use waystation_api::error::{ErrorCode, ErrorReply};
use waystation_api::time::Time;
use waystation_store::{AuditFilter, AuditRow, StoreError};

use super::read_filter;
use crate::error::{ApiError, error_chain};
use crate::hex::write_hex;
use crate::http::body::Params;
use crate::http::csv::CsvRows;
use crate::state::App;

const ROWS_AT_ONCE: u64 = 500;

/// Export what was done to the site as CSV, the newest first
///
/// UTF-8 with a byte order mark. What a spreadsheet would take for a formula begins with an apostrophe. `limit` and
/// `cursor` are not looked at.
#[utoipa::path(
    get, path = "/admin/audit-logs/export.csv", tag = "audit", operation_id = "export_audit_logs",
    params(AuditLogQuery),
    responses(
        (status = 200, description = "All rows", content_type = "text/csv", body = String),
        (status = 400, description = "There are more rows than `export.max_rows`; the message names how many", body = ErrorReply),
    ),
)]
pub(super) async fn export_audit_logs(
    State(app): State<App>,
    Params(query): Params<AuditLogQuery>,
) -> Result<Response, ApiError> {
    let filter = read_filter(&app, query)?;
    let (count, rows_max) = (app.store.count_audit_rows(&filter).await?, app.config.export_max_rows);
    if count > rows_max {
        let message =
            format!("There are {count} rows, and an export has at most {rows_max}. Narrow it down.");
        return Err(ApiError::new(ErrorCode::ExportTooLarge, message));
    }
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"audit-log.csv\""),
    ];
    // What is appended meanwhile may lie among the rows, but never more of it than fits.
    let pages = stream::try_unfold(
        Some(Progress { before: None, left: rows_max, is_begun: false }),
        move |progress| next_page(app.clone(), filter.clone(), progress),
    );
    let pages = pages.inspect_err(|failure| {
        tracing::warn!(error = error_chain(failure), "an export of the audit log broke off");
    });
    Ok((headers, Body::from_stream(pages)).into_response())
}

/// How far an export has come.
struct Progress {
    before: Option<i64>,
    left: u64,
    is_begun: bool,
}

async fn next_page(
    app: App,
    filter: AuditFilter,
    progress: Option<Progress>,
) -> Result<Option<(String, Option<Progress>)>, StoreError> {
    let Some(progress) = progress else { return Ok(None) };
    let mut page = CsvRows::default();
    if !progress.is_begun {
        page.begin(&COLUMNS);
    }
    let limit = ROWS_AT_ONCE.min(progress.left);
    let rows = if limit == 0 {
        Vec::new()
    } else {
        app.store.list_audit_rows(&filter, progress.before, limit).await?
    };
    let read = u64::try_from(rows.len()).unwrap_or(u64::MAX);
    let next = rows.last().filter(|_| read == limit).map(|last| Progress {
        before: Some(last.sequence),
        left: progress.left - read,
        is_begun: true,
    });
    for row in rows {
        push_row(&mut page, row);
    }
    Ok(Some((page.into_text(), next)))
}

const COLUMNS: [&str; 13] = [
    "sequence",
    "at",
    "actor_kind",
    "actor_id",
    "actor_role",
    "client_ip",
    "action",
    "target_kind",
    "target_id",
    "before",
    "after",
    "request_id",
    "hash",
];

fn push_row(page: &mut CsvRows, row: AuditRow) {
    let entry = row.entry;
    let (target_kind, target_id) = entry.target.unzip();
    let actor_id = entry.actor.user.map(|id| id.to_string());
    let cells = [
        Some(row.sequence.to_string()),
        Some(Time::from_unix_ms(row.at_ms).to_string()),
        Some(entry.actor.kind.name().to_owned()),
        actor_id,
        entry.actor.role.map(|role| role.name().to_owned()),
        entry.client_ip,
        Some(entry.action),
        target_kind,
        target_id,
        entry.before,
        entry.after,
        entry.request_id,
        Some(write_hex(&row.hash)),
    ];
    page.push(cells.iter().map(|cell| cell.as_deref().unwrap_or_default()));
}
