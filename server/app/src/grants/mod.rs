//! Tokens, calls or money given for a time.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use utoipa_axum::routes;
use uuid::Uuid;
use waystation_api::error::{ErrorReply, FieldCode};
use waystation_api::grants::{Grant, GrantCreate, GrantUnit, GrantWhenUsed};
use waystation_api::permissions::Permission;
use waystation_api::time::Time;
use waystation_ids::{AccountId, GrantId, UserId};
use waystation_ledger::{
    Account, AccountKind, Direction, SystemAccount, Terms, TransferKind, Unit, WhenUsed,
};
use waystation_pricing::Money;
use waystation_store::{AdjustmentRecord, FundsOrder, FundsTarget};

use crate::adjustments::{audit_movement, check_note, refuse_movement};
use crate::audit_trail::Doer;
use crate::auth::{Access, Actor, GuardedRoutes};
use crate::clock::now_ms;
use crate::error::ApiError;
use crate::http::body::{Json, PathParts};
use crate::http::idempotency::{IdempotencyKey, RepeatableWrite, run_once};
use crate::http::visitor::Visitor;
use crate::random::random_bytes;
use crate::sign_in::OfferedProof;
use crate::state::App;

const MODELS_MAX: usize = 200;
const MODEL_NAME_LENGTH_MAX: usize = 191;
/// As they are stored; MySQL keeps 65,535 bytes of a text.
const MODELS_BYTES_MAX: usize = 50_000;
/// One token of a call never uses more than a thousand of a grant's.
const WEIGHT_PPM_MAX: u64 = 1_000_000_000;
const WEIGHT_PPM_DEFAULT: u64 = 1_000_000;

/// The slice's routes below `/api`.
pub(crate) fn routes() -> GuardedRoutes {
    GuardedRoutes::new().route(Access::Holding(Permission::LedgerWrite), routes!(create_grant))
}

/// Give tokens, calls or money for a time
///
/// Calls use them before gifts and cash, the earliest expiry first. Repeated under the same `Idempotency-Key` they
/// are given once, and the first answer is given again with `idempotency-replayed: true`. What is worth much, or may
/// be, needs a fresh proof: tokens and calls, and money from the setting `auth.large_adjustment` on.
#[utoipa::path(
    post, path = "/admin/users/{id}/grants", tag = "ledger", operation_id = "create_grant",
    params(
        ("id" = String, Path, description = "The user's id"),
        ("Idempotency-Key" = String, Header, description = "The caller's name for this grant"),
    ),
    request_body = GrantCreate,
    responses(
        (status = 201, description = "The grant", body = Grant),
        (status = 403, description = "The user's role is not below the caller's, or a fresh proof is needed", body = ErrorReply),
        (status = 404, description = "There is no such user", body = ErrorReply),
        (status = 409, description = "A call with this key is still running", body = ErrorReply),
        (status = 422, description = "The key was used with another body", body = ErrorReply),
    ),
)]
async fn create_grant(
    State(app): State<App>,
    actor: Actor,
    visitor: Visitor,
    proof: OfferedProof,
    key: IdempotencyKey,
    PathParts(user): PathParts<UserId>,
    Json(body): Json<GrantCreate>,
) -> Result<Response, ApiError> {
    let checked = check(&body)?;
    actor.check_may_act_on(&app.store.load_user(user).await?)?;
    // What tokens and calls are worth is known only when they are used.
    let is_small_money =
        checked.unit == Unit::NanoUsd && checked.amount < app.config.auth_large_adjustment.nanos();
    if !is_small_money {
        proof.redeem(&app).await?;
    }
    let write = RepeatableWrite {
        actor: actor.id(),
        route: &format!("POST /admin/users/{user}/grants"),
        key: &key,
        body: &body,
        operation: GrantId::new_cause(now_ms(), random_bytes()?).uuid(),
    };
    run_once(&app, write, |operation| make_grant(&app, &actor, &visitor, user, &body, operation)).await
}

/// A grant whose every field fits.
struct CheckedGrant {
    unit: Unit,
    amount: i64,
    terms: Terms,
    expires_at_ms: Option<i64>,
}

