use std::fmt;
use std::str::FromStr;

use data_encoding::{BASE64URL_NOPAD, HEXLOWER_PERMISSIVE};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use thiserror::Error;

/// SHA-256 of a certificate's SubjectPublicKeyInfo (RFC 7469, section 2.4), written in base64url.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Fingerprint([u8; 32]);

/// A text that is no fingerprint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("a fingerprint has 43 characters of base64url or 64 hexadecimal digits")]
pub struct FingerprintError;

impl Fingerprint {
    /// The fingerprint of a SubjectPublicKeyInfo in DER.
    pub fn of_key(subject_public_key_info: &[u8]) -> Self {
        Fingerprint(Sha256::digest(subject_public_key_info).into())
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&BASE64URL_NOPAD.encode(&self.0))
    }
}

impl FromStr for Fingerprint {
    type Err = FingerprintError;

    fn from_str(text: &str) -> Result<Self, FingerprintError> {
        let bytes = match text.len() {
            43 => BASE64URL_NOPAD.decode(text.as_bytes()),
            64 => HEXLOWER_PERMISSIVE.decode(text.as_bytes()),
            _ => return Err(FingerprintError),
        };
        let bytes = bytes.map_err(|_| FingerprintError)?;
        bytes.try_into().map(Fingerprint).map_err(|_| FingerprintError)
    }
}

impl From<Fingerprint> for String {
    fn from(fingerprint: Fingerprint) -> String {
        fingerprint.to_string()
    }
}

impl TryFrom<String> for Fingerprint {
    type Error = FingerprintError;

    fn try_from(text: String) -> Result<Self, FingerprintError> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_is_read_in_both_its_spellings() {
        let fingerprint = Fingerprint::of_key(b"key");
        assert_eq!(fingerprint.to_string().parse(), Ok(fingerprint));
        let digits: String = fingerprint.0.iter().map(|byte| format!("{byte:02X}")).collect();
        assert_eq!(digits.parse(), Ok(fingerprint));
        for wrong in
            ["", "x", &digits[1..], &"g".repeat(64), &"+".repeat(43), &"é".repeat(22), &"_".repeat(43)]
        {
            assert_eq!(wrong.parse::<Fingerprint>(), Err(FingerprintError), "{wrong}");
        }
    }
}
