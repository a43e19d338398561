//! Each person's own keys.

use axum::extract::State;
use axum::http::StatusCode;
use waystation_api::error::ErrorReply;
use waystation_api::keys::{Key, KeyCreate, KeyCreated, KeyRotate, KeyUpdate};
use waystation_api::pagination::{Page, PageQuery};
use waystation_ids::KeyId;

use crate::audit_trail::Doer;
use crate::auth::Actor;
use crate::error::ApiError;
use crate::http::body::{Json, Params, PathParts};
use crate::http::visitor::Visitor;
use crate::keys::wire::list_page;
use crate::keys::{create_key, revoke_key, rotate_key, update_key, wire_key};
use crate::state::App;

/// Make a key
///
/// The secret is in the answer, and cannot be had again.
#[utoipa::path(
    post, path = "/me/keys", tag = "me", operation_id = "create_my_key", request_body = KeyCreate,
    responses((status = 201, description = "The key with its secret", body = KeyCreated)),
)]
pub(super) async fn create_my_key(
    State(app): State<App>,
    actor: Actor,
    visitor: Visitor,
    Json(body): Json<KeyCreate>,
) -> Result<(StatusCode, Json<KeyCreated>), ApiError> {
    Ok((StatusCode::CREATED, Json(create_key(&app, Doer::Actor(&actor, &visitor), actor.id(), body).await?)))
}

/// List the caller's keys, the newest first
#[utoipa::path(
    get, path = "/me/keys", tag = "me", operation_id = "list_my_keys", params(PageQuery),
    responses((status = 200, description = "A page of keys", body = Page<Key>)),
)]
pub(super) async fn list_my_keys(
    State(app): State<App>,
    actor: Actor,
    Params(query): Params<PageQuery>,
) -> Result<Json<Page<Key>>, ApiError> {
    Ok(Json(list_page(&app, actor.id(), &query).await?))
}

/// Show a key
#[utoipa::path(
    get, path = "/me/keys/{key}", tag = "me", operation_id = "show_my_key",
    params(("key" = String, Path, description = "The key's id")),
    responses(
        (status = 200, description = "The key", body = Key),
        (status = 404, description = "The caller has no such key", body = ErrorReply),
    ),
)]
pub(super) async fn show_my_key(
    State(app): State<App>,
    actor: Actor,
    PathParts(key): PathParts<KeyId>,
) -> Result<Json<Key>, ApiError> {
    Ok(Json(wire_key(app.store.load_key(actor.id(), key).await?)))
}

/// Change a key
#[utoipa::path(
    patch, path = "/me/keys/{key}", tag = "me", operation_id = "update_my_key", request_body = KeyUpdate,
    params(("key" = String, Path, description = "The key's id")),
    responses(
        (status = 200, description = "The key as it is now", body = Key),
        (status = 404, description = "The caller has no such key", body = ErrorReply),
        (status = 409, description = "The key is revoked", body = ErrorReply),
    ),
)]
pub(super) async fn update_my_key(
    State(app): State<App>,
    actor: Actor,
    visitor: Visitor,
    PathParts(key): PathParts<KeyId>,
    Json(body): Json<KeyUpdate>,
) -> Result<Json<Key>, ApiError> {
    Ok(Json(wire_key(update_key(&app, Doer::Actor(&actor, &visitor), actor.id(), key, body).await?)))
}

/// Revoke a key
///
/// For good; the row stays for what the key was used for.
#[utoipa::path(
    delete, path = "/me/keys/{key}", tag = "me", operation_id = "revoke_my_key",
    params(("key" = String, Path, description = "The key's id")),
    responses(
        (status = 200, description = "The revoked key", body = Key),
        (status = 404, description = "The caller has no such key", body = ErrorReply),
    ),
)]
pub(super) async fn revoke_my_key(
    State(app): State<App>,
    actor: Actor,
    visitor: Visitor,
    PathParts(key): PathParts<KeyId>,
) -> Result<Json<Key>, ApiError> {
    Ok(Json(wire_key(revoke_key(&app, Doer::Actor(&actor, &visitor), actor.id(), key).await?)))
}

/// Give a key a new secret
///
/// A new key takes the place of the old one, with its name, limits and budgets.
#[utoipa::path(
    post, path = "/me/keys/{key}/rotate", tag = "me", operation_id = "rotate_my_key", request_body = KeyRotate,
    params(("key" = String, Path, description = "The key's id")),
    responses(
        (status = 201, description = "The new key with its secret", body = KeyCreated),
        (status = 404, description = "The caller has no such key", body = ErrorReply),
        (status = 409, description = "The key is revoked", body = ErrorReply),
    ),
)]
pub(super) async fn rotate_my_key(
    State(app): State<App>,
    actor: Actor,
    visitor: Visitor,
    PathParts(key): PathParts<KeyId>,
    Json(body): Json<KeyRotate>,
) -> Result<(StatusCode, Json<KeyCreated>), ApiError> {
    Ok((
        StatusCode::CREATED,
        Json(rotate_key(&app, Doer::Actor(&actor, &visitor), actor.id(), key, body).await?),
    ))
}
