//! Users' keys to the relay: making and changing them, and telling whose key a call carries.

mod administration;
mod cache;
mod own;
mod shared;
#[cfg(test)]
mod tests;
mod wire;

use utoipa_axum::routes;
use waystation_api::error::{ErrorCode, FieldCode};
use waystation_api::keys::{KeyCreate, KeyCreated, KeyRotate, KeyUpdate};
use waystation_api::permissions::Permission;
use waystation_ids::{KeyId, UserId};
use waystation_store::{ChangeKeyError, ChangeKind, Key, KeyRotation, NewKey};

use crate::audit_trail::{Doer, state_of};
use crate::auth::{Access, GuardedRoutes};
use crate::clock::now_ms;
use crate::error::ApiError;
use crate::random::random_bytes;
use crate::state::App;
pub(crate) use cache::KeyDirectory;
pub(crate) use shared::SharedKeys;
#[cfg(test)]
pub(crate) use tests::redis_url;
pub(crate) use wire::wire_key;

const GRACE_SECONDS_MAX: u32 = 30 * 24 * 60 * 60;

/// The slice's routes below `/api`.
pub(crate) fn routes() -> GuardedRoutes {
    let reading = Access::Holding(Permission::KeysRead);
    let writing = Access::Holding(Permission::KeysWrite);
    GuardedRoutes::new()
        .route(writing, routes!(administration::create_user_key))
        .route(reading, routes!(administration::list_user_keys))
        .route(reading, routes!(administration::show_user_key))
        .route(writing, routes!(administration::update_user_key))
        .route(writing, routes!(administration::revoke_user_key))
        .route(writing, routes!(administration::rotate_user_key))
        .route(Access::SignedIn, routes!(own::create_my_key))
        .route(Access::SignedIn, routes!(own::list_my_keys))
        .route(Access::SignedIn, routes!(own::show_my_key))
        .route(Access::SignedIn, routes!(own::update_my_key))
        .route(Access::SignedIn, routes!(own::revoke_my_key))
        .route(Access::SignedIn, routes!(own::rotate_my_key))
}

/// Makes a key for a user.
pub(crate) async fn create_key(
    app: &App,
    doer: Doer<'_>,
    user: UserId,
    body: KeyCreate,
) -> Result<KeyCreated, ApiError> {
    let (limits, budgets) = wire::read_limits(&body)?;
    let secret = app.new_key_secret()?;
    let new = NewKey {
        id: KeyId::new(now_ms(), random_bytes()?),
        user,
        name: body.name.into(),
        hash: secret.hash(),
        preview: secret.preview(),
        limits,
        budgets,
    };
    let audit = doer.does("key.create", "key", &new.id.to_string()).showing(shown_key);
    let key = app.store.create_key(&new, &audit).await?;
    announce(app, &key).await;
    Ok(KeyCreated { key: wire_key(key), secret: secret.reveal().to_owned() })
}

/// Changes one of a user's keys.
async fn update_key(
    app: &App,
    doer: Doer<'_>,
    user: UserId,
    id: KeyId,
    body: KeyUpdate,
) -> Result<Key, ApiError> {
    let audit = doer.does("key.update", "key", &id.to_string()).showing(shown_key);
    let key = app.store.update_key(user, id, &wire::read_update(body)?, &audit).await?;
    announce(app, &key).await;
    Ok(key)
}

/// Revokes one of a user's keys for good.
async fn revoke_key(app: &App, doer: Doer<'_>, user: UserId, id: KeyId) -> Result<Key, ApiError> {
    let audit = doer.does("key.revoke", "key", &id.to_string()).showing(shown_key);
    let key = app.store.revoke_key(user, id, &audit).await?;
    announce(app, &key).await;
    Ok(key)
}

/// Gives one of a user's keys a new secret.
async fn rotate_key(
    app: &App,
    doer: Doer<'_>,
    user: UserId,
    id: KeyId,
    body: KeyRotate,
) -> Result<KeyCreated, ApiError> {
    if body.grace_seconds > GRACE_SECONDS_MAX {
        return Err(ApiError::field(
            "grace_seconds",
            FieldCode::OutOfRange,
            "must be at most 2592000, which is 30 days",
        ));
    }
    let secret = app.new_key_secret()?;
    let rotation = KeyRotation {
        id: KeyId::new(now_ms(), random_bytes()?),
        hash: secret.hash(),
        preview: secret.preview(),
        grace_ms: i64::from(body.grace_seconds) * 1_000,
    };
    let audit = doer.does("key.rotate", "key", &id.to_string()).showing(shown_key);
    let (old, new) = app.store.rotate_key(user, id, &rotation, &audit).await?;
    announce(app, &old).await;
    announce(app, &new).await;
    Ok(KeyCreated { key: wire_key(new), secret: secret.reveal().to_owned() })
}

/// A key as the audit log shows it: with whose it is.
pub(crate) fn shown_key(key: &Key) -> Option<String> {
    #[derive(serde::Serialize)]
    struct Shown {
        user_id: UserId,
        #[serde(flatten)]
        key: waystation_api::keys::Key,
    }
    state_of(&Shown { user_id: key.user, key: wire_key(key.clone()) })
}

/// What was committed is known here at once, and to the others soon.
async fn announce(app: &App, key: &Key) {
    app.changes.announce(ChangeKind::Key, key.id).await;
    app.keys.forget_shared(key).await;
}

impl From<ChangeKeyError> for ApiError {
    fn from(error: ChangeKeyError) -> Self {
        match error {
            ChangeKeyError::Revoked => {
                ApiError::new(ErrorCode::Conflict, "The key is revoked, and stays as it is.")
            }
            ChangeKeyError::Store(error) => error.into(),
        }
    }
}
