//! Signing in by password, and changing or resetting it.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::json;
use tracing::warn;
use waystation_api::error::{ErrorCode, ErrorReply, FieldCode};
use waystation_api::passwords::{PasswordReset, PasswordResetRequest, PasswordSignIn, PasswordUpdate};
use waystation_api::registration::{Accepted, NextStep};
use waystation_api::sign_in::SignInReply;
use waystation_ids::{UserId, UserStatus};
use waystation_store::{ChangeKind, ChangePasswordError, LinkPurpose, Login, PasswordChange, SignInFacts};

use crate::audit_trail::{Deed, state_of};
use crate::auth::Actor;
use crate::drawn_secret::DrawnSecret;
use crate::error::ApiError;
use crate::http::body::Json;
use crate::http::visitor::Visitor;
use crate::passwords::{Compared, check_password_field};
use crate::sign_in::backoff::Bucket;
use crate::sign_in::completion::{ProvedBy, complete_sign_in, wrong_credentials};
use crate::sign_in::mailed_links::{
    after_the_answer, dead_link, mail_password_changed, mail_reset_link, mail_verify_link, require_mail,
};
use crate::sign_in::policy::give_gift_or_leave_it;
use crate::sign_in::registration::is_to_be_verified;
use crate::state::App;

/// As long as an address may be.
const LOGIN_LENGTH_MAX: usize = 254;

/// Sign in by password
///
/// With the address or the username. Where the person has a second factor, the answer asks for it.
#[utoipa::path(
    post, path = "/auth/login", tag = "auth", operation_id = "sign_in", request_body = PasswordSignIn,
    responses(
        (status = 200, description = "The person is signed in, or is asked for a second factor", body = SignInReply),
        (status = 401, description = "The login or the password is wrong, or the address is not verified yet; which of them is not said, but the link is mailed again", body = ErrorReply),
        (status = 429, description = "Too many tries", body = ErrorReply),
        (status = 503, description = "Too many people sign in at this moment", body = ErrorReply),
    ),
)]
pub(super) async fn sign_in(
    State(app): State<App>,
    visitor: Visitor,
    Json(body): Json<PasswordSignIn>,
) -> Result<Response, ApiError> {
    let account = normalise(&body.login)?;
    app.backoff.admit(Bucket::Account(&account), &visitor).await?;
    let facts = match read_login(&account) {
        Some(login) => app.store.load_sign_in_facts(&login).await?,
        None => None,
    };
    // Compared with something in any case: whoever asks must not learn by the time that there is nobody.
    let stored = facts.as_ref().and_then(|facts| facts.password_hash.as_deref());
    let compared = app.passwords.compare(&body.password, stored).await?;
    let facts = match facts {
        Some(facts) if compared != Compared::Wrong && facts.status == UserStatus::Active => facts,
        facts => {
            app.backoff.note_failure(Bucket::Account(&account), &visitor).await;
            note_failed_sign_in(&app, &visitor, facts.map(|facts| facts.user), "credentials").await?;
            return Err(wrong_credentials());
        }
    };
    app.backoff.note_success(Bucket::Account(&account), &visitor).await;
    if app.config.requires_verification() && is_to_be_verified(&facts) {
        note_failed_sign_in(&app, &visitor, Some(facts.user), "email_unverified").await?;
        let (mailing_app, mailed) = (app.clone(), facts.clone());
        let mailing = async move { mail_verify_link(&mailing_app, &mailed).await.map(drop) };
        after_the_answer(&app, "resend_verification", mailing);
        // Who registers somebody's address and signs in with it would learn by another answer whether it was known.
        return Err(wrong_credentials());
    }
    if compared == Compared::RightButOutdated {
        rehash(&app, &facts, &body).await;
    }
    let user = app.store.load_user(facts.user).await?;
    complete_sign_in(&app, &visitor, user, ProvedBy::Password, body.reception).await
}

