//! An authenticator in software, with a browser around it: it tells the truth unless a test has it lie.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, EcdsaKeyPair, EcdsaSigningAlgorithm,
    KeyPair, RSA_PKCS1_SHA256, RsaKeyPair,
};
use serde_json::json;
use sha2::{Digest, Sha256};
use waystation_api::passkeys::{
    NewCredential, NewCredentialResponse, UsedCredential, UsedCredentialResponse,
};

use crate::base64_text::write_base64;

/// Signs a message.
type Sign = Box<dyn Fn(&[u8]) -> Vec<u8> + Send>;

/// One passkey, and where it is used.
pub(crate) struct SoftwareAuthenticator {
    /// Where the browser's page is.
    pub(crate) origin: String,
    /// The site that the authenticator is told.
    pub(crate) rp_id: String,
    /// What is signed instead of what was asked.
    pub(crate) challenge: Option<Vec<u8>>,
    /// Which ceremony the browser speaks of instead.
    pub(crate) kind: Option<&'static str>,
    /// What the browser calls the passkey instead.
    pub(crate) raw_id: Option<Vec<u8>>,
    /// Whether the page lies inside of another site's.
    pub(crate) is_cross_origin: bool,
    /// Whether its user shows that it is theirs.
    pub(crate) verifies_user: bool,
    /// Whether it signs something else.
    pub(crate) signs_wrongly: bool,
    /// Whether it says that it may be copied.
    pub(crate) is_backup_eligible: bool,
    /// Whether it says that it was.
    pub(crate) is_backed_up: bool,
    /// The public key that it shows, as a COSE key (RFC 9052, section 7).
    pub(crate) public_key: Vec<u8>,
    /// Whether it counts its uses.
    pub(crate) counts: bool,
    /// How often it was used.
    pub(crate) counter: u32,
    id: Vec<u8>,
    user_handle: Vec<u8>,
    sign: Sign,
}

impl SoftwareAuthenticator {
    /// An authenticator with a passkey of a person for a site, of the usual kind (ES256).
    pub(crate) fn new(origin: &str, rp_id: &str, user_handle: &[u8]) -> Self {
        // kty EC2, alg ES256, crv P-256.
        let head = [0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01];
        let (public_key, sign) = elliptic_key(&ECDSA_P256_SHA256_ASN1_SIGNING, &head);
        Self::with_key(origin, rp_id, user_handle, public_key, sign)
    }

    /// The same with a key on P-384 (ES384).
    pub(crate) fn with_p384_key(origin: &str, rp_id: &str, user_handle: &[u8]) -> Self {
        // kty EC2, alg ES384, crv P-384.
        let head = [0xa5, 0x01, 0x02, 0x03, 0x38, 0x22, 0x20, 0x02];
        let (public_key, sign) = elliptic_key(&ECDSA_P384_SHA384_ASN1_SIGNING, &head);
        Self::with_key(origin, rp_id, user_handle, public_key, sign)
    }

