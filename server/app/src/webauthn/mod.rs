//! Passkeys: the two ceremonies of Web Authentication (W3C, Level 3), as far as a site without interest in the makes of
//! authenticators needs them. `docs/decisions/0006-passkeys.md` says why they are here.

mod authenticator_data;
mod base64_text;
mod cbor;
mod ceremony;
mod public_key;
#[cfg(test)]
pub(crate) mod software_authenticator;

pub(crate) use base64_text::{read_base64, write_base64};
pub(crate) use ceremony::{CeremonyError, RelyingParty, StoredCredential};
