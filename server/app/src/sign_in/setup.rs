//! Making the first owner, by whoever can read the server's data folder.

use axum::extract::State;
use axum::response::Response;
use tracing::{info, warn};
use waystation_api::error::{ErrorCode, ErrorReply};
use waystation_api::setup::{SetupCreate, SetupState};
use waystation_api::sign_in::SignInReply;
use waystation_ids::{AccountId, Role, UserId};
use waystation_store::{ChangeKind, NewUser, User};

use crate::audit_trail::Deed;
use crate::clock::now_ms;
use crate::error::ApiError;
use crate::http::body::Json;
use crate::http::visitor::Visitor;
use crate::passwords::check_password_field;
use crate::random::random_bytes;
use crate::setup_token::remove_setup_token;
use crate::sign_in::completion::{ProvedBy, complete_sign_in, failed_sign_in};
use crate::state::App;

/// Show whether the site has an owner
#[utoipa::path(
    get, path = "/setup", tag = "sign-in", operation_id = "show_setup",
    responses((status = 200, description = "Whether an owner is still to be made", body = SetupState)),
)]
pub(super) async fn show_setup(State(app): State<App>) -> Result<Json<SetupState>, ApiError> {
    Ok(Json(SetupState { required: !app.has_owner().await? }))
}

/// Make the first owner
///
/// Once, with the token that lies in the server's data folder. The owner is signed in then.
#[utoipa::path(
    post, path = "/setup", tag = "sign-in", operation_id = "complete_setup", request_body = SetupCreate,
    responses(
        (status = 200, description = "The owner is signed in", body = SignInReply),
        (status = 401, description = "It is not the setup token, or it is too old", body = ErrorReply),
        (status = 409, description = "The site has an owner", body = ErrorReply),
        (status = 429, description = "Too many wrong tokens within a minute", body = ErrorReply),
    ),
)]
pub(super) async fn complete_setup(
    State(app): State<App>,
    visitor: Visitor,
    Json(body): Json<SetupCreate>,
) -> Result<Response, ApiError> {
    let reception = body.reception;
    if app.has_owner().await? {
        return Err(is_set_up());
    }
    if let Err(refused) = app.check_setup_token(&body.token).await {
        // Those that are told to wait are not looked at: the log does not grow by them.
        if refused.code() == ErrorCode::InvalidCredentials {
            let entry = failed_sign_in(None, ProvedBy::SetupToken, &visitor);
            app.store.append_audit_entry(&entry).await?;
        }
        return Err(refused);
    }
    let owner = enter_owner(&app, &visitor, body).await?;
    complete_sign_in(&app, &visitor, owner, ProvedBy::SetupToken, reception).await
}

async fn enter_owner(app: &App, visitor: &Visitor, body: SetupCreate) -> Result<User, ApiError> {
    check_password_field("password", &body.password, Some(&body.email))?;
    let _turn = app.setup.turn.lock().await;
    // Whoever had the turn before may have made the owner.
    if app.has_owner().await? {
        return Err(is_set_up());
    }
    let password_hash = app.passwords.hash(&body.password).await?;
    let owner = NewUser {
        id: UserId::new(now_ms(), random_bytes()?),
        cash_account: AccountId::new(now_ms(), random_bytes()?),
        display_name: body.display_name.map_or_else(|| body.email.local_part().to_owned(), String::from),
        email: body.email,
        username: body.username,
        role: Role::Owner,
        password_hash: Some(password_hash),
        is_demo: false,
        identity: None,
    };
    let entry = Deed { action: "site.setup", target: Some(("user", &owner.id.to_string())) }
        .by_stranger(Some(owner.id), visitor);
    let owner = app.store.create_first_owner(&owner, &entry).await?.ok_or_else(is_set_up)?;
    app.changes.announce(ChangeKind::User, owner.id).await;
    if let Err(error) = remove_setup_token(&app.config.data_dir) {
        // It opens nothing any more.
        warn!(%error, "the used setup token could not be removed from the data folder");
    }
    info!(owner = %owner.id, "the site has an owner");
    Ok(owner)
}

fn is_set_up() -> ApiError {
    ApiError::new(ErrorCode::Conflict, "The site has an owner: there is nothing to set up.")
}
