//! Secrets at rest: sealed under keys made of the master key, which is never in the database.
//!
//! A sealed secret is a version byte, a random nonce and AES-256-GCM of the text. What it is for and whose it is
//! are authenticated with it, so that a sealed value copied to another row does not open there.

use std::fmt;
use std::io::{self, Write};
use std::path::Path;

use aes_gcm::Aes256Gcm;
use aes_gcm::aead::{Aead, KeyInit, Nonce, Payload};
use hmac::{Hmac, Mac};
use sha2::Sha256;
use thiserror::Error;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::hex::read_hex;
use crate::random::random_bytes;

const VERSION: u8 = 1;
const NONCE_LENGTH: usize = 12;
const FILE_NAME: &str = "master.key";

/// What a sealed secret is for. Each purpose has a key of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// One of the site's own secrets, by its name.
    SiteSecret,
    /// A channel's secret, by its credential's id.
    Credential,
    /// What instances remember of a key together, by the key's hash.
    SharedKey,
    /// What the next step of a sign-in needs, by the hash of its token.
    PendingSignIn,
    /// The secret of an authenticator app, by its owner's id.
    TotpSecret,
}

impl Purpose {
    /// Goes into the key's derivation: must never change.
    const fn label(self) -> &'static str {
        match self {
            Purpose::SiteSecret => "waystation site secret v1",
            Purpose::Credential => "waystation channel credential v1",
            Purpose::SharedKey => "waystation shared key v1",
            Purpose::PendingSignIn => "waystation pending sign-in v1",
            Purpose::TotpSecret => "waystation totp secret v1",
        }
    }
}

/// Why a secret could not be sealed or opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub(crate) enum SealingError {
    /// The operating system gave no random bytes, or the cipher refused.
    #[error("a secret could not be sealed")]
    Seal,
    /// Another master key, another row, or changed bytes.
    #[error("a sealed secret does not open with this master key")]
    Open,
}

/// Why there is no master key.
#[derive(Debug, Error)]
pub(crate) enum MasterKeyError {
    /// The file could not be made.
    #[error("master.key could not be made in the data folder")]
    Create(#[source] io::Error),
    /// The file could not be read.
    #[error("master.key in the data folder cannot be read")]
    Read(#[source] io::Error),
    /// The file holds something else.
    #[error("master.key in the data folder does not hold 64 hexadecimal digits")]
    Malformed,
}

/// The key above all sealed secrets.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub(crate) struct MasterKey([u8; 32]);

impl MasterKey {
    /// The key with these bytes.
    pub(crate) const fn new(bytes: [u8; 32]) -> Self {
        MasterKey(bytes)
    }

    /// Reads the key of a data folder, or makes one that only this user can read.
    pub(crate) fn load_or_create(data_dir: &Path) -> Result<Self, MasterKeyError> {
        match Self::load(data_dir)? {
            Some(key) => Ok(key),
            None => Self::create(data_dir),
        }
    }

    /// Reads the key of a data folder, if there is one.
    pub(crate) fn load(data_dir: &Path) -> Result<Option<Self>, MasterKeyError> {
        match std::fs::read_to_string(data_dir.join(FILE_NAME)) {
            Ok(text) => {
                let text = Zeroizing::new(text);
                read_hex(text.trim()).map(|bytes| Some(MasterKey(bytes))).ok_or(MasterKeyError::Malformed)
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(MasterKeyError::Read(error)),
        }
    }

    fn create(data_dir: &Path) -> Result<Self, MasterKeyError> {
        let bytes: [u8; 32] =
            random_bytes().map_err(|error| MasterKeyError::Create(io::Error::other(error)))?;
        let mut text = Zeroizing::new(String::with_capacity(65));
        for byte in bytes {
            text.push_str(&format!("{byte:02x}"));
        }
        text.push('\n');
        match write_private_file(&data_dir.join(FILE_NAME), text.as_bytes()) {
            Ok(()) => Ok(MasterKey(bytes)),
            // Another process made it meanwhile: use that one.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                Self::load(data_dir)?.ok_or(MasterKeyError::Create(error))
            }
            Err(error) => Err(MasterKeyError::Create(error)),
        }
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKey(…)")
    }
}

/// Seals and opens secrets. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Sealing {
    master: MasterKey,
}

impl Sealing {
    /// Seals under this master key.
    pub(crate) const fn new(master: MasterKey) -> Self {
        Sealing { master }
    }

