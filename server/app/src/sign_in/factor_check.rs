//! Whether what somebody sends is their second factor. What is right is used up.

use std::future::Future;

use sha2::{Digest, Sha256};
use waystation_api::passkeys::UsedCredential;
use waystation_ids::UserId;

use crate::audit_trail::Deed;
use crate::base64_text::read_base64;
use crate::clock::now_ms;
use crate::error::ApiError;
use crate::http::visitor::Visitor;
use crate::mail::MailKind;
use crate::sign_in::backoff::Bucket;
use crate::sign_in::mailed_links::mail_user_deed;
use crate::sign_in::passkeys::read_credential;
use crate::sign_in::recovery_code::hash_code;
use crate::sign_in::relying_party::{CeremonyError, RelyingParty, UseUnderWay, is_backed_up};
use crate::sign_in::totp::open_secret;
use crate::state::App;

/// Checks a guess at somebody's secret, unless too many were made: of those who know it, nobody is kept out.
pub(super) async fn check_guess(
    app: &App,
    visitor: &Visitor,
    user: UserId,
    checking: impl Future<Output = Result<bool, ApiError>>,
) -> Result<bool, ApiError> {
    let account = user.to_string();
    let bucket = Bucket::Account(&account);
    app.backoff.admit(bucket, visitor).await?;
    let is_right = checking.await?;
    match is_right {
        true => app.backoff.note_success(bucket, visitor).await,
        false => app.backoff.note_failure(bucket, visitor).await,
    }
    Ok(is_right)
}

/// Takes a code of somebody's authenticator app.
pub(super) async fn check_totp(app: &App, user: UserId, code: &str) -> Result<bool, ApiError> {
    let Some(totp) = app.store.load_totp(user).await?.filter(|totp| totp.confirmed_at_ms.is_some()) else {
        return Ok(false);
    };
    match open_secret(app, user, &totp.sealed)?.find_step(code, now_ms()) {
        Some(step) => Ok(app.store.take_totp_step(user, step).await?),
        None => Ok(false),
    }
}

/// Takes one of somebody's recovery codes.
pub(super) async fn check_recovery_code(
    app: &App,
    visitor: &Visitor,
    user: UserId,
    code: &str,
) -> Result<bool, ApiError> {
    let Some(hash) = hash_code(code) else { return Ok(false) };
    let id = user.to_string();
    let deed = Deed { action: "recovery_code.use", target: Some(("user", &id)) };
    let is_right = app.store.take_recovery_code(user, &hash, &deed.by_stranger(Some(user), visitor)).await?;
    if is_right {
        let owner = app.store.load_user(user).await?;
        mail_user_deed(app, &owner, visitor, |deed| MailKind::RecoveryCodeUsed { deed });
    }
    Ok(is_right)
}

/// Whose passkey signed what was asked; none: nobody's. A passkey that `owner` does not have is nobody's either; where
/// no owner is named, the passkey has to name its own.
pub(super) async fn check_passkey(
    app: &App,
    visitor: &Visitor,
    under_way: &UseUnderWay,
    answer: &UsedCredential,
    owner: Option<UserId>,
) -> Result<Option<UserId>, ApiError> {
    let Some(name) = read_base64(&answer.raw_id) else { return Ok(None) };
    let Some(passkey) = app.store.find_passkey(&Sha256::digest(&name).into()).await? else {
        return Ok(None);
    };
    let handle = answer.response.user_handle.as_deref().map(read_base64);
    let is_owned = match handle {
        Some(handle) => handle.as_deref() == Some(passkey.user.uuid().as_bytes()),
        None => owner.is_some(),
    };
    if !is_owned || owner.is_some_and(|owner| owner != passkey.user) {
        return Ok(None);
    }
    let mut known = read_credential(&passkey)?;
    match RelyingParty::of(app)?.finish_use(answer, under_way, &mut known) {
        Ok(()) => {
            let used = serde_json::to_string(&known).map_err(ApiError::internal)?;
            let is_backed_up = is_backed_up(&known);
            let is_current =
                app.store.use_passkey(passkey.id, &passkey.credential, &used, is_backed_up).await?;
            Ok(is_current.then_some(passkey.user))
        }
        Err(CeremonyError::Counter) => {
            // There may be two of it: its owner has to know.
            let id = passkey.id.to_string();
            let deed = Deed { action: "passkey.counter_went_back", target: Some(("passkey", &id)) };
            app.store.append_audit_entry(&deed.by_stranger(Some(passkey.user), visitor)).await?;
            Ok(None)
        }
        Err(_) => Ok(None),
    }
}
