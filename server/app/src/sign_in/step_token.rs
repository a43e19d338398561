//! Tokens of steps that are under way: 256 random bits, of which the database has the hash, and what is sealed under
//! them.

use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};
use waystation_ids::{SessionId, UserId};
use waystation_store::{NewPending, Pending, PendingKind};
use zeroize::Zeroizing;

use crate::error::ApiError;
use crate::random::random_bytes;
use crate::sealing::Purpose;
use crate::state::App;
use crate::webauthn::{read_base64, write_base64};

/// How long each step can be taken.
pub(super) const STEP_TIME: Duration = Duration::from_secs(5 * 60);

const TOKEN_LENGTH: usize = 32;

/// A step to remember.
pub(super) struct Step<'a, T> {
    /// What is under way.
    pub(super) kind: PendingKind,
    /// Whose it is, where that is known.
    pub(super) user: Option<UserId>,
    /// The session that it belongs to, where there is one.
    pub(super) session: Option<SessionId>,
    /// What the next step needs.
    pub(super) state: &'a T,
}

/// Remembers a step; gives its token.
pub(super) async fn begin_step<T: Serialize>(app: &App, step: Step<'_, T>) -> Result<String, ApiError> {
    let token: [u8; TOKEN_LENGTH] = random_bytes()?;
    let hash = hash_of(&token);
    let state = Zeroizing::new(serde_json::to_vec(step.state).map_err(ApiError::internal)?);
    let pending = NewPending {
        hash,
        kind: step.kind,
        user: step.user,
        session: step.session,
        browser_hash: None,
        state: app.sealing.seal(Purpose::PendingSignIn, &write_base64(&hash), &state)?,
        lasts_ms: i64::try_from(STEP_TIME.as_millis()).unwrap_or(i64::MAX),
    };
    app.store.create_pending(&pending).await?;
    Ok(write_base64(&token))
}

/// What a step is known by in the database. None: it cannot be a token.
pub(super) fn hash_token(token: &str) -> Option<[u8; 32]> {
    read_base64(token).filter(|bytes| bytes.len() == TOKEN_LENGTH).map(|bytes| hash_of(&bytes))
}

/// Opens what a step needs.
pub(super) fn open_state<T: DeserializeOwned>(
    app: &App,
    hash: &[u8; 32],
    pending: &Pending,
) -> Result<T, ApiError> {
    let state = app.sealing.open(Purpose::PendingSignIn, &write_base64(hash), &pending.state)?;
    serde_json::from_slice(&state).map_err(ApiError::internal)
}

fn hash_of(token: &[u8]) -> [u8; 32] {
    Sha256::digest(token).into()
}
