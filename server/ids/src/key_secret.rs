//! The secret text of a user's key.
//!
//! `sk-` (the prefix is configurable), 28 random base-62 characters (over 166 bits) and 4 check characters:
//! an HMAC of the 28 under a secret of its own, so that a forged or mistyped key is refused without a look-up.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use thiserror::Error;
use zeroize::{Zeroize, ZeroizeOnDrop};

const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const RANDOM_LENGTH: usize = 28;
const CHECK_LENGTH: usize = 4;

/// Why a text is not a key of this site.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum KeySecretError {
    /// No configured prefix, or not 32 base-62 characters after it.
    #[error("not the shape of a key")]
    Shape,
    /// The check characters do not belong to the rest.
    #[error("the key's check characters are wrong")]
    Check,
    /// A prefix is 1 to 20 characters of `a-z A-Z 0-9 - _` and ends in `-` or `_`.
    #[error("a key prefix is 1 to 20 letters, digits, - and _, ending in - or _")]
    Prefix,
}

/// What a key's text starts with, such as `sk-`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyPrefix(String);

impl TryFrom<&str> for KeyPrefix {
    type Error = KeySecretError;

    fn try_from(text: &str) -> Result<Self, KeySecretError> {
        let plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
        if plain && (1..=20).contains(&text.len()) && text.ends_with(['-', '_']) {
            Ok(KeyPrefix(text.to_owned()))
        } else {
            Err(KeySecretError::Prefix)
        }
    }
}

impl KeyPrefix {
    /// The prefix as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The secret that the check characters are made with: one a site, never rotated.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct KeyCheck([u8; 32]);

impl KeyCheck {
    /// The check secret with these bytes.
    pub const fn new(secret: [u8; 32]) -> Self {
        KeyCheck(secret)
    }

    /// A new key. `random` holds at least 64 random bytes; those that would favour a letter are passed over.
    /// `None` when too few of them could be used: draw again.
    pub fn create_secret(&self, prefix: &KeyPrefix, random: &[u8]) -> Option<KeySecret> {
        // 248 is the largest multiple of 62 in a byte.
        let letters: Vec<u8> = random
            .iter()
            .filter(|byte| **byte < 248)
            .map(|byte| BASE62[usize::from(byte % 62)])
            .take(RANDOM_LENGTH)
            .collect();
        if letters.len() < RANDOM_LENGTH {
            return None;
        }
        let check = self.check_characters(&letters);
        let mut text = prefix.0.clone();
        text.extend(letters.iter().chain(&check).map(|byte| char::from(*byte)));
        Some(KeySecret(text))
    }

    /// Reads a key as a caller sent it: nothing is trimmed, no case is folded.
    pub fn read_secret(&self, text: &str, prefixes: &[KeyPrefix]) -> Result<KeySecret, KeySecretError> {
        let body = prefixes
            .iter()
            .filter_map(|prefix| text.strip_prefix(prefix.as_str()))
            .find(|body| body.len() == RANDOM_LENGTH + CHECK_LENGTH)
            .ok_or(KeySecretError::Shape)?
            .as_bytes();
        if !body.iter().all(u8::is_ascii_alphanumeric) {
            return Err(KeySecretError::Shape);
        }
        let (letters, check) = body.split_at(RANDOM_LENGTH);
        if self.check_characters(letters).ct_eq(check).into() {
            Ok(KeySecret(text.to_owned()))
        } else {
            Err(KeySecretError::Check)
        }
    }

    fn check_characters(&self, letters: &[u8]) -> [u8; CHECK_LENGTH] {
        let tag = match Hmac::<Sha256>::new_from_slice(&self.0) {
            Ok(mut mac) => {
                mac.update(letters);
                mac.finalize().into_bytes()
            }
            // HMAC takes keys of every length; there is no other way for this to fail.
            Err(_) => return [0; CHECK_LENGTH],
        };
        let mut number = tag.iter().take(8).fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
        [(); CHECK_LENGTH].map(|()| {
            let digit = BASE62[(number % 62) as usize];
            number /= 62;
            digit
        })
    }
}

impl fmt::Debug for KeyCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyCheck(…)")
    }
}

/// A key in the clear. It can be shown once, hashed and previewed; it cannot be printed by accident.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct KeySecret(String);

impl KeySecret {
    /// The text itself, for the one time it is shown.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// What is stored instead of the key.
    pub fn hash(&self) -> KeyHash {
        KeyHash::of(&self.0)
    }

