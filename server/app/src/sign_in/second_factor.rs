//! The second factor of a sign-in: asked for after a first proof that was right, and good for five tries.

use axum::extract::State;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use serde_json::json;
use waystation_api::error::{ErrorCode, ErrorReply, FieldCode};
use waystation_api::passkeys::{PasskeyUseOptions, UsedCredential};
use waystation_api::second_factors::{ChallengeQuery, SecondFactorAnswer};
use waystation_api::sign_in::{Reception, SecondFactor, SecondFactorChallenge, SignInReply};
use waystation_ids::UserId;
use waystation_store::{PendingKind, SecondFactors, User};

use crate::audit_trail::{Deed, state_of};
use crate::drawn_secret::DrawnSecret;
use crate::error::ApiError;
use crate::http::body::Json;
use crate::http::visitor::Visitor;
use crate::sign_in::completion::{ProvedBy, open_session};
use crate::sign_in::factor_check::{check_guess, check_passkey, check_recovery_code, check_totp};
use crate::sign_in::passkeys::load_credentials;
use crate::sign_in::relying_party::{RelyingParty, UseUnderWay};
use crate::sign_in::step_token::{Step, begin_step, open_state};
use crate::state::App;

const TRIES_MAX: i64 = 5;

/// What a sign-in that waits for its second factor needs to go on.
#[derive(Serialize, Deserialize)]
struct UnderWay {
    user: UserId,
    reception: Reception,
    /// What a passkey is to sign; none on a site whose address no passkey can be bound to.
    passkey: Option<UseUnderWay>,
}

/// A second factor as it is sent.
enum Sent {
    Totp(String),
    RecoveryCode(String),
    Passkey(UsedCredential),
}

/// What somebody has as second factors; none: the first one is enough.
pub(crate) async fn methods_of(app: &App, user: UserId) -> Result<Vec<SecondFactor>, ApiError> {
    Ok(methods_among(app.store.load_second_factors(user).await?))
}

/// Begins to ask for the second factor of somebody who has one.
pub(crate) async fn begin_challenge(
    app: &App,
    visitor: &Visitor,
    user: &User,
    proved_by: ProvedBy,
    reception: Reception,
) -> Result<SecondFactorChallenge, ApiError> {
    let site = RelyingParty::of(app).ok();
    let passkey = site.map(|site| site.start_use()).transpose().map_err(ApiError::internal)?;
    let under_way = UnderWay { user: user.id, reception, passkey };
    let step = Step {
        kind: PendingKind::SecondFactor,
        user: Some(user.id),
        session: None,
        browser: None,
        state: &under_way,
    };
    let token = begin_step(app, step).await?;
    let id = user.id.to_string();
    let deed = Deed { action: "second_factor.ask", target: Some(("user", &id)) };
    let mut entry = deed.by_stranger(Some(user.id), visitor);
    entry.after = state_of(&json!({"proved_by": proved_by.name()}));
    app.store.append_audit_entry(&entry).await?;
    describe(app, token.reveal().to_owned(), &under_way).await
}

/// Show what a sign-in waits for
///
/// For a page that was given the challenge only, in its address.
#[utoipa::path(
    post, path = "/auth/second-factor/methods", tag = "auth", operation_id = "show_second_factor_challenge",
    request_body = ChallengeQuery,
    responses(
        (status = 200, description = "What is asked for", body = SecondFactorChallenge),
        (status = 400, description = "The challenge is unknown, used or too old", body = ErrorReply),
    ),
)]
pub(super) async fn show_second_factor_challenge(
    State(app): State<App>,
    Json(body): Json<ChallengeQuery>,
) -> Result<Json<SecondFactorChallenge>, ApiError> {
    let hash = DrawnSecret::hash_of(&body.challenge).ok_or_else(challenge_ended)?;
    let found = app.store.find_pending(&hash, PendingKind::SecondFactor).await?;
    let under_way = open_state(&app, &hash, &found.ok_or_else(challenge_ended)?)?;
    Ok(Json(describe(&app, body.challenge, &under_way).await?))
}

