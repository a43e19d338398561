//! Links by which people set a password who were given none, or whose was taken away.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use waystation_api::error::ErrorCode;
use waystation_api::time::Time;
use waystation_api::users::PasswordLink;
use waystation_store::NewResetLink;

use crate::clock::now_ms;
use crate::error::ApiError;
use crate::random::random_bytes;
use crate::state::App;

/// As long as an invited person may take to look at it.
const LASTS_MS: i64 = 3 * 24 * 60 * 60 * 1_000;

/// A link that is not stored yet, and what is stored of it.
pub(super) struct DrawnLink {
    /// What is stored.
    pub(super) stored: NewResetLink,
    /// What is handed over.
    pub(super) link: PasswordLink,
}

/// Draws a link.
pub(super) fn draw_link(app: &App) -> Result<DrawnLink, ApiError> {
    let token = BASE64_URL_SAFE_NO_PAD.encode(random_bytes::<32>()?);
    let stored = NewResetLink { hash: Sha256::digest(token.as_bytes()).into(), lasts_ms: LASTS_MS };
    // Behind the #, which no server sees: the page posts it.
    let url = format!("{}/reset-password#token={token}", link_base(app)?);
    Ok(DrawnLink {
        stored,
        link: PasswordLink { url, expires_at: Time::from_unix_ms(now_ms().saturating_add(LASTS_MS)) },
    })
}

/// What links begin with; never what a request says of the site.
fn link_base(app: &App) -> Result<String, ApiError> {
    match &app.config.public_url {
        Some(url) => Ok(url.trim_end_matches('/').to_owned()),
        None if app.config.listen.ip().is_loopback() => Ok(format!("http://{}", app.config.listen)),
        None => Err(ApiError::new(
            ErrorCode::Conflict,
            "This needs the setting public_url: the address under which people reach the site.",
        )),
    }
}
