//! Each person's own routes.

use axum::extract::State;
use waystation_api::error::ErrorReply;
use waystation_api::permissions::Permission;
use waystation_api::users::{Me, MeUpdate};
use waystation_store::{ChangeKind, OwnUpdate, User};

use crate::audit_trail::Doer;
use crate::auth::Actor;
use crate::error::ApiError;
use crate::http::body::Json;
use crate::http::visitor::Visitor;
use crate::state::App;
use crate::users::{show, shown_user};

/// Show who is asking
#[utoipa::path(
    get, path = "/me", tag = "me", operation_id = "show_me",
    responses((status = 200, description = "The person, the balance and the permissions", body = Me)),
)]
pub(super) async fn show_me(State(app): State<App>, actor: Actor) -> Result<Json<Me>, ApiError> {
    let user = actor.user().clone();
    Ok(Json(show_oneself(&app, &actor, user).await?))
}

/// Change what one is called
///
/// Names and language. Who one is and what one may do is for the administration to change.
#[utoipa::path(
    patch, path = "/me", tag = "me", operation_id = "update_me", request_body = MeUpdate,
    responses(
        (status = 200, description = "The person as it is now", body = Me),
        (status = 409, description = "The username is taken", body = ErrorReply),
    ),
)]
pub(super) async fn update_me(
    State(app): State<App>,
    actor: Actor,
    visitor: Visitor,
    Json(body): Json<MeUpdate>,
) -> Result<Json<Me>, ApiError> {
    let update = OwnUpdate {
        display_name: body.display_name.map(String::from),
        username: body.username,
        locale: body.locale.map(|locale| locale.map(|locale| locale.tag().to_owned())),
    };
    let doer = Doer::Actor(&actor, &visitor);
    let audit = doer.does("user.update", "user", &actor.id().to_string()).showing(shown_user);
    let user = app.store.update_own_user(actor.id(), &update, &audit).await?;
    app.changes.announce(ChangeKind::User, actor.id()).await;
    Ok(Json(show_oneself(&app, &actor, user).await?))
}

async fn show_oneself(app: &App, actor: &Actor, user: User) -> Result<Me, ApiError> {
    let is_first_key_due = actor.has_signed_in() && !app.store.has_had_keys(actor.id()).await?;
    let user = show(app, user).await?;
    Ok(Me {
        permissions: Permission::held_by(user.role),
        user,
        must_set_up_second_factor: actor.must_set_up_second_factor(),
        is_first_key_due,
    })
}
