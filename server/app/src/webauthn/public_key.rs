//! Public keys of passkeys: read from COSE (RFC 9052 and 9053), kept as JSON, and what they signed.

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ED25519, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents,
};
use serde::{Deserialize, Serialize};

use crate::webauthn::base64_text;
use crate::webauthn::cbor::Value;

/// Numbers of algorithms at IANA, the liked ones first.
pub(crate) const ALGORITHMS: [i32; 3] = [ES256, EDDSA, RS256];

const ES256: i32 = -7;
const EDDSA: i32 = -8;
const RS256: i32 = -257;

/// Labels of a key's parameters (RFC 9052, section 7.1; RFC 9053, section 7.1; RFC 8230, section 4).
const KEY_TYPE: i64 = 1;
const ALGORITHM: i64 = 3;
const CURVE: i64 = -1;
const X: i64 = -2;
const Y: i64 = -3;
const MODULUS: i64 = -1;
const EXPONENT: i64 = -2;

const KEY_TYPE_OKP: i64 = 1;
const KEY_TYPE_EC2: i64 = 2;
const KEY_TYPE_RSA: i64 = 3;
const CURVE_P256: i64 = 1;
const CURVE_ED25519: i64 = 6;

/// 2,048 to 8,192 bits.
const MODULUS_LENGTHS: std::ops::RangeInclusive<usize> = 256..=1_024;
const EXPONENT_LENGTH_MAX: usize = 4;

/// A key that verifies what a passkey signs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "algorithm", rename_all = "snake_case")]
pub(crate) enum PublicKey {
    /// ECDSA on P-256 with SHA-256: the point, not compressed.
    Es256 {
        /// 65 bytes.
        #[serde(with = "base64_text")]
        point: Vec<u8>,
    },
    /// Ed25519.
    Ed25519 {
        /// 32 bytes.
        #[serde(with = "base64_text")]
        key: Vec<u8>,
    },
    /// RSA of PKCS #1 version 1.5 with SHA-256; Windows has passkeys of this kind.
    Rs256 {
        /// Big-endian, without leading zeros.
        #[serde(with = "base64_text")]
        modulus: Vec<u8>,
        /// Big-endian, without leading zeros.
        #[serde(with = "base64_text")]
        exponent: Vec<u8>,
    },
}