/// Checks what the types cannot say.
fn check(body: &GrantCreate) -> Result<CheckedGrant, ApiError> {
    let unit = match body.unit {
        GrantUnit::Tokens => Unit::Tokens,
        GrantUnit::Calls => Unit::Calls,
        GrantUnit::Usd => Unit::NanoUsd,
    };
    let amount = read_amount(unit, &body.amount).filter(|amount| *amount > 0).ok_or_else(|| {
        ApiError::field(
            "amount",
            FieldCode::Invalid,
            "must be above zero: a whole number of tokens or calls, or a decimal of USD",
        )
    })?;
    if body.tokens_per_call.is_some() && unit != Unit::Calls {
        return Err(ApiError::field("tokens_per_call", FieldCode::Invalid, "belongs to a grant of calls"));
    }
    if body.tokens_per_call.is_some_and(|tokens| tokens == 0 || i64::try_from(tokens).is_err()) {
        return Err(ApiError::field(
            "tokens_per_call",
            FieldCode::OutOfRange,
            "must be between 1 and 9223372036854775807",
        ));
    }
    if body.weight_ppm.is_some() && unit != Unit::Tokens {
        return Err(ApiError::field("weight_ppm", FieldCode::Invalid, "belongs to a grant of tokens"));
    }
    let weight_ppm = body.weight_ppm.unwrap_or(WEIGHT_PPM_DEFAULT);
    if !(1..=WEIGHT_PPM_MAX).contains(&weight_ppm) {
        return Err(ApiError::field("weight_ppm", FieldCode::OutOfRange, "must be between 1 and 1000000000"));
    }
    if let Some(models) = &body.models {
        let fits = |name: &String| {
            (1..=MODEL_NAME_LENGTH_MAX).contains(&name.chars().count()) && !name.chars().any(char::is_control)
        };
        if models.is_empty() || models.len() > MODELS_MAX || !models.iter().all(fits) {
            return Err(ApiError::field(
                "models",
                FieldCode::Invalid,
                "must name 1 to 200 models, or be left out for all",
            ));
        }
    }
    if serde_json::to_string(&body.models).map_err(ApiError::internal)?.len() > MODELS_BYTES_MAX {
        return Err(ApiError::field("models", FieldCode::TooLong, "must have at most 50000 bytes"));
    }
    check_note(&body.note)?;
    Ok(CheckedGrant {
        unit,
        amount,
        terms: Terms {
            models: body.models.clone(),
            tokens_per_call: body.tokens_per_call,
            weight_ppm,
            when_used: match body.when_used {
                GrantWhenUsed::Cash => WhenUsed::Cash,
                GrantWhenUsed::Refuse => WhenUsed::Refuse,
            },
        },
        expires_at_ms: body.expires_at.map(Time::unix_ms),
    })
}

/// Gives it. The same `operation` twice gives it once.
async fn make_grant(
    app: &App,
    actor: &Actor,
    visitor: &Visitor,
    user: UserId,
    body: &GrantCreate,
    operation: Uuid,
) -> Result<(StatusCode, Grant), ApiError> {
    let checked = check(body)?;
    // Not before the key is looked up: a grant that was given is shown again after its time, too.
    if checked.expires_at_ms.is_some_and(|expiry| expiry <= now_ms()) {
        return Err(ApiError::field("expires_at", FieldCode::OutOfRange, "must be in the future"));
    }
    let mut account =
        Account::new(AccountId::new(now_ms(), random_bytes()?), user, AccountKind::Grant, checked.unit);
    account.terms = checked.terms;
    account.expires_at_ms = checked.expires_at_ms;
    let weight_ppm = account.terms.weight_ppm;
    let order = FundsOrder {
        id: operation,
        user,
        target: FundsTarget::New(Box::new(account)),
        counterpart: SystemAccount::Promotions,
        direction: Direction::Credit,
        amount: checked.amount,
        kind: TransferKind::Grant,
        record: AdjustmentRecord {
            entered: None,
            reason_code: "grant".to_owned(),
            note: body.note.clone(),
            actor: Some(actor.id()),
        },
        audit: Some(audit_movement(Doer::Actor(actor, visitor), "grant.create", user, body)),
    };
    let receipt = app.lanes.move_funds(order).await.map_err(refuse_movement)?;
    let grant = Grant {
        id: GrantId::from_uuid(operation),
        user_id: user,
        account_id: receipt.account,
        unit: body.unit,
        amount: body.amount.clone(),
        expires_at: body.expires_at,
        models: body.models.clone(),
        tokens_per_call: body.tokens_per_call,
        weight_ppm,
        when_used: body.when_used,
        note: body.note.clone(),
        created_at: Time::from_unix_ms(now_ms()),
    };
    Ok((StatusCode::CREATED, grant))
}

