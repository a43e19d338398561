//! A way to a provider that is under way: what is kept of it, and who may go on with it.

use axum::http::{HeaderMap, HeaderValue, header};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use waystation_api::oauth::OauthPurpose;
use waystation_ids::{SessionId, UserId};
use waystation_store::{NewPending, PendingKind};
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::auth::Actor;
use crate::error::ApiError;
use crate::hex::write_hex;
use crate::random::random_bytes;
use crate::sealing::Purpose;
use crate::sign_in::oauth::failure::OauthFailure;
use crate::state::App;

/// The cookie that binds a way to the browser that began it.
const COOKIE: &str = "__Host-waystation-oauth";
/// How long a person may take at the provider.
const LASTS_S: i64 = 600;
/// 32 bytes in base64url.
const TOKEN_LENGTH: usize = 43;

/// What is kept of a way, sealed.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Step {
    /// The provider's name.
    pub(super) provider: String,
    /// What for.
    pub(super) purpose: OauthPurpose,
    /// What only whoever began the way knows (RFC 7636).
    pub(super) verifier: Token,
    /// What the id token must repeat.
    pub(super) nonce: Token,
    /// Where the provider sends the browser back to.
    pub(super) redirect_url: String,
    /// Where the browser goes then.
    pub(super) return_path: String,
    /// The invitation of somebody who is new here.
    pub(super) invite: Option<String>,
}

/// 256 random bits as text.
#[derive(Clone, Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
pub(super) struct Token(String);

/// A step that somebody goes on with.
pub(super) struct TakenStep {
    /// What was kept.
    pub(super) step: Step,
    /// Who began it, if that person was signed in and wants a link.
    pub(super) owner: Option<(UserId, SessionId)>,
}

impl Token {
    /// Another each time.
    pub(super) fn new() -> Result<Self, ApiError> {
        Ok(Token(BASE64_URL_SAFE_NO_PAD.encode(random_bytes::<32>()?)))
    }

    /// The text itself.
    pub(super) fn reveal(&self) -> &str {
        &self.0
    }
}

/// Keeps a step for one browser and, where there is one, one session. Gives its state and the browser's token.
pub(super) async fn begin_step(
    app: &App,
    step: &Step,
    owner: Option<&Actor>,
) -> Result<(Token, Token), ApiError> {
    let (state, browser) = (Token::new()?, Token::new()?);
    let hash = hash_of(state.reveal());
    let plain = zeroize::Zeroizing::new(serde_json::to_vec(step).map_err(ApiError::internal)?);
    let sealed = app.sealing.seal(Purpose::PendingSignIn, &write_hex(&hash), &plain)?;
    let pending = NewPending {
        hash,
        kind: PendingKind::Oauth,
        user: owner.map(Actor::id),
        session: owner.map(Actor::session),
        browser_hash: Some(hash_of(browser.reveal())),
        state: sealed,
        lasts_ms: LASTS_S * 1_000,
    };
    app.store.create_pending(&pending).await?;
    Ok((state, browser))
}

/// Takes the step of this state, once, for the browser that began it at this provider. Whoever comes with the state
/// and without the browser has ended it too.
pub(super) async fn take_step(
    app: &App,
    provider: &str,
    state: &str,
    headers: &HeaderMap,
) -> Result<TakenStep, OauthFailure> {
    if !is_token(state) {
        return Err(OauthFailure::InvalidState);
    }
    let hash = hash_of(state);
    let pending = app.store.take_pending(&hash, PendingKind::Oauth).await?;
    let pending = pending.ok_or(OauthFailure::InvalidState)?;
    let browser = browser_token(headers).ok_or(OauthFailure::InvalidState)?;
    let is_same_browser = pending.browser_hash.is_some_and(|known| known.ct_eq(&hash_of(browser)).into());
    if !is_same_browser {
        return Err(OauthFailure::InvalidState);
    }
    let plain = app
        .sealing
        .open(Purpose::PendingSignIn, &write_hex(&hash), &pending.state)
        .map_err(ApiError::from)?;
    let step: Step = serde_json::from_slice(&plain).map_err(ApiError::internal)?;
    if step.provider != provider {
        return Err(OauthFailure::InvalidState);
    }
    Ok(TakenStep { step, owner: pending.user.zip(pending.session) })
}

/// The cookie of a browser that begins. `Lax`, as the provider's page leads back to here.
pub(super) fn browser_cookie(browser: &Token) -> Result<HeaderValue, ApiError> {
    let cookie =
        format!("{COOKIE}={}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age={LASTS_S}", browser.reveal());
    HeaderValue::try_from(cookie).map_err(ApiError::internal)
}

/// Takes the cookie away.
pub(super) const fn no_browser_cookie() -> HeaderValue {
    HeaderValue::from_static("__Host-waystation-oauth=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0")
}

/// The browser's token, if there is exactly one.
fn browser_token(headers: &HeaderMap) -> Option<&str> {
    let mut found = headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().strip_prefix(COOKIE)?.strip_prefix('='));
    match (found.next(), found.next()) {
        (Some(token), None) if is_token(token) => Some(token),
        _ => None,
    }
}

fn is_token(text: &str) -> bool {
    text.len() == TOKEN_LENGTH
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
}

fn hash_of(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(cookies: &[&str]) -> Option<String> {
        let mut headers = HeaderMap::new();
        for cookie in cookies {
            headers.append(header::COOKIE, cookie.parse().unwrap());
        }
        browser_token(&headers).map(str::to_owned)
    }

    #[test]
    fn a_token_is_256_random_bits() {
        let tokens: std::collections::HashSet<String> =
            (0..1_000).map(|_| Token::new().unwrap().reveal().to_owned()).collect();
        assert_eq!(tokens.len(), 1_000);
        assert!(tokens.iter().all(|token| is_token(token)));
        // Each place takes many values: nothing of it can be foretold.
        for place in 0..TOKEN_LENGTH - 1 {
            let letters: std::collections::HashSet<u8> =
                tokens.iter().map(|token| token.as_bytes()[place]).collect();
            assert!(letters.len() > 50, "{place}");
        }
    }

    #[test]
    fn the_browser_is_known_by_exactly_one_cookie() {
        let token = "a".repeat(43);
        let cookie = format!("{COOKIE}={token}");
        assert_eq!(seen(&[&cookie]), Some(token.clone()));
        assert_eq!(seen(&[&format!("a=b; {cookie}; c=d")]), Some(token.clone()));
        assert_eq!(seen(&[]), None);
        assert_eq!(seen(&[&cookie, &cookie]), None);
        assert_eq!(seen(&[&format!("{cookie}; {cookie}")]), None);
        assert_eq!(seen(&[&format!("{COOKIE}={}", "a".repeat(42))]), None);
        assert_eq!(seen(&[&format!("x{cookie}")]), None);
        assert_eq!(seen(&[&format!("{COOKIE}2={token}")]), None);
    }
}
