//! What users have and how it moved: the administration's view and each one's own.

mod administration;
mod own;
mod wire;

use utoipa_axum::routes;
use waystation_api::permissions::Permission;

use crate::auth::{Access, GuardedRoutes};
pub(crate) use wire::{amount_text, wire_unit};

/// The slice's routes below `/api`.
pub(crate) fn routes() -> GuardedRoutes {
    let reading = Access::Holding(Permission::LedgerRead);
    GuardedRoutes::new()
        .route(reading, routes!(administration::list_user_transfers))
        .route(reading, routes!(administration::show_user_balance))
        .route(Access::SignedIn, routes!(own::list_my_transfers))
        .route(Access::SignedIn, routes!(own::show_my_transfer))
        .route(Access::SignedIn, routes!(own::show_my_ledger_summary))
        .route(Access::SignedIn, routes!(own::show_my_balance))
        .route(Access::SignedIn, routes!(own::list_my_grants))
}
