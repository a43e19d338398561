//! Steps that are under way, each known by a token of which the database has the hash, and what is sealed under it.

use std::time::Duration;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use waystation_ids::{SessionId, UserId};
use waystation_store::{NewPending, Pending, PendingKind};
use zeroize::Zeroizing;

use crate::base64_text::{read_base64, write_base64};
use crate::drawn_secret::DrawnSecret;
use crate::error::ApiError;
use crate::sealing::Purpose;
use crate::state::App;

/// How long each step can be taken.
pub(super) const STEP_TIME: Duration = Duration::from_secs(5 * 60);
/// How long a person may take at an identity provider.
pub(super) const OAUTH_STEP_TIME: Duration = Duration::from_secs(10 * 60);

/// A step to remember.
pub(super) struct Step<'a, T> {
    /// What is under way.
    pub(super) kind: PendingKind,
    /// Whose it is, where that is known.
    pub(super) user: Option<UserId>,
    /// The session that it belongs to, where there is one.
    pub(super) session: Option<SessionId>,
    /// What only the browser that began it has, where it is bound to one.
    pub(super) browser: Option<&'a DrawnSecret>,
    /// What the next step needs.
    pub(super) state: &'a T,
}

/// Remembers a step; gives its token.
pub(super) async fn begin_step<T: Serialize>(app: &App, step: Step<'_, T>) -> Result<DrawnSecret, ApiError> {
    let token = DrawnSecret::draw()?;
    let hash = token.hash();
    let state = Zeroizing::new(serde_json::to_vec(step.state).map_err(ApiError::internal)?);
    let pending = NewPending {
        hash,
        kind: step.kind,
        user: step.user,
        session: step.session,
        browser_hash: step.browser.map(DrawnSecret::hash),
        state: app.sealing.seal(Purpose::PendingSignIn, &write_base64(&hash), &state)?,
        lasts_ms: match step.kind {
            PendingKind::Oauth => milliseconds(OAUTH_STEP_TIME),
            _ => step_time_ms(),
        },
    };
    app.store.create_pending(&pending).await?;
    Ok(token)
}

/// A token that says all of a step that anybody may begin: nothing is written until somebody who has it comes back.
pub(super) fn write_open_token<T: Serialize>(
    app: &App,
    kind: PendingKind,
    state: T,
    now_ms: i64,
) -> Result<String, ApiError> {
    let step = OpenStep { state, expires_at_ms: now_ms.saturating_add(step_time_ms()) };
    let step = serde_json::to_vec(&step).map_err(ApiError::internal)?;
    Ok(write_base64(&app.sealing.seal(Purpose::PendingSignIn, kind.name(), &step)?))
}

/// Takes the step of such a token, once. None: it is none of this site's, too old, or was taken.
pub(super) async fn take_open_token<T: DeserializeOwned>(
    app: &App,
    kind: PendingKind,
    token: &str,
) -> Result<Option<T>, ApiError> {
    let sealed = read_base64(token).unwrap_or_default();
    let Ok(step) = app.sealing.open(Purpose::PendingSignIn, kind.name(), &sealed) else { return Ok(None) };
    let step: OpenStep<T> = serde_json::from_slice(&step).map_err(ApiError::internal)?;
    if step.expires_at_ms <= app.store.now_ms().await? {
        return Ok(None);
    }
    let hash = Sha256::digest(&sealed).into();
    let is_taken = app.store.spend_pending(&hash, kind, step_time_ms()).await?;
    Ok(is_taken.then_some(step.state))
}

/// [`STEP_TIME`] in milliseconds.
pub(super) fn step_time_ms() -> i64 {
    milliseconds(STEP_TIME)
}

fn milliseconds(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}

/// What such a token says, sealed.
#[derive(Serialize, Deserialize)]
struct OpenStep<T> {
    state: T,
    expires_at_ms: i64,
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
