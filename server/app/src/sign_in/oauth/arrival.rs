//! What becomes of somebody whom a provider has named.

use axum::response::Response;
use sha2::{Digest, Sha256};
use waystation_api::error::ErrorCode;
use waystation_api::oauth::OauthPurpose;
use waystation_ids::{Email, IdentityId};
use waystation_store::{ChangeKind, LinkIdentityError, NewIdentity, StoreError, User};

use crate::audit_trail::Deed;
use crate::auth::Actor;
use crate::clock::now_ms;
use crate::error::ApiError;
use crate::hex::write_hex;
use crate::http::visitor::Visitor;
use crate::random::random_bytes;
use crate::sign_in::completion::{ProvedBy, Reception, complete_sign_in};
use crate::sign_in::oauth::failure::OauthFailure;
use crate::sign_in::oauth::profile::Profile;
use crate::sign_in::oauth::provider::Provider;
use crate::sign_in::oauth::step::TakenStep;
use crate::sign_in::policy::{NewPerson, check_registration, enter_newcomer, shown_identity};
use crate::state::App;

/// What became of it.
pub(super) enum Arrival {
    /// The account with the provider is linked to the person who is signed in.
    Linked,
    /// What the sign-in answers.
    SignedIn(Response),
}

/// Signs in the person whom the provider means, enters who is new here, or links.
pub(super) async fn arrive(
    app: &App,
    visitor: &Visitor,
    provider: &Provider,
    taken: &TakenStep,
    actor: Option<&Actor>,
    profile: Profile,
) -> Result<Arrival, OauthFailure> {
    if taken.step.purpose == OauthPurpose::Link {
        link(app, visitor, taken, actor, &profile).await?;
        return Ok(Arrival::Linked);
    }
    let user = match app.store.find_identity(&profile.issuer, &profile.subject).await? {
        Some((identity, user)) => {
            let email = profile.email.as_ref().map(|(email, _)| email.as_str());
            app.store.record_identity_use(identity.id, email).await?;
            user
        }
        None => enter(app, visitor, provider, taken, &profile).await?,
    };
    let reply = complete_sign_in(app, visitor, user, ProvedBy::Oauth, Reception::Cookie).await?;
    Ok(Arrival::SignedIn(reply))
}

/// Links for the person whose session began it, and only if the provider asserts whose address it shows: an account
/// there that anybody can open under any address is no proof of anything.
async fn link(
    app: &App,
    visitor: &Visitor,
    taken: &TakenStep,
    actor: Option<&Actor>,
    profile: &Profile,
) -> Result<(), OauthFailure> {
    let actor = actor.filter(|actor| taken.owner == Some((actor.id(), actor.session())));
    let actor = actor.ok_or(OauthFailure::OtherSession)?;
    actor.check_second_factor()?;
    if profile.verified_email().is_none() {
        return Err(OauthFailure::EmailUnverified);
    }
    let identity = new_identity(&taken.step.provider, profile)?;
    let id = identity.id.to_string();
    let mut entry = Deed { action: "identity.link", target: Some(("identity", &id)) }.by(actor, visitor);
    entry.after = shown_identity(&identity);
    match app.store.link_identity(actor.id(), &identity, &entry).await {
        Ok(_) => {
            app.changes.announce(ChangeKind::User, actor.id()).await;
            Ok(())
        }
        Err(LinkIdentityError::Taken) => Err(OauthFailure::IdentityTaken),
        Err(LinkIdentityError::TooMany) => Err(OauthFailure::TooManyIdentities),
        Err(LinkIdentityError::Store(error)) => Err(error.into()),
    }
}

/// Enters somebody whom nobody here knows. An address that is somebody's here is never joined, whoever asserts it.
async fn enter(
    app: &App,
    visitor: &Visitor,
    provider: &Provider,
    taken: &TakenStep,
    profile: &Profile,
) -> Result<User, OauthFailure> {
    if !provider.settings().auto_register {
        return Err(OauthFailure::RegistrationClosed);
    }
    let email = match profile.verified_email() {
        Some(email) => email.clone(),
        None => stand_in_address(&taken.step.provider, profile)?,
    };
    match app.store.load_user_by_email(&email).await {
        Ok(_) => return Err(OauthFailure::AccountExists),
        Err(StoreError::Missing(_)) => {}
        Err(error) => return Err(error.into()),
    }
    let admission = check_registration(app, &email, taken.step.invite.as_deref()).await?;
    let identity = new_identity(&taken.step.provider, profile)?;
    let person = NewPerson {
        email,
        username: None,
        display_name: profile.name.clone(),
        password_hash: None,
        is_email_verified: profile.verified_email().is_some(),
        locale: None,
        identity: Some(identity),
    };
    match enter_newcomer(app, person, &admission, visitor).await {
        Ok(user) => Ok(user),
        // Somebody came in between, by the same address or the same account with the provider.
        Err(error) if error.code() == ErrorCode::AlreadyExists => Err(OauthFailure::AccountExists),
        Err(error) => Err(error.into()),
    }
}

fn new_identity(provider: &str, profile: &Profile) -> Result<NewIdentity, ApiError> {
    Ok(NewIdentity {
        id: IdentityId::new(now_ms(), random_bytes()?),
        provider: provider.to_owned(),
        issuer: profile.issuer.clone(),
        subject: profile.subject.clone(),
        email: profile.email.as_ref().map(|(email, _)| email.to_string()),
    })
}

/// An address that nobody has (RFC 2606, section 2), for people whose own is not known for sure: the one that the
/// provider shows may be somebody else's, who would find the account taken.
fn stand_in_address(provider: &str, profile: &Profile) -> Result<Email, ApiError> {
    let mut hash = Sha256::new();
    hash.update((profile.issuer.len() as u64).to_be_bytes());
    hash.update(profile.issuer.as_bytes());
    hash.update(profile.subject.as_bytes());
    let digits = write_hex(&hash.finalize()[..10]);
    format!("{provider}+{digits}@invalid").parse().map_err(ApiError::internal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stand_in_address_is_one_persons_at_one_issuer() {
        let address = |issuer: &str, subject: &str| {
            let profile =
                Profile { issuer: issuer.to_owned(), subject: subject.to_owned(), email: None, name: None };
            stand_in_address("linuxdo", &profile).unwrap().to_string()
        };
        assert_eq!(address("a", "7"), address("a", "7"));
        assert_ne!(address("a", "7"), address("a", "8"));
        assert_ne!(address("a", "7"), address("b", "7"));
        assert_ne!(address("ab", "c"), address("a", "bc"));
        assert!(address("a", "7").starts_with("linuxdo+") && address("a", "7").ends_with("@invalid"));
        let long = Profile { issuer: "i".repeat(255), subject: "s".repeat(255), email: None, name: None };
        assert!(stand_in_address(&"a".repeat(32), &long).is_ok());
    }
}
