//! A file of secrets under a passphrase, for systems without a keyring.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::connections::ConnectionId;
use crate::files::{read_file, replace_file};
use crate::secrets::passphrase_lock::Lock;
use crate::secrets::{SecretError, SecretStore};

/// The shortest passphrase, in characters.
pub const PASSPHRASE_LENGTH_MIN: usize = 12;
const FILE_BYTES_MAX: u64 = 4 * 1024 * 1024;

/// The file. It is open between [`PassphraseFile::unlock`] and [`PassphraseFile::lock`].
pub struct PassphraseFile {
    path: PathBuf,
    open: Mutex<Option<Open>>,
}

struct Open {
    lock: Lock,
    secrets: Secrets,
}

#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Secrets {
    connections: BTreeMap<ConnectionId, Secret>,
}

#[derive(Clone, Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
#[serde(transparent)]
struct Secret(Vec<u8>);

impl PassphraseFile {
    /// The file at a path, which need not be there. It is locked at first.
    pub fn at(path: PathBuf) -> Self {
        PassphraseFile { path, open: Mutex::new(None) }
    }

    /// Whether the file is there.
    pub fn exists(&self) -> bool {
        self.path.exists()
    }

    /// Whether it is open.
    pub fn is_open(&self) -> bool {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    /// Makes the file, with nothing in it. One that is there already is not replaced.
    pub fn create(&self, passphrase: &str) -> Result<(), SecretError> {
        if passphrase.chars().count() < PASSPHRASE_LENGTH_MIN {
            return Err(SecretError::WeakPassphrase);
        }
        if self.exists() {
            return self.unlock(passphrase);
        }
        let open = Open { lock: Lock::make(passphrase)?, secrets: Secrets::default() };
        self.write(&open)?;
        *self.open.lock().unwrap_or_else(PoisonError::into_inner) = Some(open);
        Ok(())
    }

    /// Opens the file.
    pub fn unlock(&self, passphrase: &str) -> Result<(), SecretError> {
        let sealed = read_file(&self.path, FILE_BYTES_MAX).map_err(SecretError::File)?;
        let sealed = sealed.ok_or(SecretError::Damaged)?;
        let (lock, content) = Lock::open(&sealed, passphrase)?;
        let secrets = serde_json::from_slice(&content).map_err(|_| SecretError::Damaged)?;
        *self.open.lock().unwrap_or_else(PoisonError::into_inner) = Some(Open { lock, secrets });
        Ok(())
    }

    /// Forgets the key and what it opened.
    pub fn lock(&self) {
        *self.open.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Changes what is kept; it counts once it is on the disk.
    fn change(&self, change: impl FnOnce(&mut Secrets)) -> Result<(), SecretError> {
        let mut guard = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let open = guard.as_mut().ok_or(SecretError::Locked)?;
        let before = open.secrets.clone();
        change(&mut open.secrets);
        let written = self.write(open);
        if written.is_err() {
            open.secrets = before;
        }
        written
    }

    fn write(&self, open: &Open) -> Result<(), SecretError> {
        let content = Zeroizing::new(serde_json::to_vec(&open.secrets).map_err(|_| SecretError::Sealing)?);
        replace_file(&self.path, &open.lock.seal(&content)?).map_err(SecretError::File)
    }
}

impl SecretStore for PassphraseFile {
    fn prepare(&self) -> Result<(), SecretError> {
        if self.is_open() { Ok(()) } else { Err(SecretError::Locked) }
    }

    fn load(&self, id: ConnectionId) -> Result<Option<Zeroizing<Vec<u8>>>, SecretError> {
        let guard = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let open = guard.as_ref().ok_or(SecretError::Locked)?;
        Ok(open.secrets.connections.get(&id).map(|secret| Zeroizing::new(secret.0.clone())))
    }

    fn save(&self, id: ConnectionId, secret: &[u8]) -> Result<(), SecretError> {
        let secret = Secret(secret.to_vec());
        self.change(|secrets| drop(secrets.connections.insert(id, secret)))
    }

    fn delete(&self, id: ConnectionId) -> Result<(), SecretError> {
        self.change(|secrets| drop(secrets.connections.remove(&id)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_there_again_under_the_passphrase_and_nowhere_in_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secrets");
        let (id, file) = (ConnectionId::draw(), PassphraseFile::at(path.clone()));
        assert!(matches!(file.create("short"), Err(SecretError::WeakPassphrase)));
        assert!(!file.exists());
        file.create("correct horse battery").unwrap();
        file.save(id, b"wsr_canary").unwrap();
        file.lock();
        assert!(matches!(file.load(id), Err(SecretError::Locked)));
        assert!(matches!(file.save(id, b"x"), Err(SecretError::Locked)));

        let kept = std::fs::read(&path).unwrap();
        for part in [&b"canary"[..], id.to_string().as_bytes()] {
            assert!(!kept.windows(part.len()).any(|window| window == part));
        }
        let file = PassphraseFile::at(path.clone());
        assert!(matches!(file.unlock("correct horse batterY"), Err(SecretError::WrongPassphrase)));
        assert!(!file.is_open());
        // Made again it is opened: what was kept in it is not lost.
        file.create("correct horse battery").unwrap();
        assert_eq!(file.load(id).unwrap().unwrap().as_slice(), b"wsr_canary");
        file.delete(id).unwrap();
        assert!(file.load(id).unwrap().is_none());
    }

    #[test]
    fn a_secret_that_cannot_be_written_is_not_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secrets");
        let (id, file) = (ConnectionId::draw(), PassphraseFile::at(path.clone()));
        file.create("correct horse battery").unwrap();
        std::fs::remove_file(&path).unwrap();
        std::fs::create_dir_all(path.join("in the way")).unwrap();
        assert!(matches!(file.save(id, b"x"), Err(SecretError::File(_))));
        assert!(file.load(id).unwrap().is_none());
    }
}
