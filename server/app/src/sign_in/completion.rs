//! The last step of every sign-in.

use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde_json::json;
use waystation_api::error::ErrorCode;
pub(crate) use waystation_api::sign_in::Reception;
use waystation_api::sign_in::{SignInReply, SignedIn, Tokens};
use waystation_api::time::Time;
use waystation_ids::{SessionId, UserId, UserStatus};
use waystation_store::{AuditEntry, ChangeKind, NewSession, Session, SessionKind, SignInRecord, User};

use crate::audit_trail::Deed;
use crate::auth::{browser_span, device_span, issue_access_token, set_cookie, write_refresh_token};
use crate::clock::now_ms;
use crate::drawn_secret::DrawnSecret;
use crate::error::ApiError;
use crate::http::body::Json;
use crate::http::visitor::Visitor;
use crate::random::random_bytes;
use crate::sign_in::first_key::FirstKey;
use crate::sign_in::mailed_links::mail_new_device;
use crate::sign_in::policy::give_gift_or_leave_it;
use crate::sign_in::second_factor::{begin_challenge, methods_of};
use crate::state::App;
use crate::users::show;

const SESSION_NAME_LENGTH_MAX: usize = 64;

/// How somebody has proved who they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ProvedBy {
    /// A password.
    Password,
    /// An identity provider.
    Oauth,
    /// A passkey that verified its user: two factors in one.
    Passkey,
    /// A first factor, and then a second one.
    TwoFactors,
    /// The one-time token of an empty site.
    SetupToken,
    /// A code from somebody's own session, or from the server's command.
    Pairing,
}

/// Signs somebody in who has proved who it is; or, where that is not enough, asks for a second factor.
pub(crate) async fn complete_sign_in(
    app: &App,
    visitor: &Visitor,
    user: User,
    proved_by: ProvedBy,
    reception: Reception,
) -> Result<Response, ApiError> {
    check_active(app, visitor, &user, proved_by).await?;
    if proved_by.is_one_factor() && !methods_of(app, user.id).await?.is_empty() {
        let challenge = begin_challenge(app, visitor, &user, proved_by, reception).await?;
        return Ok(Json(SignInReply::SecondFactorRequired(challenge)).into_response());
    }
    open_session(app, visitor, user, proved_by, reception).await
}

/// Signs somebody in who has proved all that is needed.
pub(crate) async fn open_session(
    app: &App,
    visitor: &Visitor,
    user: User,
    proved_by: ProvedBy,
    reception: Reception,
) -> Result<Response, ApiError> {
    open_named_session(app, visitor, user, proved_by, reception, None).await
}

/// The same, with what the person calls the device that signs in.
pub(crate) async fn open_named_session(
    app: &App,
    visitor: &Visitor,
    user: User,
    proved_by: ProvedBy,
    reception: Reception,
    name: Option<&str>,
) -> Result<Response, ApiError> {
    check_active(app, visitor, &user, proved_by).await?;
    let secret = DrawnSecret::draw()?;
    let (kind, span) = match reception {
        Reception::Cookie => (SessionKind::Browser, browser_span(app)),
        Reception::Tokens => (SessionKind::Device, device_span(app)),
    };
    let new = NewSession {
        // A new one at each sign-in: nobody can have put it into the browser before.
        id: SessionId::new(now_ms(), random_bytes()?),
        user: user.id,
        kind,
        secret_hash: Some(secret.hash()),
        name: name.map(|name| name.chars().take(SESSION_NAME_LENGTH_MAX).collect()),
        client_ip: Some(visitor.client_ip.to_string()),
        user_agent: Some(visitor.user_agent.clone()).filter(|agent| !agent.is_empty()),
        proved_by: Some(proved_by.name().to_owned()),
        lasts_ms: span.idle_ms.min(span.max_ms),
    };
    let drawn = FirstKey::draw(app, user.id)?;
    let key_id = drawn.new.id.to_string();
    let key_entry =
        Deed { action: "key.create", target: Some(("key", &key_id)) }.by_stranger(Some(user.id), visitor);
    // A provider leads back by an address, in which no secret goes: whoever comes so asks for the key.
    let first_key = (proved_by != ProvedBy::Oauth).then(|| (drawn.new.clone(), key_entry));
    let record = SignInRecord { entry: succeeded(&new, visitor), first_key };
    let (session, first_key) = app.store.create_sign_in(&new, &record).await.map_err(user_gone)?;
    if let Some(key) = &first_key {
        app.changes.announce(ChangeKind::Key, key.id).await;
    }
    give_gift_or_leave_it(app, user.id).await;
    mail_new_device(app, &user, visitor, session.id);
    let must_set_up_second_factor = lacks_required_second_factor(app, &user).await?;
    let signed_in = SignedIn {
        user: show(app, user).await?,
        session: session.id,
        expires_at: Time::from_unix_ms(session.expires_at_ms),
        tokens: match reception {
            Reception::Cookie => None,
            Reception::Tokens => Some(issue_tokens(app, &session, &secret)?),
        },
        must_set_up_second_factor,
        first_key: first_key.map(|key| drawn.show(key)),
    };
    let mut response = Json(SignInReply::SignedIn(Box::new(signed_in))).into_response();
    if reception == Reception::Cookie {
        let lasts_seconds = u64::try_from(span.max_ms / 1_000).unwrap_or_default();
        response.headers_mut().append(header::SET_COOKIE, set_cookie(session.id, &secret, lasts_seconds)?);
    }
    Ok(response)
}

