//! Sealing under a passphrase: Argon2id (RFC 9106) makes the key, XChaCha20-Poly1305 seals.
//!
//! ```text
//! "WSSECRT1" | memory in KiB, u32 | passes, u32 | lanes, u32 | salt, 16 bytes | nonce, 24 bytes | sealed content
//! ```
//! Numbers are big-endian. All before the sealed content is authenticated with it.

use argon2::{Algorithm, Argon2, Params, Version};
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use zeroize::Zeroizing;

use crate::secrets::SecretError;

const MAGIC: &[u8; 8] = b"WSSECRT1";
const SALT_LENGTH: usize = 16;
const NONCE_LENGTH: usize = 24;
const COST_LENGTH: usize = 12;
const HEAD_LENGTH: usize = MAGIC.len() + COST_LENGTH + SALT_LENGTH + NONCE_LENGTH;

/// What a key costs to make. A file says what its own cost; one that asks for too much is not obeyed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Cost {
    memory_kib: u32,
    passes: u32,
    lanes: u32,
}

/// About a third of a second on a small machine.
const COST: Cost = Cost { memory_kib: 64 * 1024, passes: 3, lanes: 1 };
const MEMORY_KIB_MAX: u32 = 256 * 1024;
const PASSES_MAX: u32 = 10;
const LANES_MAX: u32 = 4;

/// The key that a passphrase makes with one salt.
pub(super) struct Lock {
    cost: Cost,
    salt: [u8; SALT_LENGTH],
    key: Zeroizing<[u8; 32]>,
}

impl Lock {
    /// A new lock.
    pub(super) fn make(passphrase: &str) -> Result<Self, SecretError> {
        let mut salt = [0; SALT_LENGTH];
        getrandom::fill(&mut salt).map_err(|_| SecretError::Sealing)?;
        Lock::with(COST, salt, passphrase)
    }

    /// Opens what was sealed. Gives the lock too, to seal what comes next.
    pub(super) fn open(sealed: &[u8], passphrase: &str) -> Result<(Self, Zeroizing<Vec<u8>>), SecretError> {
        let (head, content) = sealed.split_at_checked(HEAD_LENGTH).ok_or(SecretError::Damaged)?;
        let (cost, salt, nonce) = read_head(head).ok_or(SecretError::Damaged)?;
        let lock = Lock::with(cost, salt, passphrase)?;
        let payload = Payload { msg: content, aad: head };
        let opened = lock.cipher()?.decrypt(&XNonce::from(nonce), payload);
        Ok((lock, Zeroizing::new(opened.map_err(|_| SecretError::WrongPassphrase)?)))
    }

    /// Seals a content.
    pub(super) fn seal(&self, content: &[u8]) -> Result<Vec<u8>, SecretError> {
        let mut nonce = [0; NONCE_LENGTH];
        getrandom::fill(&mut nonce).map_err(|_| SecretError::Sealing)?;
        let mut sealed = Vec::with_capacity(HEAD_LENGTH + content.len() + 16);
        sealed.extend_from_slice(MAGIC);
        for number in [self.cost.memory_kib, self.cost.passes, self.cost.lanes] {
            sealed.extend_from_slice(&number.to_be_bytes());
        }
        sealed.extend_from_slice(&self.salt);
        sealed.extend_from_slice(&nonce);
        let payload = Payload { msg: content, aad: &sealed };
        let content = self.cipher()?.encrypt(&XNonce::from(nonce), payload);
        sealed.extend_from_slice(&content.map_err(|_| SecretError::Sealing)?);
        Ok(sealed)
    }

    fn with(cost: Cost, salt: [u8; SALT_LENGTH], passphrase: &str) -> Result<Self, SecretError> {
        let params = Params::new(cost.memory_kib, cost.passes, cost.lanes, Some(32))
            .map_err(|_| SecretError::Damaged)?;
        let mut key = Zeroizing::new([0; 32]);
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into(passphrase.as_bytes(), &salt, key.as_mut_slice())
            .map_err(|_| SecretError::Sealing)?;
        Ok(Lock { cost, salt, key })
    }

    fn cipher(&self) -> Result<XChaCha20Poly1305, SecretError> {
        XChaCha20Poly1305::new_from_slice(self.key.as_slice()).map_err(|_| SecretError::Sealing)
    }
}

fn read_head(head: &[u8]) -> Option<(Cost, [u8; SALT_LENGTH], [u8; NONCE_LENGTH])> {
    let rest = head.strip_prefix(MAGIC)?;
    let (costs, rest) = rest.split_at_checked(COST_LENGTH)?;
    let mut numbers = costs.as_chunks::<4>().0.iter().map(|bytes| u32::from_be_bytes(*bytes));
    let cost = Cost { memory_kib: numbers.next()?, passes: numbers.next()?, lanes: numbers.next()? };
    let is_bearable =
        cost.memory_kib <= MEMORY_KIB_MAX && cost.passes <= PASSES_MAX && cost.lanes <= LANES_MAX;
    let (salt, nonce) = rest.split_at_checked(SALT_LENGTH)?;
    is_bearable.then_some((cost, salt.try_into().ok()?, nonce.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHEAP: Cost = Cost { memory_kib: 64, passes: 1, lanes: 1 };

    fn lock() -> Lock {
        Lock::with(CHEAP, [7; SALT_LENGTH], "correct horse").unwrap()
    }

    #[test]
    fn what_is_sealed_opens_under_its_passphrase_only() {
        let sealed = lock().seal(b"content").unwrap();
        assert!(!sealed.windows(7).any(|part| part == b"content"));
        let (again, content) = Lock::open(&sealed, "correct horse").unwrap();
        assert_eq!(content.as_slice(), b"content");
        assert_ne!(again.seal(b"content").unwrap(), sealed);
        for wrong in ["", "correct horsE", "correct horse "] {
            assert!(matches!(Lock::open(&sealed, wrong), Err(SecretError::WrongPassphrase)), "{wrong:?}");
        }
    }

    #[test]
    fn a_file_that_was_touched_anywhere_does_not_open() {
        let sealed = lock().seal(b"content").unwrap();
        for place in
            (0..sealed.len()).filter(|place| !(MAGIC.len()..MAGIC.len() + COST_LENGTH).contains(place))
        {
            let mut touched = sealed.clone();
            touched[place] ^= 1;
            assert!(Lock::open(&touched, "correct horse").is_err(), "{place}");
        }
        for length in [0, 1, HEAD_LENGTH - 1, HEAD_LENGTH, sealed.len() - 1] {
            assert!(Lock::open(&sealed[..length], "correct horse").is_err(), "{length}");
        }
    }

    #[test]
    fn a_file_cannot_make_the_app_work_without_end() {
        let mut sealed = lock().seal(b"content").unwrap();
        let costs = MAGIC.len()..MAGIC.len() + COST_LENGTH;
        for numbers in [[u32::MAX, 1, 1], [64, u32::MAX, 1], [64, 1, u32::MAX], [MEMORY_KIB_MAX + 1, 1, 1]] {
            let bytes: Vec<u8> = numbers.iter().flat_map(|number: &u32| number.to_be_bytes()).collect();
            sealed[costs.clone()].copy_from_slice(&bytes);
            assert!(matches!(Lock::open(&sealed, "correct horse"), Err(SecretError::Damaged)), "{numbers:?}");
        }
    }
}
