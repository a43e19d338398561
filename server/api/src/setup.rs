//! Making the first owner.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use waystation_ids::{Email, Username};

use crate::name::Name;
use crate::sign_in::Reception;

/// Whether the site has an owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SetupState {
    /// Whether an owner is still to be made; until then nothing else is answered.
    pub required: bool,
}

/// The first owner. No Debug: nothing may print it by accident.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SetupCreate {
    /// The token that lies in the server's data folder; `waystation setup-token` prints it.
    pub token: String,
    /// The owner's address.
    pub email: Email,
    /// A name to sign in with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<Username>,
    /// At least 10 characters.
    #[schema(min_length = 10, max_length = 1024)]
    pub password: String,
    /// What the owner is called; what stands before the `@` of the address, unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_name: Option<Name>,
    /// What the caller wants to be known by.
    #[serde(default)]
    pub reception: Reception,
}
