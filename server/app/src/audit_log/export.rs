//! The audit log as a table for spreadsheets.

use axum::extract::State;
use axum::response::Response;
use waystation_api::audit_log::AuditLogQuery;
use waystation_api::error::ErrorReply;
use waystation_api::time::Time;
use waystation_store::{AuditFilter, AuditRow, StoreError};

use super::read_filter;
use crate::error::ApiError;
use crate::hex::write_hex;
use crate::http::body::Params;
use crate::http::csv::CsvRows;
use crate::http::export::{CSV, ExportFile, check_export_rows, send_pages};
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
    let left = check_export_rows(&app, app.store.count_audit_rows(&filter).await?)?;
    // What is appended meanwhile may lie among the rows, but never more of it than fits.
    let first = Some(Progress { before: None, left, is_begun: false });
    let file = ExportFile { name: "audit-log.csv", content_type: CSV };
    Ok(send_pages(file, first, move |progress| next_page(app.clone(), filter.clone(), progress)))
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