/// Mail a link that resets a password
///
/// The answer is the same for every address.
#[utoipa::path(
    post, path = "/auth/password-reset", tag = "auth", operation_id = "request_password_reset",
    request_body = PasswordResetRequest,
    responses(
        (status = 202, description = "A mail goes out if the address is known here", body = Accepted),
        (status = 409, description = "The site sends no mails", body = ErrorReply),
        (status = 429, description = "The client has asked too often", body = ErrorReply),
    ),
)]
pub(super) async fn request_password_reset(
    State(app): State<App>,
    visitor: Visitor,
    Json(body): Json<PasswordResetRequest>,
) -> Result<(StatusCode, Json<Accepted>), ApiError> {
    require_mail(&app)?;
    app.mail_allowance.take(&visitor).await?;
    let mailing = {
        let app = app.clone();
        async move {
            let Some(facts) = app.store.load_sign_in_facts(&Login::Email(body.email)).await? else {
                return Ok(());
            };
            // As often as it is mailed, so that nobody fills the log with it.
            if mail_reset_link(&app, &facts).await? {
                let target = facts.user.to_string();
                let deed = Deed { action: "password.reset_asked", target: Some(("user", &target)) };
                app.store.append_audit_entry(&deed.by_stranger(None, &visitor)).await?;
            }
            Ok(())
        }
    };
    after_the_answer(&app, "password_reset", mailing);
    Ok((StatusCode::ACCEPTED, Json(Accepted { next: NextStep::OpenMail })))
}

/// Reset a password
///
/// With the token of the mailed link. It ends every session and signs nobody in: a second factor is asked for as ever.
#[utoipa::path(
    post, path = "/auth/password-reset/confirm", tag = "auth", operation_id = "reset_password",
    request_body = PasswordReset,
    responses(
        (status = 204, description = "The password is the new one"),
        (status = 400, description = "The link is unknown, used or too old, or the password is weak", body = ErrorReply),
    ),
)]
pub(super) async fn reset_password(
    State(app): State<App>,
    visitor: Visitor,
    Json(body): Json<PasswordReset>,
) -> Result<StatusCode, ApiError> {
    app.backoff.admit(Bucket::Client, &visitor).await?;
    let (hash, email) = match DrawnSecret::hash_of(&body.token) {
        Some(hash) => match app.store.load_mailed_link(&hash, LinkPurpose::Reset).await? {
            Some((_, email)) => (hash, email),
            None => return Err(refuse_link(&app, &visitor).await),
        },
        None => return Err(refuse_link(&app, &visitor).await),
    };
    app.backoff.note_success(Bucket::Client, &visitor).await;
    check_password_field("password", &body.password, Some(&email))?;
    let new_hash = app.passwords.hash(&body.password).await?;
    let entry = |user: UserId| {
        let target = user.to_string();
        Deed { action: "password.reset", target: Some(("user", &target)) }.by_stranger(Some(user), &visitor)
    };
    let facts = app.store.reset_password(&hash, &new_hash, entry).await?.ok_or_else(dead_link)?;
    app.changes.announce(ChangeKind::User, facts.user).await;
    mail_password_changed(&app, &facts, &visitor);
    give_gift_or_leave_it(&app, facts.user).await;
    Ok(StatusCode::NO_CONTENT)
}

