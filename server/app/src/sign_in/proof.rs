//! Fresh proofs: what is worth stealing needs more than a session. Whoever is signed in proves again who it is, and
//! sends that along, once, within five minutes, from the same session.

use axum::extract::{FromRequestParts, State};
use axum::http::HeaderMap;
use axum::http::request::Parts;
use waystation_api::error::{ErrorCode, ErrorReply, FieldCode};
use waystation_api::passwords::Password;
use waystation_api::second_factors::{PasskeyProof, ProofCreate, ProofGiven, ProofMethod, ProofStarted};
use waystation_api::time::Time;
use waystation_store::{Pending, PendingKind, SessionKind};

use crate::audit_trail::{Deed, state_of};
use crate::auth::Actor;
use crate::drawn_secret::DrawnSecret;
use crate::error::ApiError;
use crate::http::body::Json;
use crate::http::visitor::Visitor;
use crate::passwords::Compared;
use crate::sign_in::factor_check::{check_guess, check_passkey, check_recovery_code, check_totp};
use crate::sign_in::passkeys::{begin_use, take_use};
use crate::sign_in::relying_party::RelyingParty;
use crate::sign_in::step_token::{Step, begin_step, step_time_ms};
use crate::state::App;

const HEADER: &str = "x-proof";

/// That the caller has just proved again who it is. As an extractor it uses up what the header `x-proof` carries.
#[derive(Debug)]
pub(crate) struct FreshProof(());

/// What a call carries as a proof, which is used up by looking at it. For calls of which only some need one.
#[derive(Debug)]
pub(crate) struct OfferedProof {
    actor: Actor,
    hash: Option<[u8; 32]>,
}

/// A proof as it is sent.
enum Sent {
    Password(Password),
    Totp(String),
    RecoveryCode(String),
    Passkey(PasskeyProof),
}

impl OfferedProof {
    /// What a call of this person carries, on routes that anyone may ask.
    pub(super) fn of(actor: Actor, headers: &HeaderMap) -> Self {
        OfferedProof { actor, hash: offered_hash(headers) }
    }

    /// Uses the proof up. Whoever runs commands at the server has proved more.
    pub(crate) async fn redeem(self, app: &App) -> Result<FreshProof, ApiError> {
        if self.actor.session_kind() == SessionKind::Cli || self.is_good(app).await? {
            return Ok(FreshProof(()));
        }
        let methods = proof_methods(app, &self.actor).await?;
        Err(proof_required(&methods))
    }

    /// Shows the proof without using it up, for what changes nothing and comes before what does: the same proof is
    /// good for that.
    pub(crate) async fn show(self, app: &App) -> Result<(), ApiError> {
        let is_good = match &self.hash {
            _ if self.actor.session_kind() == SessionKind::Cli => true,
            Some(hash) => self.is_of_caller(app.store.load_pending(hash, PendingKind::Proof).await?),
            None => false,
        };
        if is_good {
            return Ok(());
        }
        let methods = proof_methods(app, &self.actor).await?;
        Err(proof_required(&methods))
    }

    /// The same; but whoever has nothing yet to prove anything by needs no proof for the first few minutes after
    /// signing in, so that they can set it up.
    pub(crate) async fn redeem_or_set_up(self, app: &App) -> Result<FreshProof, ApiError> {
        let has_just_come = has_just_come(self.actor.signed_in_at_ms(), app.store.now_ms().await?);
        if has_just_come && proof_methods(app, &self.actor).await?.is_empty() {
            return Ok(FreshProof(()));
        }
        self.redeem(app).await
    }

    async fn is_good(&self, app: &App) -> Result<bool, ApiError> {
        let Some(hash) = &self.hash else { return Ok(false) };
        Ok(self.is_of_caller(app.store.take_pending(hash, PendingKind::Proof).await?))
    }

    /// Whether a proof was found, and is one of the caller's own session.
    fn is_of_caller(&self, found: Option<Pending>) -> bool {
        found.is_some_and(|proof| {
            proof.session == Some(self.actor.session()) && proof.user == Some(self.actor.id())
        })
    }
}

impl<S: Sync> FromRequestParts<S> for OfferedProof {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let actor = Actor::from_request_parts(parts, state).await?;
        Ok(OfferedProof::of(actor, &parts.headers))
    }
}

impl FromRequestParts<App> for FreshProof {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        OfferedProof::from_request_parts(parts, app).await?.redeem(app).await
    }
}

/// Begin to prove again who one is
///
/// Says by what the caller can, and what to ask of the browser for a passkey.
#[utoipa::path(
    post, path = "/auth/proof/start", tag = "auth", operation_id = "start_proof",
    responses((status = 200, description = "By what the caller can prove it", body = ProofStarted)),
)]
pub(super) async fn start_proof(
    State(app): State<App>,
    actor: Actor,
) -> Result<Json<ProofStarted>, ApiError> {
    let methods = proof_methods(&app, &actor).await?;
    let has_passkey = methods.contains(&ProofMethod::Passkey) && RelyingParty::of(&app).is_ok();
    let passkey = match has_passkey {
        true => Some(begin_use(&app, &actor).await?),
        false => None,
    };
    Ok(Json(ProofStarted { methods, passkey }))
}

