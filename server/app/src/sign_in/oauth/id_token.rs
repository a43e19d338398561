//! Id tokens of OpenID Connect (Core 1.0, section 3.1.3.7): what a provider signed about a person.

use jsonwebtoken::jwk::{AlgorithmParameters, Jwk, PublicKeyUse};
use jsonwebtoken::{Algorithm, AlgorithmFamily, DecodingKey, Validation, decode, decode_header};
use serde::Deserialize;
use serde_json::Value;
use subtle::ConstantTimeEq;
use thiserror::Error;

/// How far the clocks of this host and a provider may lie apart.
const LEEWAY_SECONDS: u64 = 60;
const SUBJECT_LENGTH_MAX: usize = 255;

/// What a token must say to be this site's, and of this sign-in.
#[derive(Clone, Copy, Debug)]
pub(super) struct Expected<'a> {
    /// Who may have made it.
    pub(super) issuers: &'a [String],
    /// Who it must be made for.
    pub(super) client_id: &'a str,
    /// What was asked for with this sign-in only.
    pub(super) nonce: &'a str,
    /// Now, in unix seconds.
    pub(super) now_s: i64,
}

/// What a token says of a person.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Claims {
    /// Whom the issuer means.
    pub(super) sub: String,
    /// The person's address.
    #[serde(default)]
    pub(super) email: Option<String>,
    /// Whether the provider has verified it; some write it as text.
    #[serde(default)]
    pub(super) email_verified: Option<Value>,
    /// The person's name.
    #[serde(default)]
    pub(super) name: Option<String>,
    iss: String,
    aud: Audience,
    #[serde(default)]
    azp: Option<String>,
    #[serde(default)]
    nonce: Option<String>,
    #[serde(default)]
    iat: Option<f64>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Several(Vec<String>),
}

/// Which key a token says it is signed with, before anything of it is believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SignedWith {
    /// How.
    pub(super) algorithm: Algorithm,
    /// The key's id, where the issuer has several.
    pub(super) key_id: Option<String>,
}

/// Why a token is not believed.
#[derive(Debug, Error)]
pub(super) enum IdTokenError {
    /// It is no token, or its algorithm is none that a provider signs with.
    #[error("it is no token signed with a key pair")]
    Malformed,
    /// None of the issuer's keys is the one that it names.
    #[error("the issuer has no such key")]
    UnknownKey,
    /// Signature, issuer, audience or time are wrong.
    #[error("its signature, issuer, audience or time is wrong")]
    Refused(#[source] jsonwebtoken::errors::Error),
    /// It was made for several parties, and for another one to use.
    #[error("it was made for another party to use")]
    OtherParty,
    /// It was made by another issuer.
    #[error("it was made by another issuer")]
    OtherIssuer,
    /// It was not made for this sign-in.
    #[error("its nonce is not that of this sign-in")]
    OtherNonce,
    /// It was made in the future.
    #[error("it was made in the future")]
    FromTheFuture,
    /// Whom it means cannot be kept.
    #[error("its subject is empty or too long")]
    BadSubject,
}

/// Which key a token names. Secrets that are shared are no key pair: whoever can check such a token could make one.
pub(super) fn read_signed_with(token: &str) -> Result<SignedWith, IdTokenError> {
    let header = decode_header(token).map_err(|_| IdTokenError::Malformed)?;
    match header.alg.family() {
        AlgorithmFamily::Hmac => Err(IdTokenError::Malformed),
        _ => Ok(SignedWith { algorithm: header.alg, key_id: header.kid }),
    }
}

/// The issuer's key that a token names; where it names none, the only one that it can be.
pub(super) fn find_key<'a>(keys: &'a [Jwk], signed_with: &SignedWith) -> Option<&'a Jwk> {
    let mut fitting = keys.iter().filter(|key| fits(key, signed_with.algorithm));
    match &signed_with.key_id {
        Some(id) => fitting.find(|key| key.common.key_id.as_ref() == Some(id)),
        None => fitting.next().filter(|_| fitting.next().is_none()),
    }
}

