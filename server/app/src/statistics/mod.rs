//! How the site and its users fare.

mod billing;
mod of_user;
mod overview;
mod percentile;

use utoipa_axum::routes;
use waystation_api::permissions::Permission;

use crate::auth::{Access, GuardedRoutes};

/// The slice's routes below `/api`.
pub(crate) fn routes() -> GuardedRoutes {
    let reading = Access::Holding(Permission::StatsRead);
    GuardedRoutes::new()
        .route(reading, routes!(overview::show_overview))
        .route(reading, routes!(of_user::show_user_statistics))
        .route(Access::Holding(Permission::RevenueRead), routes!(billing::show_billing_statistics))
}