fn read_amount(unit: Unit, text: &str) -> Option<i64> {
    match unit {
        Unit::NanoUsd => text.parse::<Money>().ok().map(Money::nanos),
        Unit::Tokens | Unit::Calls => text.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grant(body: serde_json::Value) -> Result<CheckedGrant, String> {
        let body: GrantCreate = serde_json::from_value(body).unwrap();
        check(&body).map_err(|error| error.reply(String::new()).error.fields[0].field.clone())
    }

    #[test]
    fn an_amount_is_in_the_unit_of_the_grant() {
        let tokens = grant(serde_json::json!({"unit": "tokens", "amount": "1000", "note": "n"})).unwrap();
        assert_eq!((tokens.unit, tokens.amount, tokens.terms), (Unit::Tokens, 1_000, Terms::default()));
        let usd = grant(serde_json::json!({"unit": "usd", "amount": "1.5", "note": "n"})).unwrap();
        assert_eq!(usd.amount, 1_500_000_000);
    }

    #[test]
    fn models_that_the_smallest_column_cannot_hold_are_refused() {
        let models: Vec<String> = (100..300).map(|number| format!("{}{number}", "字".repeat(180))).collect();
        let body = serde_json::json!({"unit": "tokens", "amount": "1", "models": models, "note": "n"});
        assert_eq!(grant(body).err().as_deref(), Some("models"));
    }

    #[test]
    fn what_does_not_fit_is_refused_by_its_field() {
        for (body, field) in [
            (serde_json::json!({"unit": "calls", "amount": "0", "note": "n"}), "amount"),
            (serde_json::json!({"unit": "calls", "amount": "1.5", "note": "n"}), "amount"),
            (serde_json::json!({"unit": "usd", "amount": "-1", "note": "n"}), "amount"),
            (
                serde_json::json!({"unit": "tokens", "amount": "1", "tokens_per_call": 5, "note": "n"}),
                "tokens_per_call",
            ),
            (serde_json::json!({"unit": "calls", "amount": "1", "weight_ppm": 5, "note": "n"}), "weight_ppm"),
            (
                serde_json::json!({"unit": "tokens", "amount": "1", "weight_ppm": 0, "note": "n"}),
                "weight_ppm",
            ),
            (serde_json::json!({"unit": "tokens", "amount": "1", "models": [], "note": "n"}), "models"),
            (serde_json::json!({"unit": "tokens", "amount": "1", "models": ["a\0"], "note": "n"}), "models"),
            (
                serde_json::json!({"unit": "calls", "amount": "1", "tokens_per_call": 0, "note": "n"}),
                "tokens_per_call",
            ),
            (
                serde_json::json!({"unit": "calls", "amount": "1", "tokens_per_call": u64::MAX, "note": "n"}),
                "tokens_per_call",
            ),
            (serde_json::json!({"unit": "calls", "amount": "9223372036854775808", "note": "n"}), "amount"),
            (serde_json::json!({"unit": "tokens", "amount": "1", "note": " "}), "note"),
            (serde_json::json!({"unit": "tokens", "amount": "1", "note": "a\0b"}), "note"),
        ] {
            assert_eq!(grant(body.clone()).err().as_deref(), Some(field), "{body}");
        }
    }
}
