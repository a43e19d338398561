//! What an OpenID Connect provider says of itself (Discovery 1.0), and the keys it signs with; kept for a while.

use std::sync::Arc;
use std::time::Duration;

use axum::http::{Request, StatusCode, header};
use jsonwebtoken::jwk::Jwk;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::sync::Mutex;
use tokio::time::Instant;
use url::Url;

use crate::sign_in::oauth::failure::OauthFailure;
use crate::sign_in::oauth::id_token::{IdTokenError, SignedWith, find_key};
use crate::sign_in::oauth::outbound::{ProviderHttp, Reach};

/// How long what was read counts as new.
const NEW_FOR: Duration = Duration::from_secs(60 * 60);
/// How long it serves while the provider cannot be asked.
const GOOD_FOR: Duration = Duration::from_secs(24 * 60 * 60);
/// A key that nobody knows is looked for at most so often: tokens with such keys cost nothing to make.
const KEYS_PAUSE: Duration = Duration::from_secs(60);
/// Who asks so soon after a failure shares it, rather than waiting for the next.
const FAILURE_SHARED: Duration = Duration::from_secs(5);
const KEYS_MAX: usize = 100;

/// What a provider says of itself.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Metadata {
    /// Who it is.
    pub(super) issuer: String,
    /// Where people are sent.
    pub(super) authorization_endpoint: Url,
    /// Where their code is exchanged.
    pub(super) token_endpoint: Url,
    /// Where it is told who they are.
    #[serde(default)]
    pub(super) userinfo_endpoint: Option<Url>,
    /// How a site may prove who it is there.
    #[serde(default)]
    pub(super) token_endpoint_auth_methods_supported: Option<Vec<String>>,
    /// Whether every answer names its issuer (RFC 9207).
    #[serde(default)]
    pub(super) authorization_response_iss_parameter_supported: bool,
    jwks_uri: Url,
}

/// What was read of one provider.
#[derive(Debug, Default)]
pub(super) struct Discovery {
    metadata: Mutex<Kept<Arc<Metadata>>>,
    keys: Mutex<Kept<Vec<Jwk>>>,
}

#[derive(Debug)]
struct Kept<T> {
    value: Option<(T, Instant)>,
    failed_at: Option<Instant>,
    looked_for_at: Option<Instant>,
}

impl Discovery {
    /// What the provider says of itself; its issuer is the one it was asked as.
    pub(super) async fn metadata(
        &self,
        http: &ProviderHttp,
        reach: Reach,
        issuer: &str,
    ) -> Result<Arc<Metadata>, OauthFailure> {
        let mut kept = self.metadata.lock().await;
        if let Some(metadata) = kept.current()? {
            return Ok(metadata);
        }
        let url = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
        let read = read_json::<Metadata>(http, reach, &url).await.and_then(|metadata| {
            if metadata.issuer == issuer {
                Ok(Arc::new(metadata))
            } else {
                Err(OauthFailure::InvalidAnswer("it names another issuer than the configured one"))
            }
        });
        kept.keep(read)
    }

    /// The key that a token names. One that is not known is looked for once, and not again for a while.
    pub(super) async fn find_key(
        &self,
        http: &ProviderHttp,
        reach: Reach,
        metadata: &Metadata,
        signed_with: &SignedWith,
    ) -> Result<Jwk, OauthFailure> {
        let mut kept = self.keys.lock().await;
        let url = metadata.jwks_uri.as_str();
        let keys = match kept.current()? {
            Some(keys) => keys,
            None => {
                let read = read_keys(http, reach, url).await;
                kept.keep(read)?
            }
        };
        if let Some(key) = find_key(&keys, signed_with) {
            return Ok(key.clone());
        }
        if kept.looked_for_at.is_some_and(|at| at.elapsed() < KEYS_PAUSE) {
            return Err(IdTokenError::UnknownKey.into());
        }
        kept.looked_for_at = Some(Instant::now());
        let read = read_keys(http, reach, url).await;
        let keys = kept.keep(read)?;
        find_key(&keys, signed_with).cloned().ok_or_else(|| IdTokenError::UnknownKey.into())
    }
}

