//! The key that everybody gets once: with the answer to the first sign-in, or, where that answer is an address that a
//! browser is led to, by a call of its own.

use axum::extract::State;
use axum::http::StatusCode;
use waystation_api::error::{ErrorCode, ErrorReply};
use waystation_api::keys::KeyCreated;
use waystation_ids::{KeyId, KeySecret, UserId};
use waystation_store::{ChangeKind, Key, KeyLimits, NewKey};

use crate::audit_trail::Deed;
use crate::auth::Actor;
use crate::clock::now_ms;
use crate::error::ApiError;
use crate::http::body::Json;
use crate::http::visitor::Visitor;
use crate::keys::wire_key;
use crate::random::random_bytes;
use crate::state::App;

/// What the key is called.
const NAME: &str = "Default";

/// A first key before it is known whether the person gets it. No Debug: it holds the secret.
pub(super) struct FirstKey {
    /// What is stored.
    pub(super) new: NewKey,
    secret: KeySecret,
}

impl FirstKey {
    /// Draws one.
    pub(super) fn draw(app: &App, user: UserId) -> Result<Self, ApiError> {
        let secret = app.new_key_secret()?;
        let new = NewKey {
            id: KeyId::new(now_ms(), random_bytes()?),
            user,
            name: NAME.to_owned(),
            hash: secret.hash(),
            preview: secret.preview(),
            limits: KeyLimits::default(),
            budgets: Vec::new(),
        };
        Ok(FirstKey { new, secret })
    }

    /// What its owner is shown of the key that was made of it.
    pub(super) fn show(&self, made: Key) -> KeyCreated {
        KeyCreated { key: wire_key(made), secret: self.secret.reveal().to_owned() }
    }
}

/// Make the caller's first key
///
/// For whoever signed in by an identity provider, where no answer could carry it. Once: whoever has a key, or had one,
/// makes further ones as ever.
#[utoipa::path(
    post, path = "/me/first-key", tag = "me", operation_id = "create_my_first_key",
    responses(
        (status = 201, description = "The key with its secret, this once", body = KeyCreated),
        (status = 409, description = "The caller has a key, or had one", body = ErrorReply),
    ),
)]
pub(super) async fn create_my_first_key(
    State(app): State<App>,
    actor: Actor,
    visitor: Visitor,
) -> Result<(StatusCode, Json<KeyCreated>), ApiError> {
    let first = FirstKey::draw(&app, actor.id())?;
    let id = first.new.id.to_string();
    let entry = Deed { action: "key.create", target: Some(("key", &id)) }.by(&actor, &visitor);
    let made = app.store.create_first_key(&first.new, &entry).await?;
    let made = made.ok_or_else(|| {
        ApiError::new(ErrorCode::AlreadyExists, "Your first key was made already. Make another one.")
    })?;
    app.changes.announce(ChangeKind::Key, made.id).await;
    Ok((StatusCode::CREATED, Json(first.show(made))))
}