/// The tokens of a device's session whose secret this is.
pub(super) fn issue_tokens(app: &App, session: &Session, secret: &DrawnSecret) -> Result<Tokens, ApiError> {
    let token = issue_access_token(app, session, now_ms())?;
    Ok(Tokens {
        access_token: token.access_token,
        expires_at: token.expires_at,
        refresh_token: write_refresh_token(session.id, secret),
    })
}

/// Whether the site wants a second factor of the person's role, and the person has none.
pub(crate) async fn lacks_required_second_factor(app: &App, user: &User) -> Result<bool, ApiError> {
    Ok(app.config.auth_second_factor_roles.contains(&user.role) && methods_of(app, user.id).await?.is_empty())
}

/// What the audit log tells of a sign-in that failed; `user` where it is known whose it would have been.
pub(crate) fn failed_sign_in(user: Option<UserId>, proved_by: ProvedBy, visitor: &Visitor) -> AuditEntry {
    let after = Some(json!({ "proved_by": proved_by.name() }).to_string());
    AuditEntry { after, ..Deed { action: "sign_in.failed", target: None }.by_stranger(user, visitor) }
}

fn succeeded(session: &NewSession, visitor: &Visitor) -> AuditEntry {
    let id = session.id.to_string();
    let deed = Deed { action: "sign_in.succeeded", target: Some(("session", &id)) };
    let after = json!({ "kind": session.kind.name(), "proved_by": session.proved_by, "name": session.name });
    AuditEntry { after: Some(after.to_string()), ..deed.by_stranger(Some(session.user), visitor) }
}

/// A disabled person is told what somebody with a wrong password is told.
async fn check_active(
    app: &App,
    visitor: &Visitor,
    user: &User,
    proved_by: ProvedBy,
) -> Result<(), ApiError> {
    if user.status == UserStatus::Active {
        return Ok(());
    }
    app.store.append_audit_entry(&failed_sign_in(Some(user.id), proved_by, visitor)).await?;
    Err(wrong_credentials())
}

/// Disabled between the check and the session.
fn user_gone(error: waystation_store::StoreError) -> ApiError {
    match error {
        waystation_store::StoreError::Missing("user") => wrong_credentials(),
        error => error.into(),
    }
}

/// Which of them it is, is not said: nobody learns so who is known here.
pub(super) fn wrong_credentials() -> ApiError {
    let message = "The login or the password is wrong, or the address is not verified yet: see your mail.";
    ApiError::new(ErrorCode::InvalidCredentials, message)
}

impl ProvedBy {
    /// The stable name used in stored rows.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            ProvedBy::Password => "password",
            ProvedBy::Oauth => "oauth",
            ProvedBy::Passkey => "passkey",
            ProvedBy::TwoFactors => "two_factors",
            ProvedBy::SetupToken => "setup_token",
            ProvedBy::Pairing => "pairing",
        }
    }

    /// Whether somebody who has a second factor must show it too. A pairing code was given out by a session that has.
    const fn is_one_factor(self) -> bool {
        matches!(self, ProvedBy::Password | ProvedBy::Oauth)
    }
}
