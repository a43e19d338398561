//! Manual changes of a balance.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use utoipa_axum::routes;
use uuid::Uuid;
use waystation_api::adjustments::{Adjustment, AdjustmentAccount, AdjustmentCreate, AdjustmentDirection};
use waystation_api::error::{ErrorCode, ErrorReply, FieldCode};
use waystation_api::permissions::Permission;
use waystation_api::time::Time;
use waystation_ids::{AccountId, AdjustmentId, UserId};
use waystation_ledger::{AccountKind, Direction, Refusal, SystemAccount, TransferKind, Unit};
use waystation_pricing::Money;
use waystation_store::{AdjustmentRecord, FundsAudit, FundsOrder, FundsReceipt, FundsTarget, LaneError};

use crate::audit_trail::{Doer, state_of};
use crate::auth::{Access, Actor, GuardedRoutes};
use crate::clock::now_ms;
use crate::error::ApiError;
use crate::http::body::{Json, PathParts};
use crate::http::idempotency::{IdempotencyKey, RepeatableWrite, run_once};
use crate::http::visitor::Visitor;
use crate::ledger::amount_text;
use crate::random::random_bytes;
use crate::sign_in::OfferedProof;
use crate::state::App;

const NOTE_LENGTH_MAX: usize = 1_000;

/// The slice's routes below `/api`.
pub(crate) fn routes() -> GuardedRoutes {
    GuardedRoutes::new().route(Access::Holding(Permission::LedgerWrite), routes!(create_adjustment))
}

/// Change a balance by hand
///
/// A debit takes only what is available. Repeated under the same `Idempotency-Key` the change is made once, and the
/// first answer is given again with `idempotency-replayed: true`. A large change, from the setting
/// `auth.large_adjustment` on, needs a fresh proof.
#[utoipa::path(
    post, path = "/admin/users/{id}/adjustments", tag = "ledger", operation_id = "create_adjustment",
    params(
        ("id" = String, Path, description = "The user's id"),
        ("Idempotency-Key" = String, Header, description = "The caller's name for this change"),
    ),
    request_body = AdjustmentCreate,
    responses(
        (status = 201, description = "The change", body = Adjustment),
        (status = 402, description = "The account has less than that; the message names how much", body = ErrorReply),
        (status = 403, description = "The user's role is not below the caller's, or a fresh proof is needed", body = ErrorReply),
        (status = 404, description = "There is no such user", body = ErrorReply),
        (status = 409, description = "A call with this key is still running", body = ErrorReply),
        (status = 422, description = "The key was used with another body", body = ErrorReply),
    ),
)]
async fn create_adjustment(
    State(app): State<App>,
    actor: Actor,
    visitor: Visitor,
    proof: OfferedProof,
    key: IdempotencyKey,
    PathParts(user): PathParts<UserId>,
    Json(body): Json<AdjustmentCreate>,
) -> Result<Response, ApiError> {
    check(&body)?;
    actor.check_may_act_on(&app.store.load_user(user).await?)?;
    if body.amount.0 >= app.config.auth_large_adjustment {
        proof.redeem(&app).await?;
    }
    let write = RepeatableWrite {
        actor: actor.id(),
        route: &format!("POST /admin/users/{user}/adjustments"),
        key: &key,
        body: &body,
        operation: AdjustmentId::new_cause(now_ms(), random_bytes()?).uuid(),
    };
    run_once(&app, write, |operation| make_adjustment(&app, &actor, &visitor, user, &body, operation)).await
}

/// What the audit log is told of money that somebody moves: the account before and after, and what was asked.
pub(crate) fn audit_movement(
    doer: Doer<'_>,
    action: &'static str,
    user: UserId,
    asked: &impl Serialize,
) -> FundsAudit {
    #[derive(Serialize)]
    struct Shown<'a> {
        account_id: AccountId,
        unit: &'static str,
        balance: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        asked: Option<&'a serde_json::Value>,
    }
    let entry = doer.does(action, "user", &user.to_string());
    let asked = serde_json::to_value(asked).unwrap_or_default();
    FundsAudit::new(move |receipt: &FundsReceipt| {
        let shown = |balance, asked| Shown {
            account_id: receipt.account,
            unit: receipt.unit.name(),
            balance: amount_text(receipt.unit, balance),
            asked,
        };
        let (before, after) = (shown(receipt.before, None), shown(receipt.after, Some(&asked)));
        entry.clone().with_states(state_of(&before), state_of(&after))
    })
}

