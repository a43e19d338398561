//! Mails with links. A link leads to a page that posts its token: the token stands behind the `#`, which no browser
//! sends, and opening the link changes nothing.

use std::future::Future;
use std::time::Duration;

use tracing::{debug, error};
use waystation_api::error::ErrorCode;
use waystation_ids::{Email, SessionId};
use waystation_store::{LinkPurpose, Login, MailLimits, NewMailedLink, SignInFacts, User};

use crate::clock::now_ms;
use crate::drawn_secret::DrawnSecret;
use crate::error::ApiError;
use crate::http::public_origin::link_base;
use crate::http::visitor::Visitor;
use crate::mail::{Mail, MailKind, SeenDeed};
use crate::state::App;

/// An answer is written within this.
const ANSWER_TIME: Duration = Duration::from_millis(50);
const LIMITS: MailLimits = MailLimits { per_purpose: 3, per_person: 6 };
const HOUR_MS: i64 = 60 * 60 * 1_000;
const VERIFY_LASTS_MS: i64 = 24 * HOUR_MS;
const RESET_LASTS_MS: i64 = HOUR_MS;

/// Mails a link that verifies the address, unless too many were mailed of late; says whether it did.
pub(super) async fn mail_verify_link(app: &App, facts: &SignInFacts) -> Result<bool, ApiError> {
    let link = |base: &str, token: &str| MailKind::VerifyEmail {
        link: format!("{base}/verify-email#token={token}"),
    };
    mail_link(app, facts, LinkPurpose::Verify, VERIFY_LASTS_MS, link).await
}

/// Mails a link that resets the password, unless too many were mailed of late; says whether it did.
pub(super) async fn mail_reset_link(app: &App, facts: &SignInFacts) -> Result<bool, ApiError> {
    let link = |base: &str, token: &str| MailKind::ResetPassword {
        link: format!("{base}/reset-password#token={token}"),
    };
    mail_link(app, facts, LinkPurpose::Reset, RESET_LASTS_MS, link).await
}

/// Mails that somebody tried to register with the address, unless it was mailed too often of late; says whether it did.
pub(super) async fn mail_already_registered(app: &App, facts: &SignInFacts) -> Result<bool, ApiError> {
    let link = |base: &str, _: &str| MailKind::AlreadyRegistered { link: format!("{base}/sign-in") };
    mail_link(app, facts, LinkPurpose::Registered, HOUR_MS, link).await
}

/// Tells somebody that the password was changed.
pub(super) fn mail_password_changed(app: &App, facts: &SignInFacts, visitor: &Visitor) {
    let kind = |deed| MailKind::PasswordChanged { deed };
    mail_deed(app, (&facts.email, facts.locale.as_deref()), visitor, kind);
}

/// Tells somebody what was done to the account.
pub(super) fn mail_user_deed(app: &App, user: &User, visitor: &Visitor, kind: fn(SeenDeed) -> MailKind) {
    mail_deed(app, (&user.email, user.locale.as_deref()), visitor, kind);
}

/// Tells somebody what whoever runs the site has done to the account.
pub(crate) fn mail_site_deed(app: &App, user: &User, kind: fn(SeenDeed) -> MailKind) {
    let Ok(site) = link_base(app) else { return };
    let deed = SeenDeed { at_ms: now_ms(), client_ip: None, site };
    let locale = app.mail_locale(user.locale.as_deref());
    app.mail.send(Mail { to: user.email.clone(), locale, kind: kind(deed) });
}

/// Tells somebody at the address until now that the account has another one, and mails that one a link that verifies
/// it.
pub(crate) fn mail_address_changed(app: &App, before: &User) {
    mail_site_deed(app, before, |deed| MailKind::EmailChanged { deed });
    let (mailing_app, user) = (app.clone(), before.id);
    after_the_answer(app, "verify_changed_address", async move {
        match mailing_app.store.load_sign_in_facts(&Login::Id(user)).await? {
            Some(facts) => mail_verify_link(&mailing_app, &facts).await.map(drop),
            None => Ok(()),
        }
    });
}

/// Tells somebody that this session was made, if it was from where there was none before.
pub(super) fn mail_new_device(app: &App, user: &User, visitor: &Visitor, session: SessionId) {
    if !app.mail.reaches(&user.email) {
        return;
    }
    let (mailing_app, user, visitor) = (app.clone(), user.clone(), visitor.clone());
    after_the_answer(app, "new_device", async move {
        if mailing_app.store.is_session_of_new_device(session).await? {
            mail_user_deed(&mailing_app, &user, &visitor, |deed| MailKind::NewDevice { deed });
        }
        Ok(())
    });
}

fn mail_deed(
    app: &App,
    (to, locale): (&Email, Option<&str>),
    visitor: &Visitor,
    kind: impl FnOnce(SeenDeed) -> MailKind,
) {
    let Ok(site) = link_base(app) else { return };
    let deed = SeenDeed { at_ms: now_ms(), client_ip: Some(visitor.client_ip), site };
    app.mail.send(Mail { to: to.clone(), locale: app.mail_locale(locale), kind: kind(deed) });
}

/// Does what differs by whether an address is known after the answer, so that the answer takes as long for both.
pub(super) fn after_the_answer(
    app: &App,
    what: &'static str,
    work: impl Future<Output = Result<(), ApiError>> + Send + 'static,
) {
    app.mail.prepare(what, async move {
        // By then the answer is on its way, so that it does not wait for the processor either.
        tokio::time::sleep(ANSWER_TIME).await;
        if let Err(failure) = work.await {
            error!(what, error = failure.operator_text(), "what was asked for by mail failed");
        }
    });
}

/// Refuses what cannot be done without a mail server and an address of the site.
pub(super) fn require_mail(app: &App) -> Result<(), ApiError> {
    if !app.mail.enabled() {
        let message = "This site sends no mails. Ask whoever runs it.";
        return Err(ApiError::new(ErrorCode::Conflict, message));
    }
    link_base(app).map(drop)
}

/// What is answered to a token that is good for nothing.
pub(super) fn dead_link() -> ApiError {
    ApiError::new(ErrorCode::InvalidLink, "The link is unknown, used or too old. Ask for another one.")
}

async fn mail_link(
    app: &App,
    facts: &SignInFacts,
    purpose: LinkPurpose,
    lasts_ms: i64,
    kind: impl FnOnce(&str, &str) -> MailKind,
) -> Result<bool, ApiError> {
    if !app.mail.enabled() {
        return Ok(false);
    }
    let base = link_base(app)?;
    let token = DrawnSecret::draw()?;
    let link =
        NewMailedLink { hash: token.hash(), purpose, user: facts.user, email: facts.email.clone(), lasts_ms };
    if !app.store.create_mailed_link(&link, LIMITS).await? {
        debug!(purpose = purpose.name(), "a person was mailed often enough");
        return Ok(false);
    }
    let kind = kind(&base, token.reveal());
    app.mail.send(Mail { to: facts.email.clone(), locale: app.mail_locale(facts.locale.as_deref()), kind });
    Ok(true)
}
