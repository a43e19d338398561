//! The administration's routes for calls.

use axum::extract::State;
use waystation_api::error::ErrorReply;
use waystation_api::pagination::{Page, page_limit};
use waystation_api::requests::{OwnRequestQuery, Request, RequestDetails, RequestQuery};
use waystation_ids::{RequestId, UserId};

use crate::error::ApiError;
use crate::http::body::{Json, Params, PathParts};
use crate::http::cursor::read_cursor;
use crate::requests::details::explain_request;
use crate::requests::own::of_user;
use crate::requests::read_filter;
use crate::requests::wire::{Labels, wire_attempt, wire_request};
use crate::state::App;

/// List calls, the newest first
#[utoipa::path(
    get, path = "/admin/requests", tag = "requests", operation_id = "list_requests", params(RequestQuery),
    responses((status = 200, description = "A page of calls", body = Page<Request>)),
)]
pub(super) async fn list_requests(
    State(app): State<App>,
    Params(query): Params<RequestQuery>,
) -> Result<Json<Page<Request>>, ApiError> {
    let limit = page_limit(query.limit);
    let before = read_cursor(query.cursor.as_deref())?;
    let mut filter = read_filter(&app, query)?;
    if let (None, Some(key)) = (filter.user, filter.key) {
        // The calls of one person are found without a look at those of others.
        filter.user = app.store.list_key_labels([key].into()).await?.get(&key).map(|label| label.user);
    }
    let requests = app.store.list_requests(&filter, before, limit + 1).await?;
    let labels = Labels::load(&app, &requests, &[]).await?;
    let requests = requests.iter().map(|ended| wire_request(ended, &labels)).collect();
    Ok(Json(Page::from_found(requests, limit, |request: &Request| request.id.to_string())))
}

/// List a user's calls, the newest first
#[utoipa::path(
    get, path = "/admin/users/{id}/requests", tag = "requests", operation_id = "list_user_requests",
    params(("id" = String, Path, description = "The user's id"), OwnRequestQuery),
    responses(
        (status = 200, description = "A page of calls", body = Page<Request>),
        (status = 404, description = "There is no such user", body = ErrorReply),
    ),
)]
pub(super) async fn list_user_requests(
    state: State<App>,
    PathParts(user): PathParts<UserId>,
    Params(query): Params<OwnRequestQuery>,
) -> Result<Json<Page<Request>>, ApiError> {
    state.store.load_user(user).await?;
    let (limit, cursor) = (query.limit, query.cursor.clone());
    let query = RequestQuery { limit, cursor, ..of_user(query, user) };
    list_requests(state, Params(query)).await
}

/// Show a call, what it cost and why, what paid for it and how it was tried
#[utoipa::path(
    get, path = "/admin/requests/{id}", tag = "requests", operation_id = "show_request",
    params(("id" = String, Path, description = "The call's id")),
    responses(
        (status = 200, description = "The call", body = RequestDetails),
        (status = 404, description = "There is no such call, or it has not ended", body = ErrorReply),
    ),
)]
pub(super) async fn show_request(
    State(app): State<App>,
    PathParts(id): PathParts<RequestId>,
) -> Result<Json<RequestDetails>, ApiError> {
    let request = app.store.load_request(id).await?;
    let attempts = app.store.list_attempts(id).await?;
    let labels = Labels::load(&app, std::slice::from_ref(&request), &attempts).await?;
    let explained = explain_request(&app, &request, &attempts).await?;
    let attempts = attempts.into_iter().map(|attempt| wire_attempt(id, attempt, &labels));
    Ok(Json(RequestDetails {
        request: wire_request(&request, &labels),
        attempts: Some(attempts.collect()),
        ..explained
    }))
}
