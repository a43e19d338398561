//! Device tokens at rest: in the system's keyring or, where there is none, in a file under a passphrase. Never as plain
//! text, and never somewhere else without being asked.

mod credential;
mod cupboard;
mod keyring;
mod passphrase_file;
mod passphrase_lock;

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use thiserror::Error;
use zeroize::Zeroizing;

use crate::connections::ConnectionId;
pub use credential::{Credential, RefreshSecret};
pub use cupboard::Cupboard;
pub use keyring::Keyring;
pub use passphrase_file::{PASSPHRASE_LENGTH_MIN, PassphraseFile};

/// Where secrets lie. Calls may take long, as somebody may be asked to unlock it: not for an asynchronous thread.
pub trait SecretStore: Send + Sync {
    /// Makes sure that a secret can be kept, asking somebody to unlock the place where it has to be. To be called
    /// before what is given once only is taken.
    fn prepare(&self) -> Result<(), SecretError>;
    /// The secret of a connection, if it has one.
    fn load(&self, id: ConnectionId) -> Result<Option<Zeroizing<Vec<u8>>>, SecretError>;
    /// Keeps a connection's secret; any before is gone.
    fn save(&self, id: ConnectionId, secret: &[u8]) -> Result<(), SecretError>;
    /// Forgets a connection's secret, if it has one.
    fn delete(&self, id: ConnectionId) -> Result<(), SecretError>;
}

/// Why a secret could not be read or kept.
#[derive(Debug, Error)]
pub enum SecretError {
    /// There is no keyring, or it does not answer.
    #[error("this system's keyring cannot be reached")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The keyring or the file is locked.
    #[error("the secrets are locked")]
    Locked,
    /// The passphrase does not open the file.
    #[error("the passphrase is wrong, or the file is damaged")]
    WrongPassphrase,
    /// The passphrase is too easy to guess.
    #[error("a passphrase has at least {PASSPHRASE_LENGTH_MIN} characters")]
    WeakPassphrase,
    /// What is kept is no secret of this app's.
    #[error("what is kept for this connection cannot be read")]
    Damaged,
    /// The file could not be read or written.
    #[error("the file of secrets could not be used")]
    File(#[source] std::io::Error),
    /// There was no randomness or no memory for it.
    #[error("the secret could not be sealed")]
    Sealing,
}

/// Where secrets lie, and whether they can be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct SecretsState {
    /// Where.
    pub place: SecretsPlace,
    /// Whether they can be had.
    pub condition: SecretsCondition,
    /// Whether a file under a passphrase is there, open or not.
    pub has_passphrase_file: bool,
}

/// Where secrets lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SecretsPlace {
    /// In the system's keyring.
    Keyring,
    /// In a file under a passphrase.
    PassphraseFile,
}

/// Whether secrets can be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SecretsCondition {
    /// Yes.
    Ready,
    /// After unlocking.
    Locked,
    /// There is no such place on this system.
    Unavailable,
}

/// A store that more than one part of the app reads.
pub type SharedSecrets = Arc<dyn SecretStore>;

#[cfg(test)]
pub(crate) mod tests {
    use std::collections::HashMap;
    use std::sync::Mutex;

    use super::*;

    /// Keeps secrets for as long as a test takes, and can be told to fail.
    #[derive(Default)]
    pub(crate) struct Drawer {
        pub(crate) kept: Mutex<HashMap<ConnectionId, Vec<u8>>>,
        pub(crate) is_locked: std::sync::atomic::AtomicBool,
    }

    impl Drawer {
        fn check(&self) -> Result<(), SecretError> {
            match self.is_locked.load(std::sync::atomic::Ordering::SeqCst) {
                true => Err(SecretError::Locked),
                false => Ok(()),
            }
        }
    }

    impl SecretStore for Drawer {
        fn prepare(&self) -> Result<(), SecretError> {
            self.check()
        }

        fn load(&self, id: ConnectionId) -> Result<Option<Zeroizing<Vec<u8>>>, SecretError> {
            self.check()?;
            Ok(self.kept.lock().unwrap().get(&id).cloned().map(Zeroizing::new))
        }

        fn save(&self, id: ConnectionId, secret: &[u8]) -> Result<(), SecretError> {
            self.check()?;
            self.kept.lock().unwrap().insert(id, secret.to_vec());
            Ok(())
        }

        fn delete(&self, id: ConnectionId) -> Result<(), SecretError> {
            self.check()?;
            self.kept.lock().unwrap().remove(&id);
            Ok(())
        }
    }
}
