//! The notices of this moment, for whom they are.

use axum::extract::State;
use waystation_api::notices::CurrentNotice;
use waystation_api::pagination::Page;
use waystation_ids::Role;
use waystation_store::Notice;

use crate::auth::Actor;
use crate::error::ApiError;
use crate::http::body::Json;
use crate::notices::wire_notice;
use crate::state::App;

/// Nobody reads more at once.
const SHOWN_MAX: u64 = 50;

/// List the notices of this moment
///
/// What matters most comes first, then the newest.
#[utoipa::path(
    get, path = "/me/notices", tag = "notices", operation_id = "list_my_notices",
    responses((status = 200, description = "The notices, on one page", body = Page<CurrentNotice>)),
)]
pub(super) async fn list_my_notices(
    State(app): State<App>,
    actor: Actor,
) -> Result<Json<Page<CurrentNotice>>, ApiError> {
    let notices = app.store.list_current_notices(actor.role() != Role::User, SHOWN_MAX).await?;
    let items = notices.into_iter().map(current_notice).collect();
    Ok(Json(Page { items, next_cursor: None }))
}

fn current_notice(notice: Notice) -> CurrentNotice {
    let notice = wire_notice(notice);
    CurrentNotice {
        id: notice.id,
        title: notice.title,
        text: notice.text,
        level: notice.level,
        starts_at: notice.starts_at,
        ends_at: notice.ends_at,
        updated_at: notice.updated_at,
    }
}
