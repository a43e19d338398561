//! What a session is known by: 256 random bits, of which the database has the hash.

use std::fmt;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use waystation_ids::SessionId;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::random::random_bytes;

const TEXT_LENGTH: usize = 43;
/// An id's prefix, the underscore and 26 characters.
const SESSION_LENGTH: usize = SessionId::PREFIX.len() + 27;
const REFRESH_PREFIX: &str = "wsr_";

/// The secret of a session, or of a code that is used once. It cannot be printed by accident.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub(crate) struct SessionSecret(String);

impl SessionSecret {
    /// A new secret.
    pub(crate) fn new() -> Result<Self, getrandom::Error> {
        let bytes = Zeroizing::new(random_bytes::<32>()?);
        Ok(SessionSecret(BASE64_URL_SAFE_NO_PAD.encode(bytes.as_slice())))
    }

    /// Reads a secret as a caller sent it.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let is_plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
        (text.len() == TEXT_LENGTH && is_plain).then(|| SessionSecret(text.to_owned()))
    }

    /// The text itself, for whoever it is given to.
    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }

    /// What is stored instead. With so many random bits no salt or slow hash is needed.
    pub(crate) fn hash(&self) -> [u8; 32] {
        Sha256::digest(self.0.as_bytes()).into()
    }

    /// Whether it is the secret with this hash; takes the same time whichever it is.
    pub(crate) fn has_hash(&self, hash: &[u8; 32]) -> bool {
        self.hash().ct_eq(hash).into()
    }
}

impl fmt::Debug for SessionSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionSecret(…)")
    }
}

/// What is exchanged for new tokens, as text: `wsr_`, the session and its secret.
pub(crate) fn write_refresh_token(session: SessionId, secret: &SessionSecret) -> String {
    format!("{REFRESH_PREFIX}{session}_{}", secret.reveal())
}

/// Reads a refresh token as a caller sent it.
pub(crate) fn read_refresh_token(text: &str) -> Option<(SessionId, SessionSecret)> {
    let (session, rest) = text.strip_prefix(REFRESH_PREFIX)?.split_at_checked(SESSION_LENGTH)?;
    Some((session.parse().ok()?, SessionSecret::read(rest.strip_prefix('_')?)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refresh_token_is_read_back() {
        let (session, secret) = (SessionId::new(1, [1; 10]), SessionSecret::new().unwrap());
        let text = write_refresh_token(session, &secret);
        let (read, read_secret) = read_refresh_token(&text).unwrap();
        assert_eq!((read, read_secret.hash()), (session, secret.hash()));
        assert!(read_secret.has_hash(&secret.hash()) && !read_secret.has_hash(&[0; 32]));
        for place in 0..text.len() {
            assert!(read_refresh_token(&text[..place]).is_none(), "{place}");
        }
        for text in ["", "wsr_", "wsr_é", &format!("{text}x"), &text.to_uppercase(), &format!(" {text}")] {
            assert!(read_refresh_token(text).is_none(), "{text}");
        }
    }

    #[test]
    fn a_secret_has_256_random_bits_and_prints_none_of_them() {
        let (one, other) = (SessionSecret::new().unwrap(), SessionSecret::new().unwrap());
        assert_ne!(one.reveal(), other.reveal());
        assert_eq!(BASE64_URL_SAFE_NO_PAD.decode(one.reveal()).unwrap().len(), 32);
        assert!(!format!("{one:?}").contains(one.reveal()));
    }
}
