//! The site's settings: every one with its value and where that comes from, and changing those that may change while
//! the server runs.

mod list;
mod live;
mod update;

use utoipa_axum::routes;
use waystation_api::permissions::Permission;

use crate::auth::{Access, GuardedRoutes};
pub(crate) use live::LiveSettings;

/// The slice's routes below `/api`.
pub(crate) fn routes() -> GuardedRoutes {
    GuardedRoutes::new()
        .route(Access::Holding(Permission::SettingsRead), routes!(list::list_settings))
        .route(Access::Holding(Permission::SettingsWrite), routes!(update::update_settings))
}