/// Prove again who one is
///
/// By the second factor, or where there is none by the password. The proof is good for one call of the same session
/// within five minutes; it goes into the header `x-proof`.
#[utoipa::path(
    post, path = "/auth/proof", tag = "auth", operation_id = "create_proof", request_body = ProofCreate,
    responses(
        (status = 200, description = "The proof", body = ProofGiven),
        (status = 401, description = "It is wrong, or not what the caller can prove it by", body = ErrorReply),
        (status = 429, description = "Too many tries", body = ErrorReply),
    ),
)]
pub(super) async fn create_proof(
    State(app): State<App>,
    actor: Actor,
    visitor: Visitor,
    Json(body): Json<ProofCreate>,
) -> Result<Json<ProofGiven>, ApiError> {
    let sent = only_one(body)?;
    let checking = check(&app, &actor, &visitor, &sent);
    let is_right = check_guess(&app, &visitor, actor.id(), checking).await?;
    let id = actor.session().to_string();
    let action = if is_right { "proof.given" } else { "proof.failed" };
    let mut entry = Deed { action, target: Some(("session", &id)) }.by(&actor, &visitor);
    entry.after = state_of(&serde_json::json!({"by": sent.method().name()}));
    app.store.append_audit_entry(&entry).await?;
    if !is_right {
        return Err(ApiError::new(ErrorCode::InvalidCredentials, "This does not prove who you are."));
    }
    let expires_at_ms = app.store.now_ms().await?.saturating_add(step_time_ms());
    let step = Step {
        kind: PendingKind::Proof,
        user: Some(actor.id()),
        session: Some(actor.session()),
        browser: None,
        state: &sent.method(),
    };
    let proof = begin_step(&app, step).await?;
    Ok(Json(ProofGiven { proof: proof.reveal().to_owned(), expires_at: Time::from_unix_ms(expires_at_ms) }))
}

/// By what somebody can prove who it is: whoever has a second factor does it with that.
async fn proof_methods(app: &App, actor: &Actor) -> Result<Vec<ProofMethod>, ApiError> {
    let factors = app.store.load_second_factors(actor.id()).await?;
    let has_password = !factors.is_any() && app.store.load_password_hash(actor.id()).await?.is_some();
    let among = [
        (ProofMethod::Password, has_password),
        (ProofMethod::Totp, factors.totp),
        (ProofMethod::Passkey, factors.passkeys > 0),
        (ProofMethod::RecoveryCode, factors.is_any() && factors.recovery_codes > 0),
    ];
    Ok(among.into_iter().filter(|(_, has)| *has).map(|(method, _)| method).collect())
}

async fn check(app: &App, actor: &Actor, visitor: &Visitor, sent: &Sent) -> Result<bool, ApiError> {
    if !proof_methods(app, actor).await?.contains(&sent.method()) {
        return Ok(false);
    }
    match sent {
        Sent::Password(password) => check_password(app, actor, password).await,
        Sent::Totp(code) => check_totp(app, actor.id(), code).await,
        Sent::RecoveryCode(code) => check_recovery_code(app, visitor, actor.id(), code).await,
        Sent::Passkey(answer) => {
            let under_way = take_use(app, &answer.challenge, actor).await?;
            let owner = check_passkey(app, visitor, &under_way, &answer.credential, Some(actor.id())).await?;
            Ok(owner.is_some())
        }
    }
}

async fn check_password(app: &App, actor: &Actor, password: &Password) -> Result<bool, ApiError> {
    let Some(hash) = app.store.load_password_hash(actor.id()).await? else { return Ok(false) };
    Ok(app.passwords.compare(password, Some(&hash)).await? != Compared::Wrong)
}

/// Whether somebody has signed in so shortly ago that the sign-in itself is as good as a proof.
fn has_just_come(signed_in_at_ms: i64, now_ms: i64) -> bool {
    now_ms.saturating_sub(signed_in_at_ms) <= step_time_ms()
}

/// What the header carries, if it is one and could be a proof.
fn offered_hash(headers: &HeaderMap) -> Option<[u8; 32]> {
    let mut values = headers.get_all(HEADER).iter();
    let (value, None) = (values.next()?, values.next()) else { return None };
    DrawnSecret::hash_of(value.to_str().ok()?)
}

fn only_one(body: ProofCreate) -> Result<Sent, ApiError> {
    match (body.password, body.totp, body.recovery_code, body.passkey) {
        (Some(password), None, None, None) => Ok(Sent::Password(password)),
        (None, Some(code), None, None) => Ok(Sent::Totp(code)),
        (None, None, Some(code), None) => Ok(Sent::RecoveryCode(code)),
        (None, None, None, Some(answer)) => Ok(Sent::Passkey(answer)),
        _ => Err(ApiError::field(
            "password",
            FieldCode::Invalid,
            "send one of password, totp, recovery_code and passkey",
        )),
    }
}

fn proof_required(methods: &[ProofMethod]) -> ApiError {
    let message = if methods.is_empty() {
        "This needs a fresh proof of who you are, and you have nothing to prove it by. Sign in again, and within \
         five minutes set up a passkey, an authenticator app or a password."
            .to_owned()
    } else {
        let names: Vec<&str> = methods.iter().map(|method| method.name()).collect();
        format!(
            "This needs a fresh proof of who you are, by one of: {}. Get it from /api/auth/proof and send it in the \
             header x-proof.",
            names.join(", ")
        )
    };
    ApiError::new(ErrorCode::ProofRequired, message)
}

impl Sent {
    const fn method(&self) -> ProofMethod {
        match self {
            Sent::Password(_) => ProofMethod::Password,
            Sent::Totp(_) => ProofMethod::Totp,
            Sent::RecoveryCode(_) => ProofMethod::RecoveryCode,
            Sent::Passkey(_) => ProofMethod::Passkey,
        }
    }
}

#[cfg(test)]
mod time_tests {
    use super::*;

    #[test]
    fn a_sign_in_is_as_good_as_a_proof_for_five_minutes() {
        for (since_ms, has_come) in [(0, true), (300_000, true), (300_001, false), (3_600_000, false)] {
            assert_eq!(has_just_come(1_000_000, 1_000_000 + since_ms), has_come, "{since_ms}");
        }
    }
}
