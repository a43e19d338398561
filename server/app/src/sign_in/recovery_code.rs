//! A recovery code: 80 random bits, written in four groups.

use data_encoding::BASE32_NOPAD;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::random::random_bytes;

const LENGTH: usize = 10;
const GROUP_LENGTH: usize = 4;
/// How many are given at once.
const CODES: usize = 10;

/// New codes as their owner reads them, and what is stored of each.
pub(super) struct NewCodes {
    /// For their owner, once.
    pub(super) texts: Vec<String>,
    /// For the store.
    pub(super) hashes: Vec<[u8; 32]>,
}

impl NewCodes {
    /// As many as are given at once.
    pub(super) fn new() -> Result<Self, getrandom::Error> {
        let (mut texts, mut hashes) = (Vec::with_capacity(CODES), Vec::with_capacity(CODES));
        for _ in 0..CODES {
            let code = Zeroizing::new(random_bytes::<LENGTH>()?);
            texts.push(write_code(&code));
            hashes.push(Sha256::digest(code.as_slice()).into());
        }
        Ok(NewCodes { texts, hashes })
    }
}

/// What is stored of a code that somebody sends, if it can be one. Its case, dashes and spaces do not matter.
pub(super) fn hash_code(text: &str) -> Option<[u8; 32]> {
    let plain: String = text.chars().filter(|letter| !letter.is_whitespace() && *letter != '-').collect();
    let code = BASE32_NOPAD.decode(plain.to_ascii_uppercase().as_bytes()).ok()?;
    (code.len() == LENGTH).then(|| Sha256::digest(&code).into())
}

fn write_code(code: &[u8; LENGTH]) -> String {
    let letters = BASE32_NOPAD.encode(code).to_ascii_lowercase();
    let groups: Vec<&str> = (0..letters.len())
        .step_by(GROUP_LENGTH)
        .filter_map(|start| letters.get(start..start + GROUP_LENGTH))
        .collect();
    groups.join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_known_however_it_is_written() {
        let codes = NewCodes::new().unwrap();
        assert_eq!((codes.texts.len(), codes.hashes.len()), (10, 10));
        for (text, hash) in codes.texts.iter().zip(&codes.hashes) {
            assert_eq!(text.len(), 19, "{text}");
            let plain = text.replace('-', "");
            for written in [text.clone(), plain.clone(), plain.to_uppercase(), format!(" {text}\n")] {
                assert_eq!(hash_code(&written).as_ref(), Some(hash), "{written}");
            }
        }
        for text in ["", "aaaa", "aaaa-aaaa-aaaa-aaa1", "aaaa-aaaa-aaaa-aaaa-aaaa", "é"] {
            assert_eq!(hash_code(text), None, "{text}");
        }
    }

    #[test]
    fn no_two_codes_are_alike() {
        let mut hashes = NewCodes::new().unwrap().hashes;
        hashes.extend(NewCodes::new().unwrap().hashes);
        hashes.sort_unstable();
        hashes.dedup();
        assert_eq!(hashes.len(), 20);
    }
}