impl<T> Default for Kept<T> {
    fn default() -> Self {
        Kept { value: None, failed_at: None, looked_for_at: None }
    }
}

impl<T: Clone> Kept<T> {
    /// What was read, while it is new. None: it is to be read.
    fn current(&self) -> Result<Option<T>, OauthFailure> {
        let has_just_failed = self.failed_at.is_some_and(|at| at.elapsed() < FAILURE_SHARED);
        match &self.value {
            Some((value, read_at)) if read_at.elapsed() < NEW_FOR => Ok(Some(value.clone())),
            Some((value, read_at)) if has_just_failed && read_at.elapsed() < GOOD_FOR => {
                Ok(Some(value.clone()))
            }
            _ if has_just_failed => {
                Err(OauthFailure::ProviderRefused("it has just failed to say who it is".to_owned()))
            }
            _ => Ok(None),
        }
    }

    /// Keeps what was read; where nothing could be, what was read before serves on for a while.
    fn keep(&mut self, read: Result<T, OauthFailure>) -> Result<T, OauthFailure> {
        match read {
            Ok(value) => {
                self.failed_at = None;
                self.value = Some((value.clone(), Instant::now()));
                Ok(value)
            }
            Err(failure) => {
                self.failed_at = Some(Instant::now());
                match &self.value {
                    Some((value, read_at)) if read_at.elapsed() < GOOD_FOR => Ok(value.clone()),
                    _ => Err(failure),
                }
            }
        }
    }
}

/// The document at an address.
pub(super) async fn read_json<T: DeserializeOwned>(
    http: &ProviderHttp,
    reach: Reach,
    url: &str,
) -> Result<T, OauthFailure> {
    let request = Request::get(url).header(header::ACCEPT, "application/json").body(Vec::new());
    let request = request.map_err(|_| OauthFailure::InvalidAnswer("an address is none"))?;
    let answer = http.ask(reach, request).await?;
    if answer.status() != StatusCode::OK {
        return Err(OauthFailure::Status(answer.status()));
    }
    serde_json::from_slice(answer.body())
        .map_err(|_| OauthFailure::InvalidAnswer("a document is not what it should be"))
}

/// Keys of a form that is not known here are passed over.
async fn read_keys(http: &ProviderHttp, reach: Reach, url: &str) -> Result<Vec<Jwk>, OauthFailure> {
    #[derive(Deserialize)]
    struct Keys {
        keys: Vec<Value>,
    }
    let read: Keys = read_json(http, reach, url).await?;
    let keys = read.keys.into_iter().filter_map(|key| serde_json::from_value(key).ok());
    Ok(keys.take(KEYS_MAX).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failed() -> OauthFailure {
        OauthFailure::Status(StatusCode::BAD_GATEWAY)
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_read_serves_for_an_hour_and_in_an_outage_for_a_day() {
        let mut kept = Kept::default();
        assert!(kept.current().unwrap().is_none());
        assert_eq!(kept.keep(Ok(1)).unwrap(), 1);
        assert_eq!(kept.current().unwrap(), Some(1));
        tokio::time::advance(NEW_FOR).await;
        assert_eq!(kept.current().unwrap(), None);
        assert_eq!(kept.keep(Err(failed())).unwrap(), 1);
        assert_eq!(kept.current().unwrap(), Some(1));
        tokio::time::advance(GOOD_FOR).await;
        assert!(kept.keep(Err(failed())).is_err());
        assert!(kept.current().is_err());
        tokio::time::advance(FAILURE_SHARED).await;
        assert_eq!(kept.current().unwrap(), None);
    }

    #[tokio::test(start_paused = true)]
    async fn those_who_ask_right_after_a_failure_share_it() {
        let mut kept: Kept<u8> = Kept::default();
        assert!(kept.keep(Err(failed())).is_err());
        assert!(kept.current().is_err());
        tokio::time::advance(FAILURE_SHARED).await;
        assert!(kept.current().unwrap().is_none());
    }
}