/// Sign in with the second factor
///
/// After five tries, or five minutes, the sign-in has to begin anew.
#[utoipa::path(
    post, path = "/auth/second-factor", tag = "auth", operation_id = "finish_second_factor",
    request_body = SecondFactorAnswer,
    responses(
        (status = 200, description = "The caller is signed in", body = SignInReply),
        (status = 400, description = "The challenge is unknown, used or too old", body = ErrorReply),
        (status = 401, description = "The second factor is wrong", body = ErrorReply),
        (status = 429, description = "Too many tries", body = ErrorReply),
    ),
)]
pub(super) async fn finish_second_factor(
    State(app): State<App>,
    visitor: Visitor,
    Json(body): Json<SecondFactorAnswer>,
) -> Result<Response, ApiError> {
    let hash = DrawnSecret::hash_of(&body.challenge).ok_or_else(challenge_ended)?;
    let sent = only_one(body)?;
    // Whose it is has to be known before the try is counted: whoever is to come again later loses none.
    let found = app.store.find_pending(&hash, PendingKind::SecondFactor).await?;
    let under_way: UnderWay = open_state(&app, &hash, &found.ok_or_else(challenge_ended)?)?;
    let checking = try_factor(&app, &visitor, &hash, &under_way, &sent);
    if !check_guess(&app, &visitor, under_way.user, checking).await? {
        return Err(refuse(&app, &visitor, under_way.user, &sent).await?);
    }
    let taken = app.store.take_pending(&hash, PendingKind::SecondFactor).await?;
    taken.ok_or_else(challenge_ended)?;
    let user = app.store.load_user(under_way.user).await?;
    open_session(&app, &visitor, user, ProvedBy::TwoFactors, under_way.reception).await
}

/// Counts a try before it is looked at: of many at once, no more than may be tried are.
async fn try_factor(
    app: &App,
    visitor: &Visitor,
    hash: &[u8; 32],
    under_way: &UnderWay,
    sent: &Sent,
) -> Result<bool, ApiError> {
    let tried = app.store.try_pending(hash, PendingKind::SecondFactor, TRIES_MAX).await?;
    tried.ok_or_else(challenge_ended)?;
    match sent {
        Sent::Totp(code) => check_totp(app, under_way.user, code).await,
        Sent::RecoveryCode(code) => check_recovery_code(app, visitor, under_way.user, code).await,
        Sent::Passkey(answer) => {
            let Some(asked) = &under_way.passkey else { return Ok(false) };
            let owner = check_passkey(app, visitor, asked, answer, Some(under_way.user)).await?;
            Ok(owner.is_some())
        }
    }
}

/// Writes down that a second factor was wrong.
async fn refuse(app: &App, visitor: &Visitor, user: UserId, sent: &Sent) -> Result<ApiError, ApiError> {
    let id = user.to_string();
    let deed = Deed { action: "sign_in.failed", target: Some(("user", &id)) };
    let mut entry = deed.by_stranger(Some(user), visitor);
    entry.after = state_of(&json!({"step": "second_factor", "by": sent.name()}));
    app.store.append_audit_entry(&entry).await?;
    Ok(ApiError::new(ErrorCode::InvalidCredentials, "This is not the second factor."))
}

async fn describe(app: &App, token: String, under_way: &UnderWay) -> Result<SecondFactorChallenge, ApiError> {
    let methods = methods_of(app, under_way.user).await?;
    let passkey = match methods.contains(&SecondFactor::Passkey) {
        true => passkey_options(app, under_way).await?,
        false => None,
    };
    Ok(SecondFactorChallenge { challenge: token, methods, passkey })
}

/// What to ask of a browser; none on a site whose address no passkey is bound to.
async fn passkey_options(app: &App, under_way: &UnderWay) -> Result<Option<PasskeyUseOptions>, ApiError> {
    let Some(asked) = &under_way.passkey else { return Ok(None) };
    Ok(Some(asked.options(&load_credentials(app, under_way.user).await?)))
}

/// Recovery codes stand in for another factor; by themselves they are none.
fn methods_among(factors: SecondFactors) -> Vec<SecondFactor> {
    let among = [
        (SecondFactor::Totp, factors.totp),
        (SecondFactor::Passkey, factors.passkeys > 0),
        (SecondFactor::RecoveryCode, factors.is_any() && factors.recovery_codes > 0),
    ];
    among.into_iter().filter(|(_, has)| *has).map(|(method, _)| method).collect()
}

fn only_one(body: SecondFactorAnswer) -> Result<Sent, ApiError> {
    match (body.totp, body.recovery_code, body.passkey) {
        (Some(code), None, None) => Ok(Sent::Totp(code)),
        (None, Some(code), None) => Ok(Sent::RecoveryCode(code)),
        (None, None, Some(answer)) => Ok(Sent::Passkey(answer)),
        _ => Err(ApiError::field("totp", FieldCode::Invalid, "send one of totp, recovery_code and passkey")),
    }
}

fn challenge_ended() -> ApiError {
    ApiError::new(ErrorCode::InvalidLink, "This sign-in is unknown, ended or too old. Begin anew.")
}

impl Sent {
    const fn name(&self) -> &'static str {
        match self {
            Sent::Totp(_) => "totp",
            Sent::RecoveryCode(_) => "recovery_code",
            Sent::Passkey(_) => "passkey",
        }
    }
}
