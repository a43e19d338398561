//! Files that are written while they are sent.

use axum::body::Body;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use futures_util::stream::{self, TryStreamExt};
use waystation_api::error::ErrorCode;
use waystation_store::StoreError;

use crate::error::{ApiError, error_chain};
use crate::state::App;

/// A file to send.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ExportFile {
    /// What it is called.
    pub(crate) name: &'static str,
    /// What it is.
    pub(crate) content_type: &'static str,
}

/// A table for spreadsheets.
pub(crate) const CSV: &str = "text/csv; charset=utf-8";
/// A JSON document.
pub(crate) const JSON: &str = "application/json";

/// Refuses an export of more rows than `export.max_rows`, and says how many there are. Gives the most rows.
pub(crate) fn check_export_rows(app: &App, count: u64) -> Result<u64, ApiError> {
    let rows_max = app.config.export_max_rows;
    if count > rows_max {
        let message =
            format!("There are {count} rows, and an export has at most {rows_max}. Narrow it down.");
        return Err(ApiError::new(ErrorCode::ExportTooLarge, message));
    }
    Ok(rows_max)
}

/// Sends a file page by page: each is made when the one before has been taken. `next_page` gives a page with where to
/// go on, and nothing after the last.
pub(crate) fn send_pages<P, F>(
    file: ExportFile,
    first: P,
    next_page: impl FnMut(P) -> F + Send + 'static,
) -> Response
where
    P: Send + 'static,
    F: Future<Output = Result<Option<(String, P)>, StoreError>> + Send + 'static,
{
    let pages = stream::try_unfold(first, next_page);
    let pages = pages.inspect_err(move |failure| {
        tracing::warn!(file = file.name, error = error_chain(failure), "an export broke off");
    });
    let disposition = format!("attachment; filename=\"{}\"", file.name);
    let headers =
        [(header::CONTENT_TYPE, file.content_type.to_owned()), (header::CONTENT_DISPOSITION, disposition)];
    (headers, Body::from_stream(pages)).into_response()
}
