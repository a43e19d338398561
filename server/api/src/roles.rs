//! Roles: what each may do, and how many people have it.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use waystation_ids::Role;

use crate::permissions::Permission;

/// Every role and every permission. Roles are the site's, not the operator's: they are the same everywhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RoleList {
    /// The roles, the highest first.
    pub items: Vec<RoleDetails>,
    /// Every permission that there is, in the order in which roles name theirs.
    pub permissions: Vec<Permission>,
}

/// A role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RoleDetails {
    /// Its name.
    pub role: Role,
    /// What whoever has it may do. Everybody sees what is their own without any.
    pub permissions: Vec<Permission>,
    /// How many have it; who is disabled counts, who was removed does not.
    pub people: u64,
}
