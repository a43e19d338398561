//! Manual changes of a balance.

use axum::http::StatusCode;
use uuid::Uuid;
use waystation_api::adjustments::{Adjustment, AdjustmentAccount, AdjustmentCreate, AdjustmentDirection};
use waystation_api::error::ErrorCode;
use waystation_api::time::Time;
use waystation_ids::{AccountId, AdjustmentId, UserId};
use waystation_ledger::{AccountKind, Direction, Refusal, SystemAccount, TransferKind, Unit};
use waystation_pricing::Money;
use waystation_store::{AdjustmentRecord, FundsOrder, FundsTarget, LaneError};

use crate::clock::now_ms;
use crate::error::ApiError;
use crate::random::random_bytes;
use crate::state::App;

const NOTE_LENGTH_MAX: usize = 1_000;

/// Checks what the types cannot say.
fn check(body: &AdjustmentCreate) -> Result<(), ApiError> {
    if body.amount.0 <= Money::ZERO {
        return Err(ApiError::field("amount", "must be above zero; the direction says which way"));
    }
    if body.currency != "USD" {
        return Err(ApiError::field("currency", "must be USD"));
    }
    check_note(&body.note)
}

/// Every change by hand says why.
pub(crate) fn check_note(note: &str) -> Result<(), ApiError> {
    if note.trim().is_empty() || note.chars().count() > NOTE_LENGTH_MAX {
        return Err(ApiError::field("note", "must say why, in 1 to 1,000 characters"));
    }
    Ok(())
}

/// Moves the money. The same `operation` twice moves it once.
async fn make_adjustment(
    app: &App,
    actor: UserId,
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
            actor: Some(actor),
        },
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
        LaneError::Refused(Refusal::TooLarge) => ApiError::field("amount", "is too large for the account"),
        LaneError::Refused(Refusal::NotPositive) => ApiError::field("amount", "must be above zero"),
        LaneError::Unavailable(_) => ApiError::unavailable(error),
        LaneError::Closed => {
            ApiError::new(ErrorCode::ShuttingDown, "The server is stopping. Try again soon.")
        }
        LaneError::Refused(_) => ApiError::internal(error),
    }
}