    /// Seals a secret for one purpose and owner; only the same two open it.
    pub(crate) fn seal(&self, purpose: Purpose, id: &str, plain: &[u8]) -> Result<Vec<u8>, SealingError> {
        let nonce: [u8; NONCE_LENGTH] = random_bytes().map_err(|_| SealingError::Seal)?;
        let payload = Payload { msg: plain, aad: id.as_bytes() };
        let sealed = self
            .cipher(purpose)
            .ok_or(SealingError::Seal)?
            .encrypt(&Nonce::<Aes256Gcm>::from(nonce), payload)
            .map_err(|_| SealingError::Seal)?;
        let mut out = Vec::with_capacity(1 + NONCE_LENGTH + sealed.len());
        out.push(VERSION);
        out.extend_from_slice(&nonce);
        out.extend_from_slice(&sealed);
        Ok(out)
    }

    /// Opens what [`Sealing::seal`] made with the same purpose and owner.
    pub(crate) fn open(
        &self,
        purpose: Purpose,
        id: &str,
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, SealingError> {
        let (version, rest) = sealed.split_first().ok_or(SealingError::Open)?;
        let (nonce, text) = rest.split_first_chunk::<NONCE_LENGTH>().ok_or(SealingError::Open)?;
        if *version != VERSION {
            return Err(SealingError::Open);
        }
        let payload = Payload { msg: text, aad: id.as_bytes() };
        self.cipher(purpose)
            .and_then(|cipher| cipher.decrypt(&Nonce::<Aes256Gcm>::from(*nonce), payload).ok())
            .map(Zeroizing::new)
            .ok_or(SealingError::Open)
    }

    /// The purpose's key is one block of HKDF-Expand (RFC 5869, section 2.3); the master key is uniformly random,
    /// so nothing needs to be extracted first.
    fn cipher(&self, purpose: Purpose) -> Option<Aes256Gcm> {
        let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(&self.master.0).ok()?;
        mac.update(purpose.label().as_bytes());
        mac.update(&[1]);
        let mut key: [u8; 32] = mac.finalize().into_bytes().into();
        let cipher = Aes256Gcm::new_from_slice(&key).ok();
        key.zeroize();
        cipher
    }
}

impl fmt::Debug for Sealing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sealing(…)")
    }
}

/// Writes a file that must not exist yet and that only this user may read.
pub(crate) fn write_private_file(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(content)?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sealing(byte: u8) -> Sealing {
        Sealing::new(MasterKey::new([byte; 32]))
    }

    #[test]
    fn a_sealed_secret_opens_only_with_its_key_purpose_and_owner() {
        let sealed = sealing(1).seal(Purpose::Credential, "crd_1", b"upstream secret").unwrap();
        let opened = sealing(1).open(Purpose::Credential, "crd_1", &sealed).unwrap();
        assert_eq!(opened.as_slice(), b"upstream secret");
        for (sealing, purpose, id) in [
            (sealing(2), Purpose::Credential, "crd_1"),
            (sealing(1), Purpose::SiteSecret, "crd_1"),
            (sealing(1), Purpose::Credential, "crd_2"),
        ] {
            assert_eq!(sealing.open(purpose, id, &sealed).err(), Some(SealingError::Open));
        }
    }

    #[test]
    fn a_changed_or_cut_secret_does_not_open() {
        let sealed = sealing(1).seal(Purpose::SiteSecret, "check", b"x").unwrap();
        for place in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[place] ^= 1;
            assert!(sealing(1).open(Purpose::SiteSecret, "check", &changed).is_err(), "{place}");
            assert!(sealing(1).open(Purpose::SiteSecret, "check", &sealed[..place]).is_err(), "{place}");
        }
    }

    #[test]
    fn the_same_secret_is_never_sealed_alike() {
        let seal = || sealing(1).seal(Purpose::SiteSecret, "check", b"x").unwrap();
        assert_ne!(seal(), seal());
    }

    #[test]
    fn the_master_key_is_made_once_and_only_its_user_reads_it() {
        let folder = std::env::temp_dir().join(format!("waystation-master-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let made = MasterKey::load_or_create(&folder).unwrap();
        let read = MasterKey::load_or_create(&folder).unwrap();
        assert_eq!(made.0, read.0);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = std::fs::metadata(folder.join(FILE_NAME)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