/// Checks a token with the key that it names.
pub(super) fn verify_id_token(
    token: &str,
    signed_with: &SignedWith,
    key: &Jwk,
    expected: &Expected<'_>,
) -> Result<Claims, IdTokenError> {
    let mut validation = Validation::new(signed_with.algorithm);
    validation.leeway = LEEWAY_SECONDS;
    validation.validate_nbf = true;
    validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
    validation.set_issuer(expected.issuers);
    validation.set_audience(&[expected.client_id]);
    let key = DecodingKey::from_jwk(key).map_err(IdTokenError::Refused)?;
    let claims = decode::<Claims>(token, &key, &validation).map_err(IdTokenError::Refused)?.claims;
    // Several issuers would be read as one of them being the right one.
    if !expected.issuers.contains(&claims.iss) {
        return Err(IdTokenError::OtherIssuer);
    }
    let audience = match &claims.aud {
        Audience::One(party) => std::slice::from_ref(party),
        Audience::Several(parties) => parties,
    };
    let is_for_several = audience.iter().any(|party| party != expected.client_id);
    match &claims.azp {
        Some(party) if party != expected.client_id => return Err(IdTokenError::OtherParty),
        None if is_for_several => return Err(IdTokenError::OtherParty),
        _ => {}
    }
    let nonce = claims.nonce.as_deref().unwrap_or_default().as_bytes();
    if !bool::from(nonce.ct_eq(expected.nonce.as_bytes())) {
        return Err(IdTokenError::OtherNonce);
    }
    // A float, as some issuers write it as one; it is compared with a minute's room.
    if claims.iat.is_some_and(|made_at| made_at > expected.now_s as f64 + LEEWAY_SECONDS as f64) {
        return Err(IdTokenError::FromTheFuture);
    }
    if claims.sub.is_empty() || claims.sub.len() > SUBJECT_LENGTH_MAX {
        return Err(IdTokenError::BadSubject);
    }
    Ok(claims)
}

impl Claims {
    /// Whether the provider has verified the address.
    pub(super) fn is_email_verified(&self) -> bool {
        is_true(self.email_verified.as_ref())
    }
}

/// Whether a provider says yes, be it as a word.
pub(super) fn is_true(value: Option<&Value>) -> bool {
    value.is_some_and(|value| value == &Value::Bool(true) || value == "true")
}

