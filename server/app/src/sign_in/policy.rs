//! Who may register, and what comes with it.

use serde_json::json;
use waystation_api::error::ErrorCode;
use waystation_ids::{AccountId, Email, Role, UserId, Username};
use waystation_store::{ChangeKind, NewIdentity, NewUser, User};

use crate::audit_trail::{Deed, state_of};
use crate::clock::now_ms;
use crate::config::Registration;
use crate::error::ApiError;
use crate::http::visitor::Visitor;
use crate::random::random_bytes;
use crate::state::App;

/// The leave to register. Only [`check_registration`] gives it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Admission(());

/// A person to enter, before the ids are drawn.
pub(crate) struct NewPerson {
    /// The address.
    pub(crate) email: Email,
    /// The name to sign in with.
    pub(crate) username: Option<Username>,
    /// What the person is called; none: what stands before the `@`.
    pub(crate) display_name: Option<String>,
    /// None: no sign-in by password.
    pub(crate) password_hash: Option<String>,
    /// Whether somebody who is to be believed says that the person holds the address.
    pub(crate) is_email_verified: bool,
    /// The language of mails; none: the site's.
    pub(crate) locale: Option<String>,
    /// The account with an identity provider by which the person comes.
    pub(crate) identity: Option<NewIdentity>,
}

/// Whether somebody with this address may register. Nothing of it depends on whether the address is known here.
pub(crate) async fn check_registration(
    app: &App,
    _email: &Email,
    _invite: Option<&str>,
) -> Result<Admission, ApiError> {
    match app.config.auth_registration {
        Registration::Open => Ok(Admission(())),
        Registration::Invite | Registration::Closed => {
            Err(ApiError::new(ErrorCode::RegistrationClosed, "This site takes nobody new."))
        }
    }
}

/// Enters a person who registers.
pub(crate) async fn enter_newcomer(
    app: &App,
    person: NewPerson,
    _admission: &Admission,
    visitor: &Visitor,
) -> Result<User, ApiError> {
    let id = UserId::new(now_ms(), random_bytes()?);
    let display_name = person.display_name.unwrap_or_else(|| person.email.local_part().to_owned());
    let user = NewUser {
        id,
        cash_account: AccountId::new(now_ms(), random_bytes()?),
        email: person.email,
        username: person.username,
        display_name,
        role: Role::User,
        password_hash: person.password_hash,
        is_demo: false,
        identity: person.identity,
    };
    let user = app.store.create_user(&user).await?;
    let target = id.to_string();
    let mut entry =
        Deed { action: "user.register", target: Some(("user", &target)) }.by_stranger(Some(id), visitor);
    let locale = person.locale;
    entry.after = state_of(&json!({ "is_email_verified": person.is_email_verified, "locale": locale }));
    app.store.append_audit_entry(&entry).await?;
    app.changes.announce(ChangeKind::User, id).await;
    Ok(user)
}
