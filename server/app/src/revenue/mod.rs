//! What calls earned: by day or month, and by model or channel.

mod parts;
mod periods;
mod sums;

use utoipa_axum::routes;
use waystation_api::permissions::Permission;

use crate::auth::{Access, GuardedRoutes};

/// The slice's routes below `/api`.
pub(crate) fn routes() -> GuardedRoutes {
    let reading = Access::Holding(Permission::RevenueRead);
    GuardedRoutes::new()
        .route(reading, routes!(periods::show_revenue))
        .route(reading, routes!(periods::export_revenue))
        .route(reading, routes!(parts::show_site_usage))
        .route(reading, routes!(parts::export_site_usage))
}
