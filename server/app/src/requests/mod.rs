//! Calls that have ended: the administration's view and each one's own.

mod administration;
mod own;
mod wire;

use utoipa_axum::routes;
use waystation_api::permissions::Permission;
use waystation_api::requests::{RequestQuery, RequestStatus};
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
        .route(reading, routes!(administration::show_request))
        .route(Access::SignedIn, routes!(own::list_my_requests))
        .route(Access::SignedIn, routes!(own::show_my_request))
}

fn read_filter(app: &App, query: RequestQuery) -> Result<RequestFilter, ApiError> {
    let zone = app.config.site_time_zone.rules();
    let start = query.start_date.as_deref().map(|text| read_start("start_date", text, zone));
    let end = query.end_date.as_deref().map(|text| read_end("end_date", text, zone));
    Ok(RequestFilter {
        user: query.user_id,
        key: query.key_id,
        model: query.model,
        status: query.status.map(stored_status),
        status_code: query.status_code,
        channel: query.channel_id,
        from_ms: start.transpose()?,
        until_ms: end.transpose()?,
    })
}

fn stored_status(status: RequestStatus) -> CallStatus {
    match status {
        RequestStatus::Ok => CallStatus::Ok,
        RequestStatus::Failed => CallStatus::Failed,
        RequestStatus::Interrupted => CallStatus::Interrupted,
        RequestStatus::Cancelled => CallStatus::Cancelled,
        RequestStatus::Lost => CallStatus::Lost,
    }
}
