//! Each person's own routes.

use axum::extract::State;
use waystation_api::permissions::Permission;
use waystation_api::users::Me;

use crate::auth::Actor;
use crate::error::ApiError;
use crate::http::body::Json;
use crate::state::App;
use crate::users::show;

/// Show who is asking
#[utoipa::path(
    get, path = "/me", tag = "me", operation_id = "show_me",
    responses((status = 200, description = "The person, the balance and the permissions", body = Me)),
)]
pub(super) async fn show_me(State(app): State<App>, actor: Actor) -> Result<Json<Me>, ApiError> {
    let user = show(&app, actor.user().clone()).await?;
    Ok(Json(Me { permissions: Permission::held_by(user.role), user }))
}
