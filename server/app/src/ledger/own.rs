//! Each person's own books.

use axum::extract::State;
use waystation_api::ledger::{BalanceDetails, Transfer};
use waystation_api::pagination::{Page, PageQuery};

use crate::auth::Actor;
use crate::clock::now_ms;
use crate::error::ApiError;
use crate::http::body::{Json, Params};
use crate::http::cursor::read_cursor;
use crate::ledger::wire::{wire_balance, wire_transfer};
use crate::state::App;

/// List what moved in one's own books, the newest first
#[utoipa::path(
    get, path = "/me/ledger", tag = "me", operation_id = "list_my_transfers", params(PageQuery),
    responses((status = 200, description = "A page of transfers", body = Page<Transfer>)),
)]
pub(super) async fn list_my_transfers(
    State(app): State<App>,
    actor: Actor,
    Params(query): Params<PageQuery>,
) -> Result<Json<Page<Transfer>>, ApiError> {
    let limit = query.limit();
    let before = read_cursor(query.cursor.as_deref())?;
    let transfers = app.store.list_own_transfers(actor.id(), before, limit + 1).await?;
    let transfers = transfers.into_iter().map(wire_transfer).collect();
    Ok(Json(Page::from_found(transfers, limit, |transfer: &Transfer| transfer.id.to_string())))
}

/// Show what one has
#[utoipa::path(
    get, path = "/me/balance", tag = "me", operation_id = "show_my_balance",
    responses((status = 200, description = "The sums, and every account", body = BalanceDetails)),
)]
pub(super) async fn show_my_balance(
    State(app): State<App>,
    actor: Actor,
) -> Result<Json<BalanceDetails>, ApiError> {
    Ok(Json(wire_balance(app.store.list_accounts(actor.id()).await?, now_ms())))
}
