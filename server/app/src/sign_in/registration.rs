//! Registering, and verifying an address.
//!
//! Nothing that is answered tells whether the site knows an address: what differs by it is done after the answer, and
//! only whoever reads the address's mail learns of it.

use axum::extract::State;
use axum::http::StatusCode;
use waystation_api::error::{ErrorCode, ErrorReply};
use waystation_api::registration::{
    Accepted, EmailVerification, NextStep, Registration, VerificationRequest,
};
use waystation_ids::UserId;
use waystation_store::{ChangeKind, Login, SignInFacts, StoreError};

use crate::audit_trail::Deed;
use crate::drawn_secret::DrawnSecret;
use crate::error::ApiError;
use crate::http::body::Json;
use crate::http::visitor::Visitor;
use crate::passwords::check_password_field;
use crate::sign_in::backoff::Bucket;
use crate::sign_in::mailed_links::{
    after_the_answer, dead_link, mail_already_registered, mail_verify_link, require_mail,
};
use crate::sign_in::policy::{
    Admission, NewPerson, check_registration, enter_newcomer, give_gift_or_leave_it,
};
use crate::state::App;

/// Register
///
/// The answer is the same for an address that is known here; its holder gets a mail that says so.
#[utoipa::path(
    post, path = "/auth/register", tag = "auth", operation_id = "register", request_body = Registration,
    responses(
        (status = 202, description = "What comes next", body = Accepted),
        (status = 400, description = "The password is weak, or the invitation is good for nothing", body = ErrorReply),
        (status = 403, description = "The site takes nobody new, or not this address", body = ErrorReply),
        (status = 409, description = "The username is taken", body = ErrorReply),
        (status = 429, description = "The client has asked too often", body = ErrorReply),
    ),
)]
pub(super) async fn register(
    State(app): State<App>,
    visitor: Visitor,
    Json(body): Json<Registration>,
) -> Result<(StatusCode, Json<Accepted>), ApiError> {
    app.mail_allowance.take(&visitor).await?;
    let admission = check_registration(&app, &body.email, body.invite.as_deref()).await?;
    check_password_field("password", &body.password, Some(&body.email))?;
    // Names are chosen in the open, unlike addresses.
    if let Some(username) = &body.username
        && app.store.load_sign_in_facts(&Login::Username(username.clone())).await?.is_some()
    {
        return Err(StoreError::Taken("username").into());
    }
    let must_verify = app.config.requires_verification() && !admission.shows_address();
    if must_verify {
        require_mail(&app)?;
    }
    let person = NewPerson {
        password_hash: Some(app.passwords.hash(&body.password).await?),
        email: body.email,
        username: body.username,
        display_name: body.display_name.map(String::from),
        is_email_verified: false,
        locale: body.locale,
        identity: None,
    };
    let next = if must_verify { NextStep::OpenMail } else { NextStep::SignIn };
    // Whoever was invited, or signs in next, has to hear whether it succeeded.
    let is_heard = admission.has_invite() || !must_verify;
    let entering = enter_or_tell(app.clone(), visitor, person, admission, must_verify);
    match is_heard {
        true => entering.await?,
        false => after_the_answer(&app, "register", entering),
    }
    Ok((StatusCode::ACCEPTED, Json(Accepted { next })))
}