/// Change one's password
///
/// It ends the other sessions. Whoever has no password yet resets it by mail.
#[utoipa::path(
    post, path = "/me/password", tag = "me", operation_id = "update_my_password", request_body = PasswordUpdate,
    responses(
        (status = 204, description = "The password is the new one"),
        (status = 400, description = "The new password is weak", body = ErrorReply),
        (status = 401, description = "The current password is wrong", body = ErrorReply),
        (status = 409, description = "There is no password yet, or it was changed meanwhile", body = ErrorReply),
        (status = 429, description = "Too many tries", body = ErrorReply),
    ),
)]
pub(super) async fn update_my_password(
    State(app): State<App>,
    actor: Actor,
    visitor: Visitor,
    Json(body): Json<PasswordUpdate>,
) -> Result<StatusCode, ApiError> {
    check_password_field("new_password", &body.new_password, Some(&actor.user().email))?;
    let facts = app.store.load_sign_in_facts(&Login::Id(actor.id())).await?;
    let facts = facts.ok_or_else(|| ApiError::not_found("user"))?;
    let old_hash = facts.password_hash.clone().ok_or_else(|| {
        let message = "You have no password yet. Ask for a link that sets one: reset your password.";
        ApiError::new(ErrorCode::Conflict, message)
    })?;
    let target = actor.id().to_string();
    app.backoff.admit(Bucket::Account(&target), &visitor).await?;
    if app.passwords.compare(&body.current_password, Some(&old_hash)).await? == Compared::Wrong {
        app.backoff.note_failure(Bucket::Account(&target), &visitor).await;
        let deed = Deed { action: "password.change_failed", target: Some(("user", &target)) };
        app.store.append_audit_entry(&deed.by(&actor, &visitor)).await?;
        return Err(ApiError::new(ErrorCode::InvalidCredentials, "The current password is wrong."));
    }
    app.backoff.note_success(Bucket::Account(&target), &visitor).await;
    let new_hash = app.passwords.hash(&body.new_password).await?;
    let change = PasswordChange { user: actor.id(), old_hash, new_hash, session: actor.session() };
    let deed = Deed { action: "password.change", target: Some(("user", &target)) };
    app.store.change_password(&change, &deed.by(&actor, &visitor)).await?;
    app.changes.announce(ChangeKind::User, actor.id()).await;
    mail_password_changed(&app, &facts, &visitor);
    Ok(StatusCode::NO_CONTENT)
}

/// The login as it is compared, and as tries are counted by it.
fn normalise(login: &str) -> Result<String, ApiError> {
    if login.chars().count() > LOGIN_LENGTH_MAX {
        return Err(ApiError::field("login", FieldCode::TooLong, "is longer than 254 characters"));
    }
    Ok(login.trim().to_ascii_lowercase())
}

/// What the login is; none: it can be nobody's.
fn read_login(login: &str) -> Option<Login> {
    match login.contains('@') {
        true => login.parse().ok().map(Login::Email),
        false => login.parse().ok().map(Login::Username),
    }
}

async fn note_failed_sign_in(
    app: &App,
    visitor: &Visitor,
    user: Option<UserId>,
    reason: &'static str,
) -> Result<(), ApiError> {
    let target = user.map(|user| user.to_string());
    let target = target.as_deref().map(|id| ("user", id));
    let mut entry = Deed { action: "sign_in.failed", target }.by_stranger(user, visitor);
    entry.after = state_of(&json!({ "proved_by": "password", "reason": reason }));
    Ok(app.store.append_audit_entry(&entry).await?)
}

/// Stores a hash of today's parameters. Where that fails, the next sign-in does it.
async fn rehash(app: &App, facts: &SignInFacts, body: &PasswordSignIn) {
    let Some(old_hash) = &facts.password_hash else { return };
    let rehashed = match app.passwords.hash(&body.password).await {
        Ok(new_hash) => {
            app.store.rehash_password(facts.user, old_hash, &new_hash).await.map_err(ApiError::from)
        }
        Err(failure) => Err(failure),
    };
    if let Err(failure) = rehashed {
        warn!(user = %facts.user, error = failure.operator_text(), "an outdated hash stays for now");
    }
}

async fn refuse_link(app: &App, visitor: &Visitor) -> ApiError {
    app.backoff.note_failure(Bucket::Client, visitor).await;
    dead_link()
}

impl From<ChangePasswordError> for ApiError {
    fn from(error: ChangePasswordError) -> Self {
        match error {
            ChangePasswordError::Changed => {
                ApiError::new(ErrorCode::Conflict, "The password was changed meanwhile. Look again.")
            }
            ChangePasswordError::Store(error) => error.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_is_an_address_or_a_username_in_any_case() {
        let read = |login: &str| normalise(login).ok().and_then(|login| read_login(&login));
        assert_eq!(read(" Ann@Example.org "), Some(Login::Email("ann@example.org".parse().unwrap())));
        assert_eq!(read("ANN"), Some(Login::Username("ann".parse().unwrap())));
        for nobody in ["", "@", "ann lee", "ann\0", "ann@", "' OR 1=1 --"] {
            assert_eq!(read(nobody), None, "{nobody:?}");
        }
        assert!(normalise(&"a".repeat(255)).is_err());
    }
}
