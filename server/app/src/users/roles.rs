//! The roles, out of the one table that routes ask.

use axum::extract::State;
use waystation_api::permissions::Permission;
use waystation_api::roles::{RoleDetails, RoleList};
use waystation_ids::Role;

use crate::error::ApiError;
use crate::http::body::Json;
use crate::state::App;

/// List roles
#[utoipa::path(
    get, path = "/admin/roles", tag = "users", operation_id = "list_roles",
    responses((status = 200, description = "What each role may do", body = RoleList)),
)]
pub(super) async fn list_roles(State(app): State<App>) -> Result<Json<RoleList>, ApiError> {
    let people = app.store.count_users_by_role().await?;
    let items = Role::ALL.into_iter().rev().map(|role| RoleDetails {
        role,
        permissions: Permission::held_by(role),
        people: people.get(&role).copied().unwrap_or(0),
    });
    Ok(Json(RoleList { items: items.collect(), permissions: Permission::all() }))
}
