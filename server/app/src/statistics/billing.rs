//! What users hold, and what moved it.

use axum::extract::State;
use waystation_api::adjustments::AdjustmentDirection;
use waystation_api::error::ErrorReply;
use waystation_api::statistics::{
    BillingQuery, BillingStatistics, CallSums, HeldBalance, MovementSum, OpenHolds,
};
use waystation_api::time::Time;
use waystation_ledger::Direction;
use waystation_store::{self as store, UsageFilter, UsagePart, UsageSplit};

use crate::clock::now_ms;
use crate::days::{Span, SpanLength, SpanStart};
use crate::error::ApiError;
use crate::http::body::{Json, Params};
use crate::ledger::{amount_text, wire_unit};
use crate::state::App;
use crate::usage::{wire_sums, zone_of_query};

const LENGTH: SpanLength = SpanLength { unless_given: SpanStart::Days(30), days_max: 366 };

/// Show what users hold, and what moved it
///
/// At most 366 days.
#[utoipa::path(
    get, path = "/admin/stats/billing", tag = "statistics", operation_id = "show_billing_statistics",
    params(BillingQuery),
    responses(
        (status = 200, description = "Balances and open holds now, movements and calls of that time", body = BillingStatistics),
        (status = 400, description = "The time is too long, or none", body = ErrorReply),
    ),
)]
pub(super) async fn show_billing_statistics(
    State(app): State<App>,
    Params(query): Params<BillingQuery>,
) -> Result<Json<BillingStatistics>, ApiError> {
    let now_ms = now_ms();
    let (zone, time_zone) = zone_of_query(&app, query.time_zone.as_deref())?;
    let span = Span::read(query.start_date.as_deref(), query.end_date.as_deref(), &zone, LENGTH, now_ms)?;
    let (from_ms, until_ms) = (span.from_ms, span.until_ms);
    let filter = UsageFilter { user: None, key: None, model: None, from_ms, until_ms };
    let calls = app.store.list_usage(&filter, UsageSplit::Whole).await?;
    let calls = calls.get(&UsagePart::Whole).copied().unwrap_or_default();
    let holds = app.store.sum_open_holds().await?;
    let balances = app.store.list_held_balances(now_ms).await?;
    let movements = app.store.list_movement_sums(from_ms, until_ms).await?;
    Ok(Json(BillingStatistics {
        from: Time::from_unix_ms(from_ms),
        until: Time::from_unix_ms(until_ms),
        time_zone,
        balances: balances.iter().map(wire_balance).collect(),
        holds: OpenHolds {
            open: holds.count,
            amount: holds.bound.into(),
            oldest_at: holds.oldest_ms.map(Time::from_unix_ms),
        },
        movements: movements.into_iter().map(wire_movement).collect(),
        calls: CallSums {
            sums: wire_sums(&calls),
            gift_paid: calls.gift.into(),
            granted: calls.granted().into(),
            operator_loss: calls.operator_loss.into(),
        },
    }))
}

fn wire_balance(held: &store::HeldBalance) -> HeldBalance {
    let text = |amount| amount_text(held.unit, amount);
    HeldBalance {
        kind: held.kind.name().to_owned(),
        unit: wire_unit(held.unit),
        accounts: held.accounts,
        available: text(held.posted.saturating_sub(held.pending)),
        pending: text(held.pending),
        posted: text(held.posted),
    }
}

fn wire_movement(moved: store::MovementSum) -> MovementSum {
    MovementSum {
        direction: match moved.direction {
            Direction::Credit => AdjustmentDirection::Credit,
            Direction::Debit => AdjustmentDirection::Debit,
        },
        account: moved.kind.name().to_owned(),
        unit: wire_unit(moved.unit),
        reason_code: moved.reason_code,
        count: moved.count,
        amount: amount_text(moved.unit, moved.amount),
    }
}
