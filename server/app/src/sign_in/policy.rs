//! Who may register, and what comes with it.

use serde_json::json;
use tracing::error;
use waystation_api::error::ErrorCode;
use waystation_api::locale::Locale;
use waystation_ids::{AccountId, Email, InviteId, Role, UserId, Username};
use waystation_store::{AuditEntry, ChangeKind, EnterError, NewIdentity, NewUser, Newcomer, User};

use crate::audit_trail::{Deed, state_of};
use crate::clock::now_ms;
use crate::config::{LiveConfig, Registration};
use crate::drawn_secret::DrawnSecret;
use crate::error::ApiError;
use crate::http::visitor::Visitor;
use crate::random::random_bytes;
use crate::sign_in::gift::{give_promised_gift, promised_gift_nanos};
use crate::state::App;

/// The leave to register. Only [`check_registration`] gives it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Admission {
    /// The invitation that is used up by it.
    invite: Option<InviteId>,
    /// Whether the invitation went to this address alone, and so shows that the person holds it.
    shows_address: bool,
}

/// A person to enter, before the ids are drawn.
pub(crate) struct NewPerson {
    /// The address.
    pub(crate) email: Email,
    /// The name to sign in with; the person's once the address is verified.
    pub(crate) username: Option<Username>,
    /// What the person is called; none: what stands before the `@`.
    pub(crate) display_name: Option<String>,
    /// None: no sign-in by password.
    pub(crate) password_hash: Option<String>,
    /// Whether somebody who is to be believed says that the person holds the address.
    pub(crate) is_email_verified: bool,
    /// The language of mails; none: the site's.
    pub(crate) locale: Option<Locale>,
    /// The account with an identity provider by which the person comes.
    pub(crate) identity: Option<NewIdentity>,
}

impl Admission {
    /// Whether the invitation shows that the person holds the address.
    pub(crate) fn shows_address(&self) -> bool {
        self.shows_address
    }

    /// Whether an invitation is used up by it.
    pub(crate) fn has_invite(&self) -> bool {
        self.invite.is_some()
    }
}

/// Whether somebody with this address may register. Nothing of it depends on whether the address is known here.
pub(crate) async fn check_registration(
    app: &App,
    email: &Email,
    invite: Option<&str>,
) -> Result<Admission, ApiError> {
    let live = app.site.current().await?;
    let invite = match (live.auth_registration, invite) {
        (Registration::Closed, _) => return Err(closed("This site takes nobody new.")),
        (Registration::Invite, None) => return Err(closed("This site takes whoever is invited.")),
        (_, None) => None,
        (_, Some(token)) => Some(find_invite(app, email, token).await?),
    };
    // Whoever invites an address by name has decided on it already.
    if !matches!(&invite, Some(admission) if admission.shows_address) && !is_domain_allowed(&live, email) {
        return Err(closed("This site takes addresses of certain domains only."));
    }
    Ok(invite.unwrap_or(Admission { invite: None, shows_address: false }))
}

/// Enters a person who registers, and gives what was promised, unless the address is still to be verified. An address
/// or username that is taken is [`ErrorCode::AlreadyExists`]: who must not learn that is for the caller to see to.
pub(crate) async fn enter_newcomer(
    app: &App,
    person: NewPerson,
    admission: &Admission,
    visitor: &Visitor,
) -> Result<User, ApiError> {
    let id = UserId::new(now_ms(), random_bytes()?);
    let display_name = person.display_name.unwrap_or_else(|| person.email.local_part().to_owned());
    let is_email_verified = person.is_email_verified || admission.shows_address;
    // Only where nothing is to be verified is it the person's at once: see `Newcomer::wanted_username`.
    let is_let_in = is_email_verified || !app.config.requires_verification();
    let (username, wanted_username) =
        if is_let_in { (person.username, None) } else { (None, person.username) };
    let live = app.site.current().await?;
    let newcomer = Newcomer {
        user: NewUser {
            id,
            cash_account: AccountId::new(now_ms(), random_bytes()?),
            email: person.email,
            username,
            display_name,
            role: Role::User,
            password_hash: person.password_hash,
            is_demo: false,
            identity: person.identity,
        },
        is_email_verified,
        wanted_username,
        locale: person.locale.map(|locale| locale.tag().to_owned()),
        invite: admission.invite,
        promised_gift_nanos: promised_gift_nanos(&live),
    };
    let target = id.to_string();
    let mut entry =
        Deed { action: "user.register", target: Some(("user", &target)) }.by_stranger(Some(id), visitor);
    entry.after = state_of(&json!({ "is_email_verified": is_email_verified, "invite": admission.invite }));
    let mut entries = vec![entry];
    entries.extend(newcomer.user.identity.as_ref().map(|identity| {
        let target = identity.id.to_string();
        let deed = Deed { action: "identity.link", target: Some(("identity", &target)) };
        AuditEntry { after: shown_identity(identity), ..deed.by_stranger(Some(id), visitor) }
    }));
    let user = app.store.enter_newcomer(&newcomer, &entries).await?;
    app.changes.announce(ChangeKind::User, id).await;
    if is_let_in {
        give_gift_or_leave_it(app, id).await;
    }
    Ok(user)
}

/// An account with an identity provider as the audit log shows it.
pub(super) fn shown_identity(identity: &NewIdentity) -> Option<String> {
    state_of(&json!({
        "provider": identity.provider,
        "issuer": identity.issuer,
        "subject": identity.subject,
        "email": identity.email,
    }))
}

/// Gives what was promised; where that fails now, the next sign-in does it.
pub(super) async fn give_gift_or_leave_it(app: &App, user: UserId) {
    if let Err(failure) = give_promised_gift(app, user).await {
        error!(%user, error = failure.operator_text(), "what was promised for registering is not given yet");
    }
}

async fn find_invite(app: &App, email: &Email, token: &str) -> Result<Admission, ApiError> {
    let found = match DrawnSecret::hash_of(token) {
        Some(hash) => app.store.load_open_invite(&hash).await?,
        None => None,
    };
    let invite = found.filter(|invite| invite.email.as_ref().is_none_or(|invited| invited == email));
    let invite = invite.ok_or_else(invite_gone)?;
    Ok(Admission { shows_address: invite.email.is_some(), invite: Some(invite.id) })
}

fn is_domain_allowed(live: &LiveConfig, email: &Email) -> bool {
    let allowed = &live.auth_allowed_domains;
    let domain = email.as_str().rsplit_once('@').map_or("", |(_, domain)| domain);
    allowed.is_empty() || allowed.iter().any(|known| known.as_str() == domain)
}

fn closed(message: &str) -> ApiError {
    ApiError::new(ErrorCode::RegistrationClosed, message)
}

fn invite_gone() -> ApiError {
    let message = "The invitation is unknown, used or too old, or it is for another address.";
    ApiError::new(ErrorCode::InvalidLink, message)
}

impl From<EnterError> for ApiError {
    fn from(error: EnterError) -> Self {
        match error {
            EnterError::InviteGone => invite_gone(),
            EnterError::Store(error) => error.into(),
        }
    }
}
