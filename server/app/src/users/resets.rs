//! The administration's routes for people who can no longer sign in.

use axum::extract::State;
use axum::http::StatusCode;
use waystation_api::error::ErrorReply;
use waystation_api::users::PasswordWithdrawn;
use waystation_ids::UserId;
use waystation_store::ChangeKind;

use crate::audit_trail::Doer;
use crate::auth::Actor;
use crate::error::ApiError;
use crate::http::body::{Json, PathParts};
use crate::http::visitor::Visitor;
use crate::mail::MailKind;
use crate::sign_in::{FreshProof, mail_site_deed};
use crate::state::App;
use crate::users::password_link::{draw_link, hand_over_link};

/// Take away a person's password
///
/// It ends every session of the person, who sets a new password by a link. A second factor stays and is asked for.
#[utoipa::path(
    post, path = "/admin/users/{id}/reset-password", tag = "users", operation_id = "reset_user_password",
    params(("id" = String, Path, description = "The user's id")),
    responses(
        (status = 200, description = "The link, where the person could not be mailed it", body = PasswordWithdrawn),
        (status = 403, description = "The person's role is not below the caller's", body = ErrorReply),
        (status = 404, description = "There is no such user", body = ErrorReply),
    ),
)]
pub(super) async fn reset_user_password(
    State(app): State<App>,
    actor: Actor,
    visitor: Visitor,
    _proof: FreshProof,
    PathParts(id): PathParts<UserId>,
) -> Result<Json<PasswordWithdrawn>, ApiError> {
    let user = app.store.load_user(id).await?;
    actor.check_may_act_on(&user)?;
    let drawn = draw_link(&app)?;
    let audit = Doer::Actor(&actor, &visitor).does("user.reset_password", "user", &id.to_string());
    let user = app.store.withdraw_password(id, user.role, &drawn.stored, &audit).await?;
    app.changes.announce(ChangeKind::User, id).await;
    let password_link = hand_over_link(&app, &user, drawn);
    Ok(Json(PasswordWithdrawn { is_mailed: password_link.is_none(), password_link }))
}

/// Take away a person's second factors
///
/// Authenticator app, recovery codes and passkeys. It ends every session of the person, who is mailed that it was done.
#[utoipa::path(
    post, path = "/admin/users/{id}/reset-second-factor", tag = "users", operation_id = "reset_user_second_factor",
    params(("id" = String, Path, description = "The user's id")),
    responses(
        (status = 204, description = "There are none any more"),
        (status = 403, description = "The person's role is not below the caller's", body = ErrorReply),
        (status = 404, description = "There is no such user", body = ErrorReply),
    ),
)]
pub(super) async fn reset_user_second_factor(
    State(app): State<App>,
    actor: Actor,
    visitor: Visitor,
    _proof: FreshProof,
    PathParts(id): PathParts<UserId>,
) -> Result<StatusCode, ApiError> {
    let user = app.store.load_user(id).await?;
    actor.check_may_act_on(&user)?;
    let audit = Doer::Actor(&actor, &visitor).does("user.reset_second_factor", "user", &id.to_string());
    let user = app.store.reset_second_factor(id, user.role, &audit).await?;
    app.changes.announce(ChangeKind::User, id).await;
    mail_site_deed(&app, &user, |deed| MailKind::SecondFactorChanged { deed });
    Ok(StatusCode::NO_CONTENT)
}
