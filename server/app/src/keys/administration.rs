//! The administration's routes: the keys of others.

use axum::extract::State;
use axum::http::StatusCode;
use waystation_api::error::ErrorReply;
use waystation_api::keys::{Key, KeyCreate, KeyCreated, KeyRotate, KeyUpdate};
use waystation_api::pagination::{Page, PageQuery};
use waystation_ids::{KeyId, UserId};

use crate::audit_trail::Doer;
use crate::auth::Actor;
use crate::error::ApiError;
use crate::http::body::{Json, Params, PathParts};
use crate::http::visitor::Visitor;
use crate::keys::wire::list_page;
use crate::keys::{create_key, revoke_key, rotate_key, update_key, wire_key};
use crate::sign_in::FreshProof;
use crate::state::App;

/// Make a key for a user
///
/// The secret is in the answer, and cannot be had again. Needs a fresh proof.
#[utoipa::path(
    post, path = "/admin/users/{id}/keys", tag = "keys", operation_id = "create_user_key", request_body = KeyCreate,
    params(("id" = String, Path, description = "The user's id")),
    responses(
        (status = 201, description = "The key with its secret", body = KeyCreated),
        (status = 403, description = "The user's role is not below the caller's, or a fresh proof is needed", body = ErrorReply),
        (status = 404, description = "There is no such user", body = ErrorReply),
    ),
)]
pub(super) async fn create_user_key(
    State(app): State<App>,
    actor: Actor,
    visitor: Visitor,
    _: FreshProof,
    PathParts(user): PathParts<UserId>,
    Json(body): Json<KeyCreate>,
) -> Result<(StatusCode, Json<KeyCreated>), ApiError> {
    actor.check_may_act_on(&app.store.load_user(user).await?)?;
    Ok((StatusCode::CREATED, Json(create_key(&app, Doer::Actor(&actor, &visitor), user, body).await?)))
}

/// List a user's keys, the newest first
#[utoipa::path(
    get, path = "/admin/users/{id}/keys", tag = "keys", operation_id = "list_user_keys",
    params(("id" = String, Path, description = "The user's id"), PageQuery),
    responses(
        (status = 200, description = "A page of keys", body = Page<Key>),
        (status = 404, description = "There is no such user", body = ErrorReply),
    ),
)]
pub(super) async fn list_user_keys(
    State(app): State<App>,
    PathParts(user): PathParts<UserId>,
    Params(query): Params<PageQuery>,
) -> Result<Json<Page<Key>>, ApiError> {
    let user = app.store.load_user(user).await?;
    Ok(Json(list_page(&app, user.id, &query).await?))
}

/// Show a user's key
#[utoipa::path(
    get, path = "/admin/users/{id}/keys/{key}", tag = "keys", operation_id = "show_user_key",
    params(
        ("id" = String, Path, description = "The user's id"), ("key" = String, Path, description = "The key's id"),
    ),
    responses(
        (status = 200, description = "The key", body = Key),
        (status = 404, description = "The user has no such key", body = ErrorReply),
    ),
)]
pub(super) async fn show_user_key(
    State(app): State<App>,
    PathParts((user, key)): PathParts<(UserId, KeyId)>,
) -> Result<Json<Key>, ApiError> {
    Ok(Json(wire_key(app.store.load_key(user, key).await?)))
}

/// Change a user's key
#[utoipa::path(
    patch, path = "/admin/users/{id}/keys/{key}", tag = "keys", operation_id = "update_user_key",
    request_body = KeyUpdate,
    params(
        ("id" = String, Path, description = "The user's id"), ("key" = String, Path, description = "The key's id"),
    ),
    responses(
        (status = 200, description = "The key as it is now", body = Key),
        (status = 403, description = "The user's role is not below the caller's", body = ErrorReply),
        (status = 404, description = "The user has no such key", body = ErrorReply),
        (status = 409, description = "The key is revoked", body = ErrorReply),
    ),
)]
pub(super) async fn update_user_key(
    State(app): State<App>,
    actor: Actor,
    visitor: Visitor,
    PathParts((user, key)): PathParts<(UserId, KeyId)>,
    Json(body): Json<KeyUpdate>,
) -> Result<Json<Key>, ApiError> {
    actor.check_may_act_on(&app.store.load_user(user).await?)?;
    Ok(Json(wire_key(update_key(&app, Doer::Actor(&actor, &visitor), user, key, body).await?)))
}

/// Revoke a user's key
///
/// For good; the row stays for what the key was used for.
#[utoipa::path(
    delete, path = "/admin/users/{id}/keys/{key}", tag = "keys", operation_id = "revoke_user_key",
    params(
        ("id" = String, Path, description = "The user's id"), ("key" = String, Path, description = "The key's id"),
    ),
    responses(
        (status = 200, description = "The revoked key", body = Key),
        (status = 403, description = "The user's role is not below the caller's", body = ErrorReply),
        (status = 404, description = "The user has no such key", body = ErrorReply),
    ),
)]
pub(super) async fn revoke_user_key(
    State(app): State<App>,
    actor: Actor,
    visitor: Visitor,
    PathParts((user, key)): PathParts<(UserId, KeyId)>,
) -> Result<Json<Key>, ApiError> {
    actor.check_may_act_on(&app.store.load_user(user).await?)?;
    Ok(Json(wire_key(revoke_key(&app, Doer::Actor(&actor, &visitor), user, key).await?)))
}

/// Give a user's key a new secret
///
/// A new key takes the place of the old one, with its name, limits and budgets. Needs a fresh proof.
#[utoipa::path(
    post, path = "/admin/users/{id}/keys/{key}/rotate", tag = "keys", operation_id = "rotate_user_key",
    request_body = KeyRotate,
    params(
        ("id" = String, Path, description = "The user's id"), ("key" = String, Path, description = "The key's id"),
    ),
    responses(
        (status = 201, description = "The new key with its secret", body = KeyCreated),
        (status = 403, description = "The user's role is not below the caller's, or a fresh proof is needed", body = ErrorReply),
        (status = 404, description = "The user has no such key", body = ErrorReply),
        (status = 409, description = "The key is revoked", body = ErrorReply),
    ),
)]
pub(super) async fn rotate_user_key(
    State(app): State<App>,
    actor: Actor,
    visitor: Visitor,
    _: FreshProof,
    PathParts((user, key)): PathParts<(UserId, KeyId)>,
    Json(body): Json<KeyRotate>,
) -> Result<(StatusCode, Json<KeyCreated>), ApiError> {
    actor.check_may_act_on(&app.store.load_user(user).await?)?;
    Ok((StatusCode::CREATED, Json(rotate_key(&app, Doer::Actor(&actor, &visitor), user, key, body).await?)))
}
