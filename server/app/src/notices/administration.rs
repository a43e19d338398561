//! The administration's routes for notices.

use axum::extract::State;
use axum::http::StatusCode;
use waystation_api::error::ErrorReply;
use waystation_api::notices::{Notice, NoticeCreate, NoticeUpdate};
use waystation_api::pagination::{Page, PageQuery};
use waystation_ids::NoticeId;

use crate::audit_trail::Doer;
use crate::auth::Actor;
use crate::clock::now_ms;
use crate::error::ApiError;
use crate::http::body::{Json, Params, PathParts};
use crate::http::cursor::read_cursor;
use crate::http::visitor::Visitor;
use crate::notices::{shown_notice, stored_content, wire_notice};
use crate::random::random_bytes;
use crate::state::App;

/// Make a notice
///
/// Its text is kept and given out as it is: show it as text.
#[utoipa::path(
    post, path = "/admin/notices", tag = "notices", operation_id = "create_notice", request_body = NoticeCreate,
    responses((status = 201, description = "The notice", body = Notice)),
)]
pub(super) async fn create_notice(
    State(app): State<App>,
    actor: Actor,
    visitor: Visitor,
    Json(body): Json<NoticeCreate>,
) -> Result<(StatusCode, Json<Notice>), ApiError> {
    let content = stored_content(body)?;
    let id = NoticeId::new(now_ms(), random_bytes()?);
    let doer = Doer::Actor(&actor, &visitor);
    let audit = doer.does("notice.create", "notice", &id.to_string()).showing(shown_notice);
    let notice = app.store.create_notice(id, content, &audit).await?;
    Ok((StatusCode::CREATED, Json(wire_notice(notice))))
}

/// List notices, the newest first
///
/// Those that are over and those to come among them.
#[utoipa::path(
    get, path = "/admin/notices", tag = "notices", operation_id = "list_notices", params(PageQuery),
    responses((status = 200, description = "A page of notices", body = Page<Notice>)),
)]
pub(super) async fn list_notices(
    State(app): State<App>,
    Params(query): Params<PageQuery>,
) -> Result<Json<Page<Notice>>, ApiError> {
    let limit = query.limit();
    let notices = app.store.list_notices(read_cursor(query.cursor.as_deref())?, limit + 1).await?;
    let notices = notices.into_iter().map(wire_notice).collect();
    Ok(Json(Page::from_found(notices, limit, |notice: &Notice| notice.id.to_string())))
}

/// Show a notice
#[utoipa::path(
    get, path = "/admin/notices/{id}", tag = "notices", operation_id = "show_notice",
    params(("id" = String, Path, description = "The notice's id")),
    responses(
        (status = 200, description = "The notice", body = Notice),
        (status = 404, description = "There is no such notice", body = ErrorReply),
    ),
)]
pub(super) async fn show_notice(
    State(app): State<App>,
    PathParts(id): PathParts<NoticeId>,
) -> Result<Json<Notice>, ApiError> {
    Ok(Json(wire_notice(app.store.load_notice(id).await?)))
}

/// Change a notice
#[utoipa::path(
    patch, path = "/admin/notices/{id}", tag = "notices", operation_id = "update_notice",
    request_body = NoticeUpdate, params(("id" = String, Path, description = "The notice's id")),
    responses(
        (status = 200, description = "The notice as it is now", body = Notice),
        (status = 404, description = "There is no such notice", body = ErrorReply),
    ),
)]
pub(super) async fn update_notice(
    State(app): State<App>,
    actor: Actor,
    visitor: Visitor,
    PathParts(id): PathParts<NoticeId>,
    Json(body): Json<NoticeUpdate>,
) -> Result<Json<Notice>, ApiError> {
    let before = wire_notice(app.store.load_notice(id).await?);
    let content = stored_content(body.applied_to(before))?;
    let doer = Doer::Actor(&actor, &visitor);
    let audit = doer.does("notice.update", "notice", &id.to_string()).showing(shown_notice);
    Ok(Json(wire_notice(app.store.update_notice(id, content, &audit).await?)))
}

/// Delete a notice
#[utoipa::path(
    delete, path = "/admin/notices/{id}", tag = "notices", operation_id = "delete_notice",
    params(("id" = String, Path, description = "The notice's id")),
    responses(
        (status = 204, description = "It is deleted"),
        (status = 404, description = "There is no such notice", body = ErrorReply),
    ),
)]
pub(super) async fn delete_notice(
    State(app): State<App>,
    actor: Actor,
    visitor: Visitor,
    PathParts(id): PathParts<NoticeId>,
) -> Result<StatusCode, ApiError> {
    let doer = Doer::Actor(&actor, &visitor);
    let audit = doer.does("notice.delete", "notice", &id.to_string()).showing(shown_notice);
    app.store.delete_notice(id, &audit).await?;
    Ok(StatusCode::NO_CONTENT)
}