    /// The same with a key as Windows makes some (RS256).
    pub(crate) fn with_rsa_key(origin: &str, rp_id: &str, user_handle: &[u8]) -> Self {
        let pair = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
        let modulus = pair.public_key().modulus().big_endian_without_leading_zero().to_vec();
        let exponent = pair.public_key().exponent().big_endian_without_leading_zero().to_vec();
        let public_key = rsa_key(&modulus, &exponent);
        let sign = move |message: &[u8]| {
            let mut signature = vec![0; pair.public_modulus_len()];
            pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature).unwrap();
            signature
        };
        Self::with_key(origin, rp_id, user_handle, public_key, Box::new(sign))
    }

    fn with_key(origin: &str, rp_id: &str, user_handle: &[u8], public_key: Vec<u8>, sign: Sign) -> Self {
        let mut id = vec![0; 32];
        getrandom::fill(&mut id).unwrap();
        SoftwareAuthenticator {
            origin: origin.to_owned(),
            rp_id: rp_id.to_owned(),
            challenge: None,
            kind: None,
            raw_id: None,
            is_cross_origin: false,
            verifies_user: true,
            signs_wrongly: false,
            is_backup_eligible: false,
            is_backed_up: false,
            public_key,
            counts: true,
            counter: 1,
            id,
            user_handle: user_handle.to_vec(),
            sign,
        }
    }

    /// The same without its lies.
    pub(crate) fn honest(self, origin: &str, rp_id: &str) -> Self {
        SoftwareAuthenticator {
            origin: origin.to_owned(),
            rp_id: rp_id.to_owned(),
            challenge: None,
            kind: None,
            raw_id: None,
            is_cross_origin: false,
            verifies_user: true,
            signs_wrongly: false,
            is_backup_eligible: false,
            ..self
        }
    }

    /// Answers that the passkey is made.
    pub(crate) fn create(&mut self, challenge: &[u8]) -> NewCredential {
        let client_data = self.client_data("webauthn.create", challenge);
        let length = u16::try_from(self.id.len()).unwrap().to_be_bytes();
        let head = self.authenticator_data(0x40);
        let data = [&head[..], &[0; 16], &length, &self.id, &self.public_key].concat();
        let mut object = vec![0xa3, 0x63];
        object.extend_from_slice(b"fmt");
        object.push(0x64);
        object.extend_from_slice(b"none");
        object.push(0x67);
        object.extend_from_slice(b"attStmt");
        object.extend_from_slice(&[0xa0, 0x68]);
        object.extend_from_slice(b"authData");
        object.push(0x59);
        object.extend_from_slice(&u16::try_from(data.len()).unwrap().to_be_bytes());
        object.extend_from_slice(&data);
        NewCredential {
            raw_id: write_base64(self.raw_id.as_ref().unwrap_or(&self.id)),
            r#type: "public-key".to_owned(),
            response: NewCredentialResponse {
                client_data_json: write_base64(&client_data),
                attestation_object: write_base64(&object),
                transports: vec!["internal".to_owned()],
            },
        }
    }

    /// Answers with a signature.
    pub(crate) fn sign(&mut self, challenge: &[u8]) -> UsedCredential {
        let client_data = self.client_data("webauthn.get", challenge);
        self.counter += 1;
        let data = self.authenticator_data(0);
        let mut message = [&data[..], &Sha256::digest(&client_data)].concat();
        if self.signs_wrongly {
            message.push(0);
        }
        let signature = (self.sign)(&message);
        UsedCredential {
            raw_id: write_base64(self.raw_id.as_ref().unwrap_or(&self.id)),
            r#type: "public-key".to_owned(),
            response: UsedCredentialResponse {
                client_data_json: write_base64(&client_data),
                authenticator_data: write_base64(&data),
                signature: write_base64(&signature),
                user_handle: Some(write_base64(&self.user_handle)),
            },
        }
    }

    fn client_data(&self, kind: &str, challenge: &[u8]) -> Vec<u8> {
        let challenge = self.challenge.as_deref().unwrap_or(challenge);
        let data = json!({
            "type": self.kind.unwrap_or(kind),
            "challenge": write_base64(challenge),
            "origin": self.origin,
            "crossOrigin": self.is_cross_origin,
            "other_keys_can_be_added_here": "do not compare clientDataJSON against a template",
        });
        data.to_string().into_bytes()
    }

    fn authenticator_data(&self, flags: u8) -> Vec<u8> {
        let mut flags = flags | 1;
        if self.verifies_user {
            flags |= 1 << 2;
        }
        if self.is_backup_eligible {
            flags |= 1 << 3;
        }
        if self.is_backed_up {
            flags |= 1 << 4;
        }
        let counter = if self.counts { self.counter } else { 0 };
        [&Sha256::digest(&self.rp_id)[..], &[flags], &counter.to_be_bytes()].concat()
    }
}

/// An RSA key as authenticators show it: kty RSA, alg RS256, n and e.
pub(crate) fn rsa_key(modulus: &[u8], exponent: &[u8]) -> Vec<u8> {
    let length = u16::try_from(modulus.len()).unwrap().to_be_bytes();
    let head = [0xa4, 0x01, 0x03, 0x03, 0x39, 0x01, 0x00, 0x20, 0x59];
    let between = [0x21, 0x40 + u8::try_from(exponent.len()).unwrap()];
    [&head[..], &length, modulus, &between, exponent].concat()
}

/// A key on a curve, as authenticators show it, and what signs with it.
fn elliptic_key(algorithm: &'static EcdsaSigningAlgorithm, head: &[u8]) -> (Vec<u8>, Sign) {
    let pair = EcdsaKeyPair::generate(algorithm).unwrap();
    // 4, x and y.
    let point = pair.public_key().as_ref()[1..].to_vec();
    let (x, y) = point.split_at(point.len() / 2);
    let length = u8::try_from(x.len()).unwrap();
    let public_key = [head, &[0x21, 0x58, length], x, &[0x22, 0x58, length], y].concat();
    let sign = move |message: &[u8]| pair.sign(&SystemRandom::new(), message).unwrap().as_ref().to_vec();
    (public_key, Box::new(sign))
}
