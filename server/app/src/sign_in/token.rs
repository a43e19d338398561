//! The secret of a link that is mailed or handed out.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::random::random_bytes;

/// The longest text that is looked at.
const TEXT_LENGTH_MAX: usize = 128;

/// 256 random bits as text, and what is stored instead of them. No Debug.
pub(crate) struct LinkToken {
    text: Zeroizing<String>,
}

impl LinkToken {
    /// A new one.
    pub(crate) fn create() -> Result<Self, getrandom::Error> {
        let random = Zeroizing::new(random_bytes::<32>()?);
        Ok(LinkToken { text: Zeroizing::new(BASE64_URL_SAFE_NO_PAD.encode(random.as_slice())) })
    }

    /// What stands in the link.
    pub(crate) fn reveal(&self) -> &str {
        &self.text
    }

    /// What is stored.
    pub(crate) fn hash(&self) -> [u8; 32] {
        Sha256::digest(self.text.as_bytes()).into()
    }

    /// What is stored of a token that somebody sends; none: it cannot be one.
    pub(crate) fn hash_of(text: &str) -> Option<[u8; 32]> {
        (1..=TEXT_LENGTH_MAX).contains(&text.len()).then(|| Sha256::digest(text.as_bytes()).into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_found_by_its_whole_text_only() {
        let (one, other) = (LinkToken::create().unwrap(), LinkToken::create().unwrap());
        assert_eq!(one.reveal().len(), 43);
        assert_ne!(one.reveal(), other.reveal());
        assert_eq!(LinkToken::hash_of(one.reveal()), Some(one.hash()));
        assert_ne!(LinkToken::hash_of(&format!("{} ", one.reveal())), Some(one.hash()));
        assert_ne!(LinkToken::hash_of(&one.reveal()[1..]), Some(one.hash()));
        assert_eq!(LinkToken::hash_of(""), None);
        assert_eq!(LinkToken::hash_of(&"a".repeat(129)), None);
    }
}
