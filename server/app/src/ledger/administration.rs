//! The administration's routes for users' books.

use axum::extract::State;
use waystation_api::error::ErrorReply;
use waystation_api::ledger::{BalanceDetails, Transfer};
use waystation_api::pagination::{Page, PageQuery};
use waystation_ids::UserId;

use crate::clock::now_ms;
use crate::error::ApiError;
use crate::http::body::{Json, Params, PathParts};
use crate::http::cursor::read_cursor;
use crate::ledger::wire::{wire_balance, wire_transfer};
use crate::state::App;

/// List what moved in a user's books, the newest first
#[utoipa::path(
    get, path = "/admin/users/{id}/ledger", tag = "ledger", operation_id = "list_user_transfers",
    params(PageQuery, ("id" = String, Path, description = "The user's id")),
    responses(
        (status = 200, description = "A page of transfers", body = Page<Transfer>),
        (status = 404, description = "There is no such user", body = ErrorReply),
    ),
)]
pub(super) async fn list_user_transfers(
    State(app): State<App>,
    PathParts(user): PathParts<UserId>,
    Params(query): Params<PageQuery>,
) -> Result<Json<Page<Transfer>>, ApiError> {
    let limit = query.limit();
    let before = read_cursor(query.cursor.as_deref())?;
    app.store.load_user(user).await?;
    let transfers = app.store.list_transfers(user, before, limit + 1).await?;
    let transfers = transfers.into_iter().map(wire_transfer).collect();
    Ok(Json(Page::from_found(transfers, limit, |transfer: &Transfer| transfer.id.to_string())))
}

/// Show what a user has
#[utoipa::path(
    get, path = "/admin/users/{id}/balance", tag = "ledger", operation_id = "show_user_balance",
    params(("id" = String, Path, description = "The user's id")),
    responses(
        (status = 200, description = "The sums, and every account", body = BalanceDetails),
        (status = 404, description = "There is no such user", body = ErrorReply),
    ),
)]
pub(super) async fn show_user_balance(
    State(app): State<App>,
    PathParts(user): PathParts<UserId>,
) -> Result<Json<BalanceDetails>, ApiError> {
    app.store.load_user(user).await?;
    Ok(Json(wire_balance(app.store.list_accounts(user).await?, now_ms())))
}