impl PublicKey {
    /// Reads a key of one of the algorithms that were asked for. A point that lies on no curve is none.
    pub(super) fn from_cose(value: &Value<'_>) -> Option<Self> {
        let number = |label| value.at(label).and_then(Value::integer);
        let bytes = |label| value.at(label).and_then(Value::bytes);
        let algorithm = i32::try_from(number(ALGORITHM)?).ok()?;
        match (number(KEY_TYPE)?, algorithm) {
            (KEY_TYPE_EC2, ES256) if number(CURVE)? == CURVE_P256 => {
                let (x, y) = (bytes(X)?, bytes(Y)?);
                if x.len() != 32 || y.len() != 32 {
                    return None;
                }
                let point = [&[4], x, y].concat();
                ParsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, &point).ok()?;
                Some(PublicKey::Es256 { point })
            }
            (KEY_TYPE_OKP, EDDSA) if number(CURVE)? == CURVE_ED25519 => {
                let key = bytes(X).filter(|key| key.len() == 32)?.to_vec();
                ParsedPublicKey::new(&ED25519, &key).ok()?;
                Some(PublicKey::Ed25519 { key })
            }
            (KEY_TYPE_RSA, RS256) => {
                let modulus = bytes(MODULUS).filter(|bytes| MODULUS_LENGTHS.contains(&bytes.len()))?;
                let exponent = bytes(EXPONENT).filter(|bytes| bytes.len() <= EXPONENT_LENGTH_MAX)?;
                let is_plain = |bytes: &[u8]| bytes.first().is_some_and(|first| *first != 0);
                (is_plain(modulus) && is_plain(exponent))
                    .then(|| PublicKey::Rs256 { modulus: modulus.to_vec(), exponent: exponent.to_vec() })
            }
            _ => None,
        }
    }

    /// Whether the key's owner signed this message.
    pub(super) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        let parsed = match self {
            PublicKey::Es256 { point } => ParsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, point),
            PublicKey::Ed25519 { key } => ParsedPublicKey::new(&ED25519, key),
            PublicKey::Rs256 { modulus, exponent } => {
                let key = RsaPublicKeyComponents { n: modulus, e: exponent };
                return key.verify(&RSA_PKCS1_2048_8192_SHA256, message, signature).is_ok();
            }
        };
        parsed.is_ok_and(|key| key.verify_sig(message, signature).is_ok())
    }
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::rand::SystemRandom;
    use aws_lc_rs::rsa::KeySize;
    use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256, RsaKeyPair};

    use super::*;

    fn ed25519(key: &[u8]) -> Vec<(Value<'_>, Value<'_>)> {
        vec![
            (Value::Integer(KEY_TYPE), Value::Integer(KEY_TYPE_OKP)),
            (Value::Integer(ALGORITHM), Value::Integer(EDDSA.into())),
            (Value::Integer(CURVE), Value::Integer(CURVE_ED25519)),
            (Value::Integer(X), Value::Bytes(key)),
        ]
    }

    #[test]
    fn an_ed25519_key_verifies_what_it_signed_and_nothing_else() {
        let pair = Ed25519KeyPair::generate().unwrap();
        let key = PublicKey::from_cose(&Value::Map(ed25519(pair.public_key().as_ref()))).unwrap();
        let signature = pair.sign(b"a message");
        assert!(key.verifies(b"a message", signature.as_ref()));
        assert!(!key.verifies(b"another", signature.as_ref()));
        assert!(!key.verifies(b"a message", &[]));
        let text = serde_json::to_string(&key).unwrap();
        assert_eq!(serde_json::from_str::<PublicKey>(&text).unwrap(), key);
    }

    #[test]
    fn an_rsa_key_verifies_what_it_signed_and_nothing_else() {
        let pair = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
        let modulus = pair.public_key().modulus().big_endian_without_leading_zero().to_vec();
        let exponent = pair.public_key().exponent().big_endian_without_leading_zero().to_vec();
        let map = |modulus, exponent| {
            Value::Map(vec![
                (Value::Integer(KEY_TYPE), Value::Integer(KEY_TYPE_RSA)),
                (Value::Integer(ALGORITHM), Value::Integer(RS256.into())),
                (Value::Integer(MODULUS), Value::Bytes(modulus)),
                (Value::Integer(EXPONENT), Value::Bytes(exponent)),
            ])
        };
        let key = PublicKey::from_cose(&map(&modulus, &exponent)).unwrap();
        let mut signature = vec![0; pair.public_modulus_len()];
        pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), b"a message", &mut signature).unwrap();
        assert!(key.verifies(b"a message", &signature));
        assert!(!key.verifies(b"another", &signature));
        assert_eq!(PublicKey::from_cose(&map(&modulus[..128], &exponent)), None);
        assert_eq!(PublicKey::from_cose(&map(&modulus, &[])), None);
    }

    #[test]
    fn a_key_that_does_not_say_all_or_lies_on_no_curve_is_none() {
        let key = [7; 32];
        assert_eq!(PublicKey::from_cose(&Value::Integer(1)), None);
        for missing in 0..4 {
            let mut map = ed25519(&key);
            map.remove(missing);
            assert_eq!(PublicKey::from_cose(&Value::Map(map)), None, "{missing}");
        }
        let point = |algorithm: i32, x: &'static [u8]| {
            PublicKey::from_cose(&Value::Map(vec![
                (Value::Integer(KEY_TYPE), Value::Integer(KEY_TYPE_EC2)),
                (Value::Integer(ALGORITHM), Value::Integer(algorithm.into())),
                (Value::Integer(CURVE), Value::Integer(CURVE_P256)),
                (Value::Integer(X), Value::Bytes(x)),
                (Value::Integer(Y), Value::Bytes(&[2; 32])),
            ]))
        };
        assert_eq!(point(ES256, &[1; 32]), None);
        assert_eq!(point(ES256, &[1; 31]), None);
        assert_eq!(point(-35, &[1; 32]), None);
    }
}