    /// What lists show: the prefix, four characters, and the last four.
    pub fn preview(&self) -> KeyPreview {
        let body = self.0.len() - RANDOM_LENGTH - CHECK_LENGTH;
        let start = &self.0[..body + 4];
        let end = &self.0[self.0.len() - 4..];
        KeyPreview(format!("{start}…{end}"))
    }
}

impl fmt::Debug for KeySecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeySecret(…)")
    }
}

/// SHA-256 of a key's whole text. A key holds over 166 random bits, so no salt or slow hash is needed.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct KeyHash([u8; 32]);

impl KeyHash {
    /// The hash of any credential text.
    pub fn of(text: &str) -> Self {
        KeyHash(Sha256::digest(text.as_bytes()).into())
    }

    /// The hash with these bytes.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        KeyHash(bytes)
    }

    /// The hash's bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The hash in lower-case hexadecimal.
    pub fn to_hex(&self) -> String {
        self.0.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// Enough of a key to tell it from others, as in `sk-Ab12…wxyz`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyPreview(String);

impl KeyPreview {
    /// The preview as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prefix(text: &str) -> KeyPrefix {
        KeyPrefix::try_from(text).unwrap()
    }

    fn key() -> (KeyCheck, KeySecret) {
        let check = KeyCheck::new([7; 32]);
        let random: Vec<u8> = (0..64).map(|n: u8| n.wrapping_mul(37)).collect();
        let secret = check.create_secret(&prefix("sk-"), &random).unwrap();
        (check, secret)
    }

    #[test]
    fn a_new_key_is_read_back() {
        let (check, secret) = key();
        assert_eq!(secret.reveal().len(), 35);
        let read = check.read_secret(secret.reveal(), &[prefix("other-"), prefix("sk-")]).unwrap();
        assert_eq!(read.hash(), secret.hash());
    }

    #[test]
    fn one_wrong_character_is_refused_before_any_look_up() {
        let (check, secret) = key();
        for place in 3..secret.reveal().len() {
            let mut bytes = secret.reveal().as_bytes().to_vec();
            bytes[place] = if bytes[place] == b'a' { b'b' } else { b'a' };
            let text = String::from_utf8(bytes).unwrap();
            assert_eq!(
                check.read_secret(&text, &[prefix("sk-")]).err(),
                Some(KeySecretError::Check),
                "{place}"
            );
        }
    }

    #[test]
    fn another_sites_key_is_refused() {
        let (_, secret) = key();
        let other = KeyCheck::new([8; 32]);
        assert_eq!(other.read_secret(secret.reveal(), &[prefix("sk-")]).err(), Some(KeySecretError::Check));
    }

    #[test]
    fn no_space_or_case_is_forgiven() {
        let (check, secret) = key();
        let prefixes = [prefix("sk-")];
        for text in [
            format!(" {}", secret.reveal()),
            format!("{}\0", secret.reveal()),
            secret.reveal().replace("sk-", "SK-"),
            String::new(),
            "sk-é".to_owned(),
        ] {
            assert!(check.read_secret(&text, &prefixes).is_err(), "{text:?}");
        }
        assert!(check.read_secret(&secret.reveal().to_lowercase(), &prefixes).is_err());
    }

    #[test]
    fn a_key_prints_only_its_preview() {
        let (_, secret) = key();
        assert!(!format!("{secret:?}").contains(&secret.reveal()[3..]));
        assert_eq!(secret.preview().as_str().chars().count(), 12);
    }

    #[test]
    fn a_shape_alone_is_accepted_about_once_in_fourteen_million() {
        // 20,000 random strings of the right shape: the chance that even one passes is 0.14 %.
        let check = KeyCheck::new([3; 32]);
        let prefixes = [prefix("sk-")];
        let mut state = 1_u64;
        let passed = (0..20_000)
            .filter(|_| {
                let body: String = (0..32)
                    .map(|_| {
                        state = state
                            .wrapping_mul(6_364_136_223_846_793_005)
                            .wrapping_add(1_442_695_040_888_963_407);
                        char::from(BASE62[(state >> 33) as usize % 62])
                    })
                    .collect();
                check.read_secret(&format!("sk-{body}"), &prefixes).is_ok()
            })
            .count();
        assert_eq!(passed, 0);
    }
}
