//! Who a site must be before anything is sent to it. There is no way to ignore what a certificate says.

mod fingerprint;
mod look;
mod policy;
mod verifier;

pub use fingerprint::{Fingerprint, FingerprintError};
pub use look::{LookError, SeenCertificate, look_at_certificate};
pub use policy::TlsPolicy;
pub use verifier::{KeyChange, TrustError, Watch, client_config};
