//! Secrets that the server draws: those of sessions, links, codes and steps that are under way.

use std::fmt;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use hmac::digest::InvalidLength;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::random::random_bytes;
use crate::site_secrets::SigningSecret;

const TEXT_LENGTH: usize = 43;

/// 256 random bits as text, of which the database has the hash. It cannot be printed by accident.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub(crate) struct DrawnSecret(String);

impl DrawnSecret {
    /// A new one.
    pub(crate) fn draw() -> Result<Self, getrandom::Error> {
        let bytes = Zeroizing::new(random_bytes::<32>()?);
        Ok(DrawnSecret(BASE64_URL_SAFE_NO_PAD.encode(bytes.as_slice())))
    }

    /// The one that takes this one's place in one exchange, and in no other: made of this one, the attempt and what
    /// only the site knows, so that neither alone gives it away.
    pub(crate) fn successor(&self, attempt: &str, key: &SigningSecret) -> Result<Self, InvalidLength> {
        let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(key.bytes())?;
        // What access tokens are signed over has no such beginning.
        for part in ["\0successor\0", &self.0, "\0", attempt] {
            mac.update(part.as_bytes());
        }
        let bytes = Zeroizing::new(<[u8; 32]>::from(mac.finalize().into_bytes()));
        Ok(DrawnSecret(BASE64_URL_SAFE_NO_PAD.encode(bytes.as_slice())))
    }

    /// Reads one as a caller sent it.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let is_plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
        (text.len() == TEXT_LENGTH && is_plain).then(|| DrawnSecret(text.to_owned()))
    }

    /// The text itself, for whoever it is given to.
    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }

    /// What is stored instead: SHA-256 of the text. With so many random bits no salt or slow hash is needed.
    pub(crate) fn hash(&self) -> [u8; 32] {
        Sha256::digest(self.0.as_bytes()).into()
    }

    /// What is stored of one that a caller sent; none: it cannot be one.
    pub(crate) fn hash_of(text: &str) -> Option<[u8; 32]> {
        Self::read(text).map(|secret| secret.hash())
    }

    /// Whether it is the one with this hash; takes the same time whichever it is.
    pub(crate) fn has_hash(&self, hash: &[u8; 32]) -> bool {
        self.hash().ct_eq(hash).into()
    }
}

impl fmt::Debug for DrawnSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DrawnSecret(…)")
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn a_secret_has_256_random_bits_and_prints_none_of_them() {
        let (one, other) = (DrawnSecret::draw().unwrap(), DrawnSecret::draw().unwrap());
        assert_ne!(one.reveal(), other.reveal());
        assert_eq!(BASE64_URL_SAFE_NO_PAD.decode(one.reveal()).unwrap().len(), 32);
        assert!(!format!("{one:?}").contains(one.reveal()));
    }

    #[test]
    fn nothing_of_a_secret_can_be_foretold() {
        let drawn: HashSet<String> =
            (0..1_000).map(|_| DrawnSecret::draw().unwrap().reveal().to_owned()).collect();
        assert_eq!(drawn.len(), 1_000);
        // Each place takes many values; the last holds four bits.
        for place in 0..TEXT_LENGTH - 1 {
            let letters: HashSet<u8> = drawn.iter().map(|text| text.as_bytes()[place]).collect();
            assert!(letters.len() > 50, "{place}");
        }
    }

    #[test]
    fn a_successor_comes_of_one_secret_one_attempt_and_one_site() {
        let (one, other) = (DrawnSecret::draw().unwrap(), DrawnSecret::draw().unwrap());
        let site = SigningSecret::new([1; 32]);
        let next = one.successor("a", &site).unwrap();
        assert_eq!(next.hash(), one.successor("a", &site).unwrap().hash());
        assert!(DrawnSecret::read(next.reveal()).is_some() && next.hash() != one.hash());
        for different in [
            one.successor("b", &site),
            other.successor("a", &site),
            one.successor("a", &SigningSecret::new([2; 32])),
        ] {
            assert_ne!(different.unwrap().hash(), next.hash());
        }
    }

    #[test]
    fn a_secret_is_found_by_its_whole_text_only() {
        let (one, other) = (DrawnSecret::draw().unwrap(), DrawnSecret::draw().unwrap());
        assert_eq!(DrawnSecret::hash_of(one.reveal()), Some(one.hash()));
        assert!(one.has_hash(&one.hash()) && !one.has_hash(&other.hash()));
        let text = one.reveal();
        for wrong in ["", &text[1..], &format!("{text} "), &format!(" {text}"), &format!("{text}A")] {
            assert_eq!(DrawnSecret::hash_of(wrong), None, "{wrong:?}");
        }
        for letter in ["=", "+", "/", "\0", " ", "é"] {
            assert_eq!(
                DrawnSecret::hash_of(&format!("{}{letter}", &text[letter.len()..])),
                None,
                "{letter:?}"
            );
        }
    }
}
