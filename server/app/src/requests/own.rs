//! Each person's own calls.

use axum::extract::State;
use waystation_api::error::ErrorReply;
use waystation_api::pagination::{Page, page_limit};
use waystation_api::requests::{OwnRequestQuery, Request, RequestDetails, RequestQuery};
use waystation_ids::{RequestId, UserId};

use crate::auth::Actor;
use crate::error::ApiError;
use crate::http::body::{Json, Params, PathParts};
use crate::http::cursor::read_cursor;
use crate::requests::details::explain_request;
use crate::requests::read_filter;
use crate::requests::wire::wire_own_request;
use crate::state::App;

/// List one's own calls, the newest first
#[utoipa::path(
    get, path = "/me/requests", tag = "me", operation_id = "list_my_requests", params(OwnRequestQuery),
    responses((status = 200, description = "A page of calls", body = Page<Request>)),
)]
pub(super) async fn list_my_requests(
    State(app): State<App>,
    actor: Actor,
    Params(query): Params<OwnRequestQuery>,
) -> Result<Json<Page<Request>>, ApiError> {
    let limit = page_limit(query.limit);
    let before = read_cursor(query.cursor.as_deref())?;
    let requests =
        app.store.list_requests(&read_filter(&app, of_user(query, actor.id()))?, before, limit + 1).await?;
    let requests = requests.iter().map(wire_own_request).collect();
    Ok(Json(Page::from_found(requests, limit, |request: &Request| request.id.to_string())))
}

/// A query for the calls of this user.
pub(super) fn of_user(query: OwnRequestQuery, user: UserId) -> RequestQuery {
    RequestQuery {
        id: query.id,
        user_id: Some(user),
        key_id: query.key_id,
        model: query.model,
        status: query.status,
        status_code: query.status_code,
        status_class: query.status_class,
        error_code: query.error_code,
        start_date: query.start_date,
        end_date: query.end_date,
        ..RequestQuery::default()
    }
}

/// Show one of one's own calls, what it cost and why, and what paid for it
#[utoipa::path(
    get, path = "/me/requests/{id}", tag = "me", operation_id = "show_my_request",
    params(("id" = String, Path, description = "The call's id")),
    responses(
        (status = 200, description = "The call", body = RequestDetails),
        (status = 404, description = "There is no such call of one's own, or it has not ended", body = ErrorReply),
    ),
)]
pub(super) async fn show_my_request(
    State(app): State<App>,
    actor: Actor,
    PathParts(id): PathParts<RequestId>,
) -> Result<Json<RequestDetails>, ApiError> {
    let request = app.store.load_user_request(actor.id(), id).await?;
    let attempts = app.store.list_attempts(id).await?;
    explain_request(&app, &request, &attempts).await.map(Json)
}
