//! One's own calls as files, for spreadsheets and programs.

use axum::extract::State;
use axum::response::Response;
use waystation_api::error::ErrorReply;
use waystation_api::requests::{ExportedRequest, OwnRequestExportQuery, RequestQuery};
use waystation_api::time::Time;
use waystation_ids::RequestId;
use waystation_pricing::{Bucket, Usage};
use waystation_store::{EndedRequest, KeyLabel, RequestFilter, StoreError};

use crate::auth::Actor;
use crate::clock::now_ms;
use crate::days::{Span, SpanLength, SpanStart};
use crate::error::ApiError;
use crate::http::body::Params;
use crate::http::csv::{Cell, CsvRows};
use crate::http::export::{CSV, ExportFile, JSON, check_export_rows, send_pages};
use crate::requests::read_filter;
use crate::requests::wire::wire_status;
use crate::state::App;

const ROWS_AT_ONCE: u64 = 500;

/// Only what is exported without a beginning is given one: the rows are counted before.
const LENGTH: SpanLength = SpanLength { unless_given: SpanStart::Days(30), days_max: i64::MAX };

/// Export one's own calls as CSV, the newest first
///
/// UTF-8 with a byte order mark. What a spreadsheet would take for a formula begins with an apostrophe.
#[utoipa::path(
    get, path = "/me/usage/export.csv", tag = "me", operation_id = "export_my_usage_as_csv",
    params(OwnRequestExportQuery),
    responses(
        (status = 200, description = "All calls", content_type = "text/csv", body = String),
        (status = 400, description = "There are more calls than `export.max_rows`; the message names how many", body = ErrorReply),
    ),
)]
pub(super) async fn export_my_usage_as_csv(
    State(app): State<App>,
    actor: Actor,
    Params(query): Params<OwnRequestExportQuery>,
) -> Result<Response, ApiError> {
    let file = ExportFile { name: "usage.csv", content_type: CSV };
    export_calls(app, &actor, query, file, write_csv).await
}

/// Export one's own calls as JSON, the newest first
#[utoipa::path(
    get, path = "/me/usage/export.json", tag = "me", operation_id = "export_my_usage_as_json",
    params(OwnRequestExportQuery),
    responses(
        (status = 200, description = "All calls", body = Vec<ExportedRequest>),
        (status = 400, description = "There are more calls than `export.max_rows`; the message names how many", body = ErrorReply),
    ),
)]
pub(super) async fn export_my_usage_as_json(
    State(app): State<App>,
    actor: Actor,
    Params(query): Params<OwnRequestExportQuery>,
) -> Result<Response, ApiError> {
    let file = ExportFile { name: "usage.json", content_type: JSON };
    export_calls(app, &actor, query, file, write_json).await
}

/// A page of a file: where it stands among the others, and its rows.
struct PageOfCalls {
    is_first: bool,
    is_last: bool,
    rows: Vec<ExportedRequest>,
}

async fn export_calls(
    app: App,
    actor: &Actor,
    query: OwnRequestExportQuery,
    file: ExportFile,
    write: fn(PageOfCalls) -> String,
) -> Result<Response, ApiError> {
    let mut filter = read_filter(
        &app,
        RequestQuery {
            user_id: Some(actor.id()),
            key_id: query.key_id,
            model: query.model,
            status: query.status,
            status_code: query.status_code,
            status_class: query.status_class,
            error_code: query.error_code,
            start_date: query.start_date,
            end_date: query.end_date.clone(),
            ..RequestQuery::default()
        },
    )?;
    if filter.from_ms.is_none() {
        let zone = app.config.site_time_zone.rules();
        let span = Span::read(None, query.end_date.as_deref(), zone, LENGTH, now_ms())?;
        filter.from_ms = Some(span.from_ms);
    }
    let left = check_export_rows(&app, app.store.count_requests(&filter).await?)?;
    // Calls that end meanwhile may lie among the rows, but never more of them than fit.
    let first = Some(Progress { before: None, left, is_first: true });
    Ok(send_pages(file, first, move |progress| next_page(app.clone(), filter.clone(), progress, write)))
}

/// How far an export has come.
struct Progress {
    before: Option<RequestId>,
    left: u64,
    is_first: bool,
}

async fn next_page(
    app: App,
    filter: RequestFilter,
    progress: Option<Progress>,
    write: fn(PageOfCalls) -> String,
) -> Result<Option<(String, Option<Progress>)>, StoreError> {
    let Some(progress) = progress else { return Ok(None) };
    let limit = ROWS_AT_ONCE.min(progress.left);
    let calls = match limit {
        0 => Vec::new(),
        limit => app.store.list_requests(&filter, progress.before, limit).await?,
    };
    let keys = app.store.list_key_labels(calls.iter().map(|call| call.record.key).collect()).await?;
    let read = u64::try_from(calls.len()).unwrap_or(u64::MAX);
    let next = calls.last().filter(|_| read == limit).map(|last| Progress {
        before: Some(last.record.request),
        left: progress.left - read,
        is_first: false,
    });
    let rows = calls.iter().map(|call| exported(call, keys.get(&call.record.key))).collect();
    let page = write(PageOfCalls { is_first: progress.is_first, is_last: next.is_none(), rows });
    Ok(Some((page, next)))
}

