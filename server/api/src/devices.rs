//! Pairing a device with a person.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::name::Name;
use crate::time::Time;

/// A device to pair.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PairingCreate {
    /// What to call it; at most 64 characters.
    pub name: Name,
}

/// What is entered at the device. No Debug: nothing may print it by accident.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
pub struct Pairing {
    /// The site's address, the code, and the fingerprint of the site's certificate where it has one.
    #[schema(example = "waystation://pair?u=https%3A%2F%2Fai.example.com&c=…&fp=…")]
    pub uri: String,
    /// The code alone. It pairs one device.
    pub code: String,
    /// From when on the code is refused.
    pub expires_at: Time,
}

/// What a device sends to be paired. No Debug: nothing may print it by accident.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DevicePair {
    /// The code of the pairing.
    pub code: String,
    /// What to call the device; the name that the pairing was begun with, unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device_name: Option<Name>,
}
