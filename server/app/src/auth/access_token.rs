//! Access tokens: short-lived, signed, and worth nothing once their session has ended.

use std::time::Duration;

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode};
use waystation_api::session::{AccessClaims, AccessToken};
use waystation_api::time::Time;
use waystation_ids::{SessionId, UserId};
use waystation_store::{NewSession, Session, SessionKind, SignInRecord};

use crate::audit_trail::Deed;
use crate::clock::now_ms;
use crate::error::ApiError;
use crate::random::random_bytes;
use crate::site_secrets::SigningSecret;
use crate::state::App;

/// Programs exchange their refresh token for a new access token after this.
const ACCESS_TOKEN_LASTS: Duration = Duration::from_secs(15 * 60);

/// Makes a session of an active user for a command at the server, and a token that ends with it.
pub(crate) async fn create_access_token(
    app: &App,
    user: UserId,
    kind: SessionKind,
    lasts: Duration,
) -> Result<AccessToken, ApiError> {
    let new = NewSession {
        id: SessionId::new(now_ms(), random_bytes()?),
        user,
        kind,
        secret_hash: None,
        name: None,
        client_ip: None,
        user_agent: None,
        proved_by: None,
        lasts_ms: i64::try_from(lasts.as_millis()).unwrap_or(i64::MAX),
    };
    let entry =
        Deed { action: "access_token.create", target: Some(("user", &user.to_string())) }.by_command();
    let (session, _) = app.store.create_sign_in(&new, &SignInRecord { entry, first_key: None }).await?;
    sign_access_token(app, &session, session.created_at_ms, session.expires_at_ms)
}

/// A token of a session's, made at `now_ms` and good for a while.
pub(crate) fn issue_access_token(app: &App, session: &Session, now_ms: i64) -> Result<AccessToken, ApiError> {
    let lasts_ms = i64::try_from(ACCESS_TOKEN_LASTS.as_millis()).unwrap_or(0);
    sign_access_token(app, session, now_ms, now_ms.saturating_add(lasts_ms).min(session.expires_at_ms))
}

fn sign_access_token(
    app: &App,
    session: &Session,
    now_ms: i64,
    expires_at_ms: i64,
) -> Result<AccessToken, ApiError> {
    let claims = AccessClaims {
        sub: session.user,
        sid: session.id,
        iat: now_ms.div_euclid(1_000),
        exp: expires_at_ms.div_euclid(1_000),
    };
    Ok(AccessToken {
        access_token: sign(&claims, &app.secrets.access_tokens)?,
        expires_at: Time::from_unix_ms(claims.exp.saturating_mul(1_000)),
    })
}

fn sign(claims: &AccessClaims, secret: &SigningSecret) -> Result<String, ApiError> {
    let key = EncodingKey::from_secret(secret.bytes());
    encode(&Header::new(Algorithm::HS256), claims, &key).map_err(ApiError::internal)
}

/// What a token says, if this site signed it and its time is not over.
pub(crate) fn verify_access_token(token: &str, secret: &SigningSecret) -> Option<AccessClaims> {
    // The algorithm is ours to name: a token that names another, or none, is refused.
    let mut validation = Validation::new(Algorithm::HS256);
    validation.leeway = 0;
    validation.set_required_spec_claims(&["exp", "sub"]);
    let key = DecodingKey::from_secret(secret.bytes());
    decode::<AccessClaims>(token, &key, &validation).ok().map(|token| token.claims)
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::prelude::BASE64_URL_SAFE_NO_PAD;

    use super::*;

    fn claims(exp: i64) -> AccessClaims {
        AccessClaims { sub: UserId::new(1, [1; 10]), sid: SessionId::new(1, [2; 10]), iat: 1, exp }
    }

    fn later() -> i64 {
        now_ms() / 1_000 + 60
    }

    #[test]
    fn a_token_is_read_back_with_its_secret_only() {
        let claims = claims(later());
        let token = sign(&claims, &SigningSecret::new([1; 32])).unwrap();
        assert_eq!(verify_access_token(&token, &SigningSecret::new([1; 32])), Some(claims));
        assert_eq!(verify_access_token(&token, &SigningSecret::new([2; 32])), None);
    }

    #[test]
    fn a_token_whose_time_is_over_is_refused() {
        let secret = SigningSecret::new([1; 32]);
        let token = sign(&claims(now_ms() / 1_000 - 1), &secret).unwrap();
        assert_eq!(verify_access_token(&token, &secret), None);
    }

    #[test]
    fn a_token_that_names_no_or_another_algorithm_is_refused() {
        let secret = SigningSecret::new([1; 32]);
        let token = sign(&claims(later()), &secret).unwrap();
        let (_, rest) = token.split_once('.').unwrap();
        let (payload, _) = rest.split_once('.').unwrap();
        for header in ["{\"alg\":\"none\",\"typ\":\"JWT\"}", "{\"alg\":\"RS256\",\"typ\":\"JWT\"}"] {
            let header = BASE64_URL_SAFE_NO_PAD.encode(header);
            assert_eq!(verify_access_token(&format!("{header}.{rest}"), &secret), None);
            assert_eq!(verify_access_token(&format!("{header}.{payload}."), &secret), None);
        }
        let other =
            encode(&Header::new(Algorithm::HS512), &claims(later()), &EncodingKey::from_secret(&[1; 32]));
        assert_eq!(verify_access_token(&other.unwrap(), &secret), None);
    }

    #[test]
    fn what_is_no_token_is_refused() {
        let secret = SigningSecret::new([1; 32]);
        for text in ["", ".", "..", "a.b.c", "sk-0123456789", "\0", "é.é.é"] {
            assert_eq!(verify_access_token(text, &secret), None, "{text:?}");
        }
    }
}
