//! The system's keyring.

use std::sync::{Arc, Mutex, PoisonError};

use keyring_core::{CredentialStore, Entry, Error};
use zeroize::Zeroizing;

use crate::connections::ConnectionId;
use crate::secrets::{SecretError, SecretStore};

/// Under this name the keyring's own program shows what is kept.
const SERVICE: &str = "Waystation";

/// The keyring of this system: the Secret Service, the Keychain or the Credential Manager.
pub struct Keyring {
    store: Mutex<Arc<CredentialStore>>,
}

impl Keyring {
    /// Finds the keyring. It may be locked.
    pub fn open() -> Result<Self, SecretError> {
        Ok(Keyring { store: Mutex::new(system_store().map_err(translate)?) })
    }

    /// Whether somebody would have to unlock it before it gives anything. It is not asked to.
    pub fn is_locked(&self) -> Result<bool, SecretError> {
        lock::is_locked().map_err(translate)
    }

    /// Works with the entry of a connection. The keyring's program may have begun anew since it was found, and then it is
    /// looked for again.
    fn with_entry<A>(
        &self,
        id: ConnectionId,
        work: impl Fn(&Entry) -> Result<A, Error>,
    ) -> Result<A, SecretError> {
        let work_in = |store: &CredentialStore| work(&store.build(SERVICE, &id.to_string(), None)?);
        let known = self.store.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let worked = match work_in(known.as_ref()) {
            Err(Error::PlatformFailure(_)) => system_store().and_then(|found| {
                *self.store.lock().unwrap_or_else(PoisonError::into_inner) = found.clone();
                work_in(found.as_ref())
            }),
            worked => worked,
        };
        worked.map_err(translate)
    }
}

impl SecretStore for Keyring {
    fn prepare(&self) -> Result<(), SecretError> {
        lock::unlock().map_err(translate)
    }

    fn load(&self, id: ConnectionId) -> Result<Option<Zeroizing<Vec<u8>>>, SecretError> {
        self.with_entry(id, |entry| match entry.get_secret() {
            Ok(secret) => Ok(Some(Zeroizing::new(secret))),
            Err(Error::NoEntry) => Ok(None),
            Err(error) => Err(error),
        })
    }

    fn save(&self, id: ConnectionId, secret: &[u8]) -> Result<(), SecretError> {
        self.with_entry(id, |entry| entry.set_secret(secret))
    }

    fn delete(&self, id: ConnectionId) -> Result<(), SecretError> {
        self.with_entry(id, |entry| match entry.delete_credential() {
            Ok(()) | Err(Error::NoEntry) => Ok(()),
            Err(error) => Err(error),
        })
    }
}

/// A Secret Service is asked by itself whether it is locked: its store would only tell by failing.
#[cfg(target_os = "linux")]
mod lock {
    use keyring_core::Error;
    use secret_service::EncryptionType;
    use secret_service::blocking::{Collection, SecretService};
    use zbus_secret_service_keyring_store::errors::decode_error;

    pub(super) fn is_locked() -> Result<bool, Error> {
        with_collection(|collection| collection.is_locked())
    }

    pub(super) fn unlock() -> Result<(), Error> {
        let is_locked = with_collection(|collection| {
            if collection.is_locked()? {
                collection.unlock()?;
            }
            collection.is_locked()
        })?;
        match is_locked {
            true => Err(Error::NoStorageAccess("it was not unlocked".into())),
            false => Ok(()),
        }
    }

    /// A keyring that was never used has no collection: it is made with the first secret.
    fn with_collection(
        ask: impl FnOnce(&Collection) -> Result<bool, secret_service::Error>,
    ) -> Result<bool, Error> {
        let service = SecretService::connect(EncryptionType::Plain).map_err(decode_error)?;
        match service.get_default_collection() {
            Ok(collection) => ask(&collection).map_err(decode_error),
            Err(secret_service::Error::NoResult) => Ok(false),
            Err(error) => Err(decode_error(error)),
        }
    }
}

/// Elsewhere the keyring is open as long as its user is there.
#[cfg(not(target_os = "linux"))]
mod lock {
    use keyring_core::Error;

    pub(super) fn is_locked() -> Result<bool, Error> {
        Ok(false)
    }

    pub(super) fn unlock() -> Result<(), Error> {
        Ok(())
    }
}

#[cfg(target_os = "linux")]
fn system_store() -> Result<Arc<CredentialStore>, Error> {
    Ok(zbus_secret_service_keyring_store::Store::new()?)
}

#[cfg(target_os = "macos")]
fn system_store() -> Result<Arc<CredentialStore>, Error> {
    Ok(apple_native_keyring_store::keychain::Store::new()?)
}

#[cfg(windows)]
fn system_store() -> Result<Arc<CredentialStore>, Error> {
    Ok(windows_native_keyring_store::Store::new()?)
}

/// Some errors carry what was kept: those are dropped here.
fn translate(error: Error) -> SecretError {
    match error {
        Error::NoStorageAccess(_) => SecretError::Locked,
        Error::PlatformFailure(source) => SecretError::Unavailable(source),
        Error::BadEncoding(_) | Error::BadDataFormat(_, _) | Error::Ambiguous(_) => SecretError::Damaged,
        other => SecretError::Unavailable(other.to_string().into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_keyring_says_is_told_apart() {
        let source = || -> Box<dyn std::error::Error + Send + Sync> { "no".into() };
        assert!(matches!(translate(Error::NoStorageAccess(source())), SecretError::Locked));
        assert!(matches!(translate(Error::PlatformFailure(source())), SecretError::Unavailable(_)));
        let damaged = translate(Error::BadEncoding(b"wsr_canary".to_vec()));
        assert!(matches!(damaged, SecretError::Damaged));
        assert!(!format!("{damaged:?}").contains("canary"));
    }
}
