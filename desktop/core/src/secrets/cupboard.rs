//! The places for secrets, and the one of them that is used.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use crate::secrets::{
    Keyring, PassphraseFile, SecretError, SecretsCondition, SecretsPlace, SecretsState, SharedSecrets,
};

/// Both places: the system's keyring, and a file under a passphrase for systems without one. Which of them is used is
/// somebody's choice, and never changes by itself.
pub struct Cupboard {
    chosen: Mutex<SecretsPlace>,
    keyring: Mutex<Option<Arc<Keyring>>>,
    file: Arc<PassphraseFile>,
}

impl Cupboard {
    /// The places, with the file at a path.
    pub fn new(chosen: SecretsPlace, file: PathBuf) -> Self {
        let file = Arc::new(PassphraseFile::at(file));
        Cupboard { chosen: Mutex::new(chosen), keyring: Mutex::default(), file }
    }

    /// The file.
    pub fn file(&self) -> &PassphraseFile {
        &self.file
    }

    /// Uses another place from now on.
    pub fn choose(&self, place: SecretsPlace) {
        *self.chosen.lock().unwrap_or_else(PoisonError::into_inner) = place;
    }

    /// Opens the place that is used. It may take long.
    pub fn open(&self) -> Result<SharedSecrets, SecretError> {
        match self.chosen() {
            SecretsPlace::PassphraseFile => Ok(self.file.clone()),
            SecretsPlace::Keyring => Ok(self.open_keyring()?),
        }
    }

    fn open_keyring(&self) -> Result<Arc<Keyring>, SecretError> {
        let mut keyring = self.keyring.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(keyring) = keyring.as_ref() {
            return Ok(keyring.clone());
        }
        let opened = Arc::new(Keyring::open()?);
        *keyring = Some(opened.clone());
        Ok(opened)
    }

    /// Where secrets lie, and whether they can be had. It may take long.
    pub fn state(&self) -> SecretsState {
        let place = self.chosen();
        let condition = match place {
            SecretsPlace::PassphraseFile if self.file.is_open() => SecretsCondition::Ready,
            SecretsPlace::PassphraseFile => SecretsCondition::Locked,
            SecretsPlace::Keyring => match self.open_keyring().and_then(|keyring| keyring.is_locked()) {
                Ok(false) => SecretsCondition::Ready,
                Ok(true) => SecretsCondition::Locked,
                Err(SecretError::Locked) => SecretsCondition::Locked,
                Err(_) => SecretsCondition::Unavailable,
            },
        };
        SecretsState { place, condition, has_passphrase_file: self.file.exists() }
    }

    fn chosen(&self) -> SecretsPlace {
        *self.chosen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connections::ConnectionId;

    #[test]
    fn the_file_is_used_when_it_was_chosen_and_is_locked_until_it_is_opened() {
        let folder = tempfile::tempdir().unwrap();
        let cupboard = Cupboard::new(SecretsPlace::PassphraseFile, folder.path().join("secrets"));
        let locked = SecretsState {
            place: SecretsPlace::PassphraseFile,
            condition: SecretsCondition::Locked,
            has_passphrase_file: false,
        };
        assert_eq!(cupboard.state(), locked);
        let store = cupboard.open().unwrap();
        assert!(matches!(store.save(ConnectionId::draw(), b"x"), Err(SecretError::Locked)));
        cupboard.file().create("correct horse battery").unwrap();
        assert_eq!(cupboard.state().condition, SecretsCondition::Ready);
        assert!(store.save(ConnectionId::draw(), b"x").is_ok());
    }
}
