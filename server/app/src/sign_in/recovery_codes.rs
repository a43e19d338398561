//! New recovery codes, and how many are left.

use axum::extract::State;
use axum::http::StatusCode;
use waystation_api::error::{ErrorCode, ErrorReply};
use waystation_api::second_factors::{RecoveryCodes, RecoveryCodesLeft};
use waystation_store::ChangeKind;

use crate::audit_trail::Deed;
use crate::auth::Actor;
use crate::error::ApiError;
use crate::http::body::Json;
use crate::http::visitor::Visitor;
use crate::sign_in::proof::FreshProof;
use crate::sign_in::recovery_code::NewCodes;
use crate::state::App;

/// Make new recovery codes
///
/// They take the place of those there were. All other sessions end.
#[utoipa::path(
    post, path = "/me/recovery-codes", tag = "me", operation_id = "create_recovery_codes",
    responses(
        (status = 201, description = "The codes, this once", body = RecoveryCodes),
        (status = 403, description = "A fresh proof is needed", body = ErrorReply),
        (status = 409, description = "There is no second factor that they could stand in for", body = ErrorReply),
    ),
)]
pub(super) async fn create_recovery_codes(
    State(app): State<App>,
    actor: Actor,
    visitor: Visitor,
    _: FreshProof,
) -> Result<(StatusCode, Json<RecoveryCodes>), ApiError> {
    let codes = NewCodes::new()?;
    let id = actor.id().to_string();
    let entry = Deed { action: "recovery_codes.create", target: Some(("user", &id)) }.by(&actor, &visitor);
    let are_made =
        app.store.replace_recovery_codes(actor.id(), &codes.hashes, actor.session(), &entry).await?;
    if !are_made {
        let message = "Recovery codes stand in for a second factor: set one up first.";
        return Err(ApiError::new(ErrorCode::Conflict, message));
    }
    app.changes.announce(ChangeKind::User, actor.id()).await;
    Ok((StatusCode::CREATED, Json(RecoveryCodes { codes: codes.texts })))
}

/// Show how many recovery codes are left
#[utoipa::path(
    get, path = "/me/recovery-codes", tag = "me", operation_id = "count_recovery_codes",
    responses((status = 200, description = "How many there are", body = RecoveryCodesLeft)),
)]
pub(super) async fn count_recovery_codes(
    State(app): State<App>,
    actor: Actor,
) -> Result<Json<RecoveryCodesLeft>, ApiError> {
    let (left, total) = app.store.count_recovery_codes(actor.id()).await?;
    Ok(Json(RecoveryCodesLeft { left, total }))
}