/// Verify an address
///
/// With the token of the mailed link. It signs nobody in.
#[utoipa::path(
    post, path = "/auth/verify-email", tag = "auth", operation_id = "verify_email",
    request_body = EmailVerification,
    responses(
        (status = 204, description = "The address is verified"),
        (status = 400, description = "The link is unknown, used or too old", body = ErrorReply),
    ),
)]
pub(super) async fn verify_email(
    State(app): State<App>,
    visitor: Visitor,
    Json(body): Json<EmailVerification>,
) -> Result<StatusCode, ApiError> {
    app.backoff.admit(Bucket::Client, &visitor).await?;
    let entry = |user: UserId| {
        let target = user.to_string();
        Deed { action: "user.verify_email", target: Some(("user", &target)) }
            .by_stranger(Some(user), &visitor)
    };
    let verified = match DrawnSecret::hash_of(&body.token) {
        Some(hash) => app.store.verify_email(&hash, entry).await?,
        None => None,
    };
    let Some(facts) = verified else {
        app.backoff.note_failure(Bucket::Client, &visitor).await;
        return Err(dead_link());
    };
    app.backoff.note_success(Bucket::Client, &visitor).await;
    app.changes.announce(ChangeKind::User, facts.user).await;
    give_gift_or_leave_it(&app, facts.user).await;
    Ok(StatusCode::NO_CONTENT)
}

/// Mail the link that verifies an address again
///
/// The answer is the same for every address.
#[utoipa::path(
    post, path = "/auth/resend-verification", tag = "auth", operation_id = "resend_verification",
    request_body = VerificationRequest,
    responses(
        (status = 202, description = "A mail goes out if somebody has registered with the address and not verified it", body = Accepted),
        (status = 409, description = "The site sends no mails", body = ErrorReply),
        (status = 429, description = "The client has asked too often", body = ErrorReply),
    ),
)]
pub(super) async fn resend_verification(
    State(app): State<App>,
    visitor: Visitor,
    Json(body): Json<VerificationRequest>,
) -> Result<(StatusCode, Json<Accepted>), ApiError> {
    require_mail(&app)?;
    app.mail_allowance.take(&visitor).await?;
    let mailing = {
        let app = app.clone();
        async move {
            match app.store.load_sign_in_facts(&Login::Email(body.email)).await? {
                Some(facts) if is_to_be_verified(&facts) => mail_verify_link(&app, &facts).await.map(drop),
                _ => Ok(()),
            }
        }
    };
    after_the_answer(&app, "resend_verification", mailing);
    Ok((StatusCode::ACCEPTED, Json(Accepted { next: NextStep::OpenMail })))
}

/// Whether somebody entered themselves with an address that nobody vouches for.
pub(super) fn is_to_be_verified(facts: &SignInFacts) -> bool {
    facts.has_registered && !facts.is_email_verified
}

/// Enters the person, or tells whoever has the address already.
async fn enter_or_tell(
    app: App,
    visitor: Visitor,
    person: NewPerson,
    admission: Admission,
    must_verify: bool,
) -> Result<(), ApiError> {
    let login = Login::Email(person.email.clone());
    if let Some(facts) = app.store.load_sign_in_facts(&login).await? {
        return tell_of_registration(&app, &visitor, &facts).await;
    }
    let entered = enter_newcomer(&app, person, &admission, &visitor).await;
    match entered {
        Ok(_) if !must_verify => Ok(()),
        Ok(_) => match app.store.load_sign_in_facts(&login).await? {
            Some(facts) => mail_verify_link(&app, &facts).await.map(drop),
            None => Ok(()),
        },
        // Somebody else has taken the address, or the username, meanwhile.
        Err(error) if error.code() == ErrorCode::AlreadyExists => {
            match app.store.load_sign_in_facts(&login).await? {
                Some(facts) => tell_of_registration(&app, &visitor, &facts).await,
                None => Err(error),
            }
        }
        Err(error) => Err(error),
    }
}

async fn tell_of_registration(app: &App, visitor: &Visitor, facts: &SignInFacts) -> Result<(), ApiError> {
    let is_told = match is_to_be_verified(facts) && app.config.requires_verification() {
        true => mail_verify_link(app, facts).await?,
        false => mail_already_registered(app, facts).await?,
    };
    // As often as it is mailed, so that nobody fills the log with it.
    if is_told {
        let target = facts.user.to_string();
        let deed = Deed { action: "user.register_again", target: Some(("user", &target)) };
        app.store.append_audit_entry(&deed.by_stranger(None, visitor)).await?;
    }
    Ok(())
}