fn fits(key: &Jwk, algorithm: Algorithm) -> bool {
    let family = match &key.algorithm {
        AlgorithmParameters::RSA(_) => AlgorithmFamily::Rsa,
        AlgorithmParameters::EllipticCurve(_) => AlgorithmFamily::Ec,
        AlgorithmParameters::OctetKeyPair(_) => AlgorithmFamily::Ed,
        _ => return false,
    };
    let is_to_sign = matches!(key.common.public_key_use, None | Some(PublicKeyUse::Signature));
    let named = key.common.key_algorithm.map(|named| named.to_string());
    let names_another = named.is_some_and(|named| named.parse() != Ok(algorithm));
    family == algorithm.family() && is_to_sign && !names_another
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::prelude::BASE64_URL_SAFE_NO_PAD;
    use jsonwebtoken::{EncodingKey, Header, encode};
    use serde_json::json;

    use super::*;

    /// An Ed25519 key pair of these tests (PKCS #8), and its public half.
    const PRIVATE: &str = "MC4CAQAwBQYDK2VwBCIEIHtdZaglKuQNrQfN-cRfxoz5c_n07jFyFfgcAcNbih7A";
    const PUBLIC: &str = "bTkCIF5BJ3z1f01Otmju1QORN62-C6xeBYzC7CeSf5E";

    /// What is wrong with a token, and how it comes about.
    type Case = (&'static str, fn(&mut Value));

    fn now_s() -> i64 {
        crate::clock::now_ms() / 1_000
    }

    fn key(id: &str) -> Jwk {
        let key = json!({"kty": "OKP", "crv": "Ed25519", "use": "sig", "kid": id, "x": PUBLIC});
        serde_json::from_value(key).unwrap()
    }

    fn claims() -> Value {
        json!({
            "iss": "https://id.example.com", "aud": "client", "sub": "248289761001", "nonce": "n",
            "iat": now_s(), "exp": now_s() + 300, "email": "ann@example.org", "email_verified": true,
        })
    }

    fn sign(claims: &Value) -> String {
        let der = BASE64_URL_SAFE_NO_PAD.decode(PRIVATE).unwrap();
        let header = Header { kid: Some("one".to_owned()), ..Header::new(Algorithm::EdDSA) };
        encode(&header, claims, &EncodingKey::from_ed_der(&der)).unwrap()
    }

    fn verify(token: &str) -> Result<Claims, IdTokenError> {
        let signed_with = read_signed_with(token)?;
        let keys = [key("one")];
        let key = find_key(&keys, &signed_with).ok_or(IdTokenError::UnknownKey)?;
        let issuers = ["https://id.example.com".to_owned()];
        let expected = Expected { issuers: &issuers, client_id: "client", nonce: "n", now_s: now_s() };
        verify_id_token(token, &signed_with, key, &expected)
    }

    fn changed(change: impl Fn(&mut Value)) -> String {
        let mut claims = claims();
        change(&mut claims);
        sign(&claims)
    }

    #[test]
    fn a_token_of_this_sign_in_is_believed() {
        let read = verify(&sign(&claims())).unwrap();
        assert_eq!((read.sub.as_str(), read.email.as_deref()), ("248289761001", Some("ann@example.org")));
        assert!(read.is_email_verified());
        let several = changed(|claims| {
            claims["aud"] = json!(["client", "other"]);
            claims["azp"] = json!("client");
        });
        assert!(verify(&several).is_ok());
    }

    #[test]
    fn a_token_of_another_sign_in_audience_issuer_or_time_is_refused() {
        let cases: [Case; 16] = [
            ("nonce", |claims| claims["nonce"] = json!("m")),
            ("no nonce", |claims| drop(claims.as_object_mut().unwrap().remove("nonce"))),
            ("empty nonce", |claims| claims["nonce"] = json!("")),
            ("audience", |claims| claims["aud"] = json!("other")),
            ("audiences", |claims| claims["aud"] = json!(["other"])),
            ("no audience", |claims| drop(claims.as_object_mut().unwrap().remove("aud"))),
            ("several", |claims| claims["aud"] = json!(["client", "other"])),
            ("party", |claims| claims["azp"] = json!("other")),
            ("issuer", |claims| claims["iss"] = json!("https://id.example.com/")),
            ("issuer list", |claims| {
                claims["iss"] = json!(["https://evil.example", "https://id.example.com"])
            }),
            ("no issuer", |claims| drop(claims.as_object_mut().unwrap().remove("iss"))),
            ("expired", |claims| claims["exp"] = json!(now_s() - 3_600)),
            ("no expiry", |claims| drop(claims.as_object_mut().unwrap().remove("exp"))),
            ("not yet", |claims| claims["nbf"] = json!(now_s() + 3_600)),
            ("future", |claims| claims["iat"] = json!(now_s() + 3_600)),
            ("no subject", |claims| claims["sub"] = json!("")),
        ];
        for (name, change) in cases {
            assert!(verify(&changed(change)).is_err(), "{name}");
        }
        assert!(verify(&changed(|claims| claims["sub"] = json!("a".repeat(256)))).is_err());
        assert!(verify(&changed(|claims| claims["sub"] = json!(7))).is_err());
    }

    #[test]
    fn a_token_without_a_signature_or_with_a_shared_secret_is_refused() {
        let token = sign(&claims());
        let (_, rest) = token.split_once('.').unwrap();
        let (payload, signature) = rest.split_once('.').unwrap();
        for algorithm in ["none", "None", "HS256", "HS512", "RS256", "ES256", ""] {
            let header = json!({"alg": algorithm, "kid": "one", "typ": "JWT"}).to_string();
            let header = BASE64_URL_SAFE_NO_PAD.encode(header);
            for signature in ["", signature] {
                assert!(verify(&format!("{header}.{payload}.{signature}")).is_err(), "{algorithm}");
            }
        }
        // The public key taken for a secret, as careless checks do.
        let header = Header { kid: Some("one".to_owned()), ..Header::new(Algorithm::HS256) };
        for secret in [PUBLIC.as_bytes().to_vec(), BASE64_URL_SAFE_NO_PAD.decode(PUBLIC).unwrap()] {
            let forged = encode(&header, &claims(), &EncodingKey::from_secret(&secret)).unwrap();
            assert!(matches!(verify(&forged), Err(IdTokenError::Malformed)));
        }
    }

    #[test]
    fn a_changed_token_is_refused() {
        let token = sign(&claims());
        let parts: Vec<&str> = token.split('.').collect();
        let other = claims().to_string().replace("248289761001", "1");
        let forged = format!("{}.{}.{}", parts[0], BASE64_URL_SAFE_NO_PAD.encode(other), parts[2]);
        assert!(verify(&forged).is_err());
        for text in ["", ".", "..", "a.b.c", "é.é.é", &token[..token.len() - 4]] {
            assert!(verify(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_key_is_found_by_its_id_and_is_one_that_signs() {
        let with = |key_id: Option<&str>| SignedWith {
            algorithm: Algorithm::EdDSA,
            key_id: key_id.map(str::to_owned),
        };
        let keys = [key("one"), key("two")];
        assert_eq!(find_key(&keys, &with(Some("two"))), Some(&keys[1]));
        assert_eq!(find_key(&keys, &with(Some("three"))), None);
        // Which of two is meant cannot be told.
        assert_eq!(find_key(&keys, &with(None)), None);
        assert_eq!(find_key(&keys[..1], &with(None)), Some(&keys[0]));
        let mut to_encrypt = key("one");
        to_encrypt.common.public_key_use = Some(PublicKeyUse::Encryption);
        assert_eq!(find_key(&[to_encrypt], &with(Some("one"))), None);
        let shared = json!({"kty": "oct", "kid": "one", "k": PUBLIC});
        assert_eq!(find_key(&[serde_json::from_value(shared).unwrap()], &with(Some("one"))), None);
        let rsa = SignedWith { algorithm: Algorithm::RS256, key_id: Some("one".to_owned()) };
        assert_eq!(find_key(&keys, &rsa), None);
    }
}
