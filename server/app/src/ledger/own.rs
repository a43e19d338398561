//! Each person's own books.

use axum::extract::State;
use waystation_api::error::ErrorReply;
use waystation_api::ledger::{Account, BalanceDetails, LedgerSummary, Transfer};
use waystation_api::pagination::{Page, PageQuery};
use waystation_ids::TransferId;
use waystation_ledger::AccountKind;

use crate::auth::Actor;
use crate::clock::now_ms;
use crate::error::ApiError;
use crate::http::body::{Json, Params, PathParts};
use crate::http::cursor::read_cursor;
use crate::ledger::wire::{wire_balance, wire_summary, wire_transfer};
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

/// Show one movement in one's own books
#[utoipa::path(
    get, path = "/me/ledger/{id}", tag = "me", operation_id = "show_my_transfer",
    params(("id" = String, Path, description = "The transfer's id")),
    responses(
        (status = 200, description = "The transfer", body = Transfer),
        (status = 404, description = "There is no such transfer in one's own books", body = ErrorReply),
    ),
)]
pub(super) async fn show_my_transfer(
    State(app): State<App>,
    actor: Actor,
    PathParts(id): PathParts<TransferId>,
) -> Result<Json<Transfer>, ApiError> {
    Ok(Json(wire_transfer(app.store.load_own_transfer(actor.id(), id).await?)))
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

/// Show all that came into one's books and left them since the beginning
#[utoipa::path(
    get, path = "/me/ledger/summary", tag = "me", operation_id = "show_my_ledger_summary",
    responses((status = 200, description = "The sums, and by account", body = LedgerSummary)),
)]
pub(super) async fn show_my_ledger_summary(
    State(app): State<App>,
    actor: Actor,
) -> Result<Json<LedgerSummary>, ApiError> {
    Ok(Json(wire_summary(app.store.list_accounts(actor.id()).await?, now_ms())))
}

/// List the tokens, calls and money that one was given for a time, oldest first
#[utoipa::path(
    get, path = "/me/grants", tag = "me", operation_id = "list_my_grants",
    responses((status = 200, description = "The grants, on one page", body = Page<Account>)),
)]
pub(super) async fn list_my_grants(
    State(app): State<App>,
    actor: Actor,
) -> Result<Json<Page<Account>>, ApiError> {
    let balance = wire_balance(app.store.list_accounts(actor.id()).await?, now_ms());
    let items = balance.accounts.into_iter().filter(|account| account.kind == AccountKind::Grant.name());
    Ok(Json(Page { items: items.collect(), next_cursor: None }))
}
