//! Calls that have ended: the administration's view and each one's own.

mod administration;
mod cause;
mod details;
mod error_groups;
mod export;
mod own;
mod wire;

use utoipa_axum::routes;
use waystation_api::permissions::Permission;
use waystation_api::requests::{RequestQuery, RequestStatusFilter, StatusClass};
use waystation_ledger::CallStatus;
use waystation_store::RequestFilter;

use crate::auth::{Access, GuardedRoutes};
use crate::days::{read_end, read_start};
use crate::error::ApiError;
use crate::state::App;

/// The slice's routes below `/api`.
pub(crate) fn routes() -> GuardedRoutes {
    let reading = Access::Holding(Permission::RequestsRead);
    GuardedRoutes::new()
        .route(reading, routes!(administration::list_requests))
        .route(reading, routes!(administration::list_user_requests))
        .route(reading, routes!(administration::show_request))
        .route(reading, routes!(error_groups::list_error_groups))
        .route(Access::SignedIn, routes!(own::list_my_requests))
        .route(Access::SignedIn, routes!(own::show_my_request))
        .route(Access::SignedIn, routes!(export::export_my_usage_as_csv))
        .route(Access::SignedIn, routes!(export::export_my_usage_as_json))
}

fn read_filter(app: &App, query: RequestQuery) -> Result<RequestFilter, ApiError> {
    let zone = app.config.site_time_zone.rules();
    let start = query.start_date.as_deref().map(|text| read_start("start_date", text, zone));
    let end = query.end_date.as_deref().map(|text| read_end("end_date", text, zone));
    Ok(RequestFilter {
        id: query.id,
        user: query.user_id,
        key: query.key_id,
        model: query.model,
        status: query.status.and_then(stored_status),
        only_errors: query.status == Some(RequestStatusFilter::Error),
        status_code: query.status_code,
        status_codes: query.status_class.map(status_codes),
        error_code: query.error_code,
        channel: query.channel_id,
        from_ms: start.transpose()?,
        until_ms: end.transpose()?,
    })
}

fn status_codes(class: StatusClass) -> (u16, u16) {
    match class {
        StatusClass::Success => (200, 299),
        StatusClass::ClientError => (400, 499),
        StatusClass::ServerError => (500, 599),
    }
}

fn stored_status(status: RequestStatusFilter) -> Option<CallStatus> {
    match status {
        RequestStatusFilter::Ok => Some(CallStatus::Ok),
        RequestStatusFilter::Failed => Some(CallStatus::Failed),
        RequestStatusFilter::Interrupted => Some(CallStatus::Interrupted),
        RequestStatusFilter::Cancelled => Some(CallStatus::Cancelled),
        RequestStatusFilter::Lost => Some(CallStatus::Lost),
        RequestStatusFilter::Error => None,
    }
}