/// Checks what the types cannot say.
fn check(body: &AdjustmentCreate) -> Result<(), ApiError> {
    if body.amount.0 <= Money::ZERO {
        return Err(ApiError::field(
            "amount",
            FieldCode::OutOfRange,
            "must be above zero; the direction says which way",
        ));
    }
    if body.currency != "USD" {
        return Err(ApiError::field("currency", FieldCode::Invalid, "must be USD"));
    }
    check_note(&body.note)
}

/// Every change by hand says why, in lines of text: PostgreSQL would keep no zero byte.
pub(crate) fn check_note(note: &str) -> Result<(), ApiError> {
    if note.chars().any(|letter| letter.is_control() && !matches!(letter, '\n' | '\r' | '\t')) {
        return Err(ApiError::field(
            "note",
            FieldCode::Invalid,
            "must hold no control characters but the ends of its lines",
        ));
    }
    let refused = |code| Err(ApiError::field("note", code, "must say why, in 1 to 1,000 characters"));
    if note.trim().is_empty() {
        return refused(FieldCode::Required);
    }
    if note.chars().count() > NOTE_LENGTH_MAX {
        return refused(FieldCode::TooLong);
    }
    Ok(())
}

/// Moves the money. The same `operation` twice moves it once.
async fn make_adjustment(
    app: &App,
    actor: &Actor,
    visitor: &Visitor,
    user: UserId,
    body: &AdjustmentCreate,
    operation: Uuid,
) -> Result<(StatusCode, Adjustment), ApiError> {
    let (kind, counterpart) = match body.account {
        AdjustmentAccount::Cash => (AccountKind::Cash, SystemAccount::Adjustments),
        AdjustmentAccount::Gift => (AccountKind::Gift, SystemAccount::Promotions),
    };
    let if_missing = AccountId::new(now_ms(), random_bytes()?);
    let order = FundsOrder {
        id: operation,
        user,
        target: FundsTarget::Standing(kind, Unit::NanoUsd, if_missing),
        counterpart,
        direction: match body.direction {
            AdjustmentDirection::Credit => Direction::Credit,
            AdjustmentDirection::Debit => Direction::Debit,
        },
        amount: body.amount.0.nanos(),
        kind: TransferKind::Adjustment,
        record: AdjustmentRecord {
            entered: None,
            reason_code: body.reason_code.name().to_owned(),
            note: body.note.clone(),
            actor: Some(actor.id()),
        },
        audit: Some(audit_movement(Doer::Actor(actor, visitor), "adjustment.create", user, body)),
    };
    let receipt = app.lanes.move_funds(order).await.map_err(refuse_movement)?;
    let adjustment = Adjustment {
        id: AdjustmentId::from_uuid(operation),
        user_id: user,
        direction: body.direction,
        account: body.account,
        amount: body.amount,
        currency: body.currency.clone(),
        before: Money::from_nanos(receipt.before).into(),
        after: Money::from_nanos(receipt.after).into(),
        reason_code: body.reason_code,
        note: body.note.clone(),
        transfer_id: receipt.transfer,
        created_at: Time::from_unix_ms(now_ms()),
    };
    Ok((StatusCode::CREATED, adjustment))
}

/// What a caller reads when the books do not move money.
pub(crate) fn refuse_movement(error: LaneError) -> ApiError {
    match error {
        LaneError::Refused(Refusal::InsufficientFunds { available }) => ApiError::new(
            ErrorCode::InsufficientBalance,
            format!("The account has {} USD available.", Money::from_nanos(available)),
        ),
        LaneError::Refused(Refusal::TooLarge) => {
            ApiError::field("amount", FieldCode::OutOfRange, "is too large for the account")
        }
        LaneError::Refused(Refusal::NotPositive) => {
            ApiError::field("amount", FieldCode::OutOfRange, "must be above zero")
        }
        LaneError::Unavailable(_) => ApiError::unavailable(error),
        LaneError::Closed => {
            ApiError::new(ErrorCode::ShuttingDown, "The server is stopping. Try again soon.")
        }
        LaneError::Refused(_) => ApiError::internal(error),
    }
}
