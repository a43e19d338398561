//! Whether a key opens the relay.

use serde::{Deserialize, Serialize};

/// Whether a key opens the relay. An expired key keeps its status: its time is a limit of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum KeyStatus {
    /// It does.
    Active,
    /// It does not, until it is made active again.
    Disabled,
    /// It does not and never will again; the row is kept for what it was used for.
    Revoked,
}

impl KeyStatus {
    /// The stable name used in JSON and in stored rows.
    pub const fn name(self) -> &'static str {
        match self {
            KeyStatus::Active => "active",
            KeyStatus::Disabled => "disabled",
            KeyStatus::Revoked => "revoked",
        }
    }

    /// The status of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        [KeyStatus::Active, KeyStatus::Disabled, KeyStatus::Revoked]
            .into_iter()
            .find(|status| status.name() == name)
    }
}
