//! An authenticator in software, with a browser around it: it tells the truth unless a test has it lie.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair};
use serde_json::json;
use sha2::{Digest, Sha256};
use waystation_api::passkeys::{
    NewCredential, NewCredentialResponse, UsedCredential, UsedCredentialResponse,
};

use crate::webauthn::base64_text::write_base64;

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
    /// Whether it counts its uses.
    pub(crate) counts: bool,
    /// How often it was used.
    pub(crate) counter: u32,
    id: Vec<u8>,
    user_handle: Vec<u8>,
    pair: EcdsaKeyPair,
}

impl SoftwareAuthenticator {
    /// An authenticator with a passkey of a person for a site.
    pub(crate) fn new(origin: &str, rp_id: &str, user_handle: &[u8]) -> Self {
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
            counts: true,
            counter: 1,
            id,
            user_handle: user_handle.to_vec(),
            pair: EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap(),
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
        let point = self.pair.public_key().as_ref().to_vec();
        // A COSE key: kty EC2, alg ES256, crv P-256, x and y.
        let head = [0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01];
        let key = [&head[..], &[0x21, 0x58, 32], &point[1..33], &[0x22, 0x58, 32], &point[33..]].concat();
        let data = [&self.authenticator_data(0x40)[..], &[0; 16], &length, &self.id, &key].concat();
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
        let signature = self.pair.sign(&SystemRandom::new(), &message).unwrap();
        UsedCredential {
            raw_id: write_base64(self.raw_id.as_ref().unwrap_or(&self.id)),
            r#type: "public-key".to_owned(),
            response: UsedCredentialResponse {
                client_data_json: write_base64(&client_data),
                authenticator_data: write_base64(&data),
                signature: write_base64(signature.as_ref()),
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
        let counter = if self.counts { self.counter } else { 0 };
        [&Sha256::digest(&self.rp_id)[..], &[flags], &counter.to_be_bytes()].concat()
    }
}
