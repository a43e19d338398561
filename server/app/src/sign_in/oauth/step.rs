//! A way to a provider that is under way: what is kept of it, and who may go on with it.

use axum::http::{HeaderMap, HeaderValue, header};
use serde::{Deserialize, Serialize};
use waystation_api::oauth::OauthPurpose;
use waystation_ids::{SessionId, UserId};
use waystation_store::PendingKind;

use crate::auth::Actor;
use crate::drawn_secret::DrawnSecret;
use crate::error::ApiError;
use crate::sign_in::oauth::failure::OauthFailure;
use crate::sign_in::step_token::{self, OAUTH_STEP_TIME, begin_step, open_state};
use crate::state::App;

/// The cookie that binds a way to the browser that began it.
const COOKIE: &str = "__Host-waystation-oauth";

/// What is kept of a way, sealed.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Step {
    /// The provider's name.
    pub(super) provider: String,
    /// What for.
    pub(super) purpose: OauthPurpose,
    /// What only whoever began the way knows (RFC 7636).
    #[serde(with = "drawn_text")]
    pub(super) verifier: DrawnSecret,
    /// What the id token must repeat.
    #[serde(with = "drawn_text")]
    pub(super) nonce: DrawnSecret,
    /// Where the provider sends the browser back to.
    pub(super) redirect_url: String,
    /// Where the browser goes then.
    pub(super) return_path: String,
    /// The invitation of somebody who is new here.
    pub(super) invite: Option<String>,
}

/// A step that somebody goes on with.
pub(super) struct TakenStep {
    /// What was kept.
    pub(super) step: Step,
    /// Who began it, if that person was signed in and wants a link.
    pub(super) owner: Option<(UserId, SessionId)>,
}

/// A secret inside of what is sealed.
mod drawn_text {
    use serde::{Deserialize, Deserializer, Serializer, de};
    use zeroize::Zeroizing;

    use crate::drawn_secret::DrawnSecret;

    pub(super) fn serialize<S: Serializer>(secret: &DrawnSecret, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(secret.reveal())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<DrawnSecret, D::Error> {
        let text = Zeroizing::new(String::deserialize(deserializer)?);
        DrawnSecret::read(&text).ok_or_else(|| de::Error::custom("is no secret"))
    }
}

/// Keeps a way for one browser and, where there is one, one session. Gives its state and the browser's token.
pub(super) async fn begin_way(
    app: &App,
    way: &Step,
    owner: Option<&Actor>,
) -> Result<(DrawnSecret, DrawnSecret), ApiError> {
    let browser = DrawnSecret::draw()?;
    let step = step_token::Step {
        kind: PendingKind::Oauth,
        user: owner.map(Actor::id),
        session: owner.map(Actor::session),
        browser: Some(&browser),
        state: way,
    };
    Ok((begin_step(app, step).await?, browser))
}

/// Takes the step of this state, once, for the browser that began it at this provider. Whoever comes with the state
/// and without the browser has ended it too.
pub(super) async fn take_step(
    app: &App,
    provider: &str,
    state: &str,
    headers: &HeaderMap,
) -> Result<TakenStep, OauthFailure> {
    let hash = DrawnSecret::hash_of(state).ok_or(OauthFailure::InvalidState)?;
    let pending = app.store.take_pending(&hash, PendingKind::Oauth).await?;
    let pending = pending.ok_or(OauthFailure::InvalidState)?;
    let browser = browser_token(headers).ok_or(OauthFailure::InvalidState)?;
    if !pending.browser_hash.is_some_and(|known| browser.has_hash(&known)) {
        return Err(OauthFailure::InvalidState);
    }
    let step: Step = open_state(app, &hash, &pending)?;
    if step.provider != provider {
        return Err(OauthFailure::InvalidState);
    }
    Ok(TakenStep { step, owner: pending.user.zip(pending.session) })
}

/// The cookie of a browser that begins. `Lax`, as the provider's page leads back to here.
pub(super) fn browser_cookie(browser: &DrawnSecret) -> Result<HeaderValue, ApiError> {
    let lasts_s = OAUTH_STEP_TIME.as_secs();
    let cookie =
        format!("{COOKIE}={}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age={lasts_s}", browser.reveal());
    HeaderValue::try_from(cookie).map_err(ApiError::internal)
}

/// Takes the cookie away.
pub(super) const fn no_browser_cookie() -> HeaderValue {
    HeaderValue::from_static("__Host-waystation-oauth=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0")
}

/// The browser's token, if there is exactly one.
fn browser_token(headers: &HeaderMap) -> Option<DrawnSecret> {
    let mut found = headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().strip_prefix(COOKIE)?.strip_prefix('='));
    match (found.next(), found.next()) {
        (Some(token), None) => DrawnSecret::read(token),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(cookies: &[&str]) -> Option<String> {
        let mut headers = HeaderMap::new();
        for cookie in cookies {
            headers.append(header::COOKIE, cookie.parse().unwrap());
        }
        browser_token(&headers).map(|token| token.reveal().to_owned())
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
