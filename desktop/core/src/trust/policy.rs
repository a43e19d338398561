use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::trust::Fingerprint;

/// By what a site is known. Sites on this machine that are reached without TLS are known by nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum TlsPolicy {
    /// By an authority that this system believes.
    System,
    /// By an authority of a file, and by no other.
    CaFile {
        /// The file, in PEM.
        path: PathBuf,
    },
    /// By its public key, whoever vouches for it or not.
    PinnedKey {
        /// SHA-256 of the key.
        fingerprint: Fingerprint,
    },
}