fn exported(ended: &EndedRequest, key: Option<&KeyLabel>) -> ExportedRequest {
    let record = &ended.record;
    let usage = Usage::from(&record.usage);
    ExportedRequest {
        request_id: record.request,
        started_at: Time::from_unix_ms(record.started_at_ms),
        ended_at: Time::from_unix_ms(ended.ended_at_ms),
        key_id: record.key,
        key_name: key.map(|key| key.name.clone()),
        model: record.model_asked.clone(),
        model_served: record.model_served.clone(),
        route: record.route.clone(),
        stream: record.stream,
        status: wire_status(record.status),
        status_code: record.status_code,
        error_code: record.error_code.clone(),
        input_tokens: usage.input_tokens(),
        cache_read_tokens: usage.get(Bucket::CacheRead),
        cache_write_tokens: usage.cache_write_tokens(),
        output_tokens: usage.output_tokens(),
        reasoning_tokens: usage.get(Bucket::Reasoning),
        usage_source: usage.source.name().to_owned(),
        cost: ended.cost.into(),
        charged: ended.charged.into(),
        currency: "USD".to_owned(),
        first_byte_ms: record.first_byte_ms,
        duration_ms: record.duration_ms,
        client_ip: record.client_ip.clone(),
    }
}

const COLUMNS: [&str; 24] = [
    "request_id",
    "started_at",
    "ended_at",
    "key_id",
    "key_name",
    "model",
    "model_served",
    "route",
    "stream",
    "status",
    "status_code",
    "error_code",
    "input_tokens",
    "cache_read_tokens",
    "cache_write_tokens",
    "output_tokens",
    "reasoning_tokens",
    "usage_source",
    "cost",
    "charged",
    "currency",
    "first_byte_ms",
    "duration_ms",
    "client_ip",
];

fn write_csv(page: PageOfCalls) -> String {
    let mut rows = CsvRows::default();
    if page.is_first {
        rows.begin(&COLUMNS);
    }
    for row in page.rows {
        // The row's own JSON gives the names, so that a table and a document say the same.
        let fields = serde_json::to_value(&row).unwrap_or_default();
        let cells: Vec<(bool, String)> = COLUMNS
            .iter()
            .map(|column| match &fields[*column] {
                serde_json::Value::Null => (false, String::new()),
                serde_json::Value::String(text) => (matches!(*column, "cost" | "charged"), text.clone()),
                other => (other.is_number(), other.to_string()),
            })
            .collect();
        rows.push_mixed(cells.iter().map(|(is_number, text)| match is_number {
            true => Cell::Number(text),
            false => Cell::Text(text),
        }));
    }
    rows.into_text()
}

fn write_json(page: PageOfCalls) -> String {
    let mut text = String::new();
    if page.is_first {
        text.push('[');
    }
    for (place, row) in page.rows.iter().enumerate() {
        if place > 0 || !page.is_first {
            text.push(',');
        }
        text.push('\n');
        text.push_str(&serde_json::to_string(row).unwrap_or_default());
    }
    if page.is_last {
        text.push_str("\n]\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(number: u8) -> ExportedRequest {
        ExportedRequest {
            request_id: RequestId::new_cause(1, [number; 10]),
            started_at: Time::from_unix_ms(0),
            ended_at: Time::from_unix_ms(1),
            key_id: waystation_ids::KeyId::new(1, [1; 10]),
            key_name: Some("=HYPERLINK(\"http://x\")".to_owned()),
            model: "sonnet".to_owned(),
            model_served: "sonnet".to_owned(),
            route: "/v1/chat/completions".to_owned(),
            stream: true,
            status: waystation_api::requests::RequestStatus::Ok,
            status_code: 200,
            error_code: None,
            input_tokens: 1_000,
            cache_read_tokens: 400,
            cache_write_tokens: 0,
            output_tokens: 100,
            reasoning_tokens: 0,
            usage_source: "reported".to_owned(),
            cost: "0.003".parse::<waystation_pricing::Money>().unwrap().into(),
            charged: waystation_pricing::Money::ZERO.into(),
            currency: "USD".to_owned(),
            first_byte_ms: None,
            duration_ms: 9,
            client_ip: "127.0.0.1".to_owned(),
        }
    }

    fn pages(write: fn(PageOfCalls) -> String) -> String {
        let page = |is_first, is_last, rows| write(PageOfCalls { is_first, is_last, rows });
        page(true, false, vec![row(1), row(2)]) + &page(false, true, vec![row(3)])
    }

    #[test]
    fn a_table_has_the_fields_of_a_row_and_no_formula() {
        let text = pages(write_csv);
        let lines: Vec<&str> = text.split("\r\n").collect();
        assert_eq!(lines.len(), 5);
        assert_eq!(lines[0], format!("\u{feff}{}", COLUMNS.join(",")));
        assert!(lines[1].contains(",\"'=HYPERLINK(\"\"http://x\"\")\",sonnet,"), "{}", lines[1]);
        assert!(lines[1].ends_with(",0.003000000,0.000000000,USD,,9,127.0.0.1"), "{}", lines[1]);
        let fields = serde_json::to_value(row(1)).unwrap();
        assert_eq!(fields.as_object().unwrap().len(), COLUMNS.len());
        assert!(COLUMNS.iter().all(|column| fields.get(column).is_some()));
    }

    #[test]
    fn a_document_is_one_list_however_many_pages_it_came_in() {
        let rows: Vec<ExportedRequest> = serde_json::from_str(&pages(write_json)).unwrap();
        assert_eq!(rows, [row(1), row(2), row(3)]);
        let none = write_json(PageOfCalls { is_first: true, is_last: true, rows: Vec::new() });
        assert_eq!(serde_json::from_str::<Vec<ExportedRequest>>(&none).unwrap(), []);
    }
}
