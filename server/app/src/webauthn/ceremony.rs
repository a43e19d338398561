//! Making and using a passkey: what is asked, and whether the answer fits it.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use thiserror::Error;
use waystation_api::passkeys::{
    AuthenticatorSelection, CredentialDescriptor, CredentialParameters, NewCredential,
    PasskeyCreationOptions, PasskeyUseOptions, PasskeyUserEntity, RelyingPartyEntity, UsedCredential,
};

use crate::webauthn::authenticator_data::AuthenticatorData;
use crate::webauthn::base64_text::{self, read_base64, write_base64};
use crate::webauthn::cbor::{Value, read_whole};
use crate::webauthn::public_key::{ALGORITHMS, PublicKey};

const PUBLIC_KEY: &str = "public-key";
/// As long as a challenge is good for, in milliseconds.
const TIMEOUT_MS: u32 = 5 * 60 * 1_000;
/// Of the words that say by what ways an authenticator is reached, so many are kept, of such a length.
const TRANSPORTS_MAX: usize = 8;
const TRANSPORT_LENGTH_MAX: usize = 32;

/// The site, as browsers and authenticators know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RelyingParty {
    /// The host name: passkeys are bound to it.
    pub(crate) id: String,
    /// Scheme, host and port of the site's pages, as a browser writes them.
    pub(crate) origin: String,
    /// What the site is called.
    pub(crate) name: String,
}

/// What is kept of a passkey.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct StoredCredential {
    /// The authenticator's name for it.
    #[serde(with = "base64_text")]
    pub(crate) id: Vec<u8>,
    /// What verifies its signatures.
    pub(crate) public_key: PublicKey,
    /// How often it was used, by its own count; zero where it does not count.
    pub(crate) counter: u32,
    /// Whether the authenticator may copy it to elsewhere.
    pub(crate) backup_eligible: bool,
    /// Whether there is a copy.
    pub(crate) backed_up: bool,
    /// By what ways the authenticator can be reached.
    pub(crate) transports: Vec<String>,
}

/// Why an answer is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub(crate) enum CeremonyError {
    /// It is not what authenticators answer.
    #[error("the answer is not one of an authenticator")]
    Malformed,
    /// It answers something else.
    #[error("the answer is to another challenge")]
    OtherChallenge,
    /// It was made for another site, or on a page inside of another site's.
    #[error("the answer is for another site")]
    OtherSite,
    /// Nobody showed to the authenticator that it is theirs.
    #[error("the authenticator did not verify its user")]
    NotVerified,
    /// The key is of none of the algorithms that were asked for.
    #[error("the passkey's algorithm is not one that was asked for")]
    OtherAlgorithm,
    /// It names another passkey, or its properties have changed.
    #[error("the answer is another passkey's")]
    OtherCredential,
    /// The signature is wrong.
    #[error("the signature does not fit")]
    Signature,
    /// The passkey's count has not gone up: there are two of it.
    #[error("the passkey's counter went back")]
    Counter,
}

/// What a browser says it was asked (Web Authentication, Level 3, section 5.8.1). Browsers add fields.
#[derive(Deserialize)]
struct ClientData {
    r#type: String,
    challenge: String,
    origin: String,
    #[serde(default, rename = "crossOrigin")]
    cross_origin: bool,
    #[serde(default, rename = "topOrigin")]
    top_origin: Option<String>,
}

impl RelyingParty {
    /// What to ask of a browser to make a passkey.
    pub(crate) fn creation_options(
        &self,
        challenge: &[u8],
        user: PasskeyUserEntity,
        known: &[StoredCredential],
    ) -> PasskeyCreationOptions {
        PasskeyCreationOptions {
            rp: RelyingPartyEntity { id: self.id.clone(), name: self.name.clone() },
            user,
            challenge: write_base64(challenge),
            pub_key_cred_params: ALGORITHMS
                .map(|alg| CredentialParameters { r#type: PUBLIC_KEY.to_owned(), alg })
                .to_vec(),
            timeout: TIMEOUT_MS,
            exclude_credentials: known.iter().map(StoredCredential::descriptor).collect(),
            authenticator_selection: AuthenticatorSelection {
                resident_key: "required".to_owned(),
                require_resident_key: true,
                user_verification: "required".to_owned(),
            },
            attestation: "none".to_owned(),
        }
    }

    /// What to ask of a browser to use one of these passkeys; of none: whichever there is.
    pub(crate) fn use_options(&self, challenge: &[u8], known: &[StoredCredential]) -> PasskeyUseOptions {
        PasskeyUseOptions {
            challenge: write_base64(challenge),
            timeout: TIMEOUT_MS,
            rp_id: self.id.clone(),
            allow_credentials: known.iter().map(StoredCredential::descriptor).collect(),
            user_verification: "required".to_owned(),
        }
    }

    /// Reads the passkey that was made (section 7.1). Who vouches for the authenticator is not looked at.
    pub(crate) fn read_creation(
        &self,
        challenge: &[u8],
        answer: &NewCredential,
    ) -> Result<StoredCredential, CeremonyError> {
        self.check_client_data("webauthn.create", challenge, &decode(&answer.response.client_data_json)?)?;
        let attestation = decode(&answer.response.attestation_object)?;
        let attestation = read_whole(&attestation).ok_or(CeremonyError::Malformed)?;
        let data = attestation.named("authData").and_then(Value::bytes).ok_or(CeremonyError::Malformed)?;
        let data = self.check_authenticator_data(data)?;
        let made = data.made.as_ref().ok_or(CeremonyError::Malformed)?;
        if answer.r#type != PUBLIC_KEY || decode(&answer.raw_id)? != made.id {
            return Err(CeremonyError::OtherCredential);
        }
        Ok(StoredCredential {
            id: made.id.to_vec(),
            public_key: made.public_key.clone().ok_or(CeremonyError::OtherAlgorithm)?,
            counter: data.counter,
            backup_eligible: data.is_backup_eligible(),
            backed_up: data.is_backed_up(),
            transports: plain_transports(&answer.response.transports),
        })
    }

    /// Checks that the passkey signed the challenge (section 7.2), and gives what is to be kept of it from now on.
    pub(crate) fn check_use(
        &self,
        challenge: &[u8],
        answer: &UsedCredential,
        known: &StoredCredential,
    ) -> Result<StoredCredential, CeremonyError> {
        let client_data = decode(&answer.response.client_data_json)?;
        self.check_client_data("webauthn.get", challenge, &client_data)?;
        if answer.r#type != PUBLIC_KEY || decode(&answer.raw_id)? != known.id {
            return Err(CeremonyError::OtherCredential);
        }
        let signed = decode(&answer.response.authenticator_data)?;
        let data = self.check_authenticator_data(&signed)?;
        if data.is_backup_eligible() != known.backup_eligible {
            return Err(CeremonyError::OtherCredential);
        }
        let message = [&signed[..], &Sha256::digest(&client_data)].concat();
        if !known.public_key.verifies(&message, &decode(&answer.response.signature)?) {
            return Err(CeremonyError::Signature);
        }
        let counts = data.counter != 0 || known.counter != 0;
        if counts && data.counter <= known.counter {
            return Err(CeremonyError::Counter);
        }
        Ok(StoredCredential { counter: data.counter, backed_up: data.is_backed_up(), ..known.clone() })
    }

    fn check_client_data(&self, kind: &str, challenge: &[u8], json: &[u8]) -> Result<(), CeremonyError> {
        // Serde would take a list for the fields in their order.
        if json.first() != Some(&b'{') {
            return Err(CeremonyError::Malformed);
        }
        let data: ClientData = serde_json::from_slice(json).map_err(|_| CeremonyError::Malformed)?;
        if data.r#type != kind {
            return Err(CeremonyError::Malformed);
        }
        if decode(&data.challenge)? != challenge {
            return Err(CeremonyError::OtherChallenge);
        }
        if data.origin != self.origin || data.cross_origin || data.top_origin.is_some() {
            return Err(CeremonyError::OtherSite);
        }
        Ok(())
    }

    fn check_authenticator_data<'a>(&self, bytes: &'a [u8]) -> Result<AuthenticatorData<'a>, CeremonyError> {
        let data = AuthenticatorData::read(bytes).ok_or(CeremonyError::Malformed)?;
        if data.rp_id_hash[..] != Sha256::digest(&self.id)[..] {
            return Err(CeremonyError::OtherSite);
        }
        match data.is_user_verified() {
            true => Ok(data),
            false => Err(CeremonyError::NotVerified),
        }
    }
}

impl StoredCredential {
    fn descriptor(&self) -> CredentialDescriptor {
        CredentialDescriptor {
            r#type: PUBLIC_KEY.to_owned(),
            id: write_base64(&self.id),
            transports: self.transports.clone(),
        }
    }
}

fn decode(text: &str) -> Result<Vec<u8>, CeremonyError> {
    read_base64(text).ok_or(CeremonyError::Malformed)
}

/// The words of a browser that look like ways to reach an authenticator: they are shown to browsers again.
fn plain_transports(transports: &[String]) -> Vec<String> {
    let is_plain = |word: &&String| {
        (1..=TRANSPORT_LENGTH_MAX).contains(&word.len())
            && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-')
    };
    transports.iter().filter(is_plain).take(TRANSPORTS_MAX).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::webauthn::software_authenticator::SoftwareAuthenticator;

    const CHALLENGE: &[u8] = b"0123456789abcdef0123456789abcdef";

    fn site() -> RelyingParty {
        RelyingParty {
            id: "ai.example.org".to_owned(),
            origin: "https://ai.example.org".to_owned(),
            name: "Waystation".to_owned(),
        }
    }

    fn authenticator() -> SoftwareAuthenticator {
        SoftwareAuthenticator::new("https://ai.example.org", "ai.example.org", b"a user")
    }

    #[test]
    fn a_passkey_is_made_and_used() {
        let mut authenticator = authenticator();
        let made = site().read_creation(CHALLENGE, &authenticator.create(CHALLENGE)).unwrap();
        let text = serde_json::to_string(&made).unwrap();
        assert_eq!(serde_json::from_str::<StoredCredential>(&text).unwrap(), made);
        let used = site().check_use(CHALLENGE, &authenticator.sign(CHALLENGE), &made).unwrap();
        assert_eq!(used.counter, made.counter + 1);
        assert!(site().check_use(CHALLENGE, &authenticator.sign(CHALLENGE), &used).is_ok());
    }

    #[test]
    fn an_answer_for_another_site_challenge_or_ceremony_is_refused() {
        let creation = |change: fn(&mut SoftwareAuthenticator)| {
            let mut authenticator = authenticator();
            change(&mut authenticator);
            site().read_creation(CHALLENGE, &authenticator.create(CHALLENGE)).unwrap_err()
        };
        let using = |change: fn(&mut SoftwareAuthenticator)| {
            let mut authenticator = authenticator();
            let made = site().read_creation(CHALLENGE, &authenticator.create(CHALLENGE)).unwrap();
            change(&mut authenticator);
            site().check_use(CHALLENGE, &authenticator.sign(CHALLENGE), &made).unwrap_err()
        };
        type Change = fn(&mut SoftwareAuthenticator);
        let lies: [(Change, CeremonyError); 8] = [
            (|lie| lie.origin = "https://ai.example.org.evil.test".to_owned(), CeremonyError::OtherSite),
            (|lie| lie.origin = "http://ai.example.org".to_owned(), CeremonyError::OtherSite),
            (|lie| lie.rp_id = "example.org".to_owned(), CeremonyError::OtherSite),
            (|lie| lie.is_cross_origin = true, CeremonyError::OtherSite),
            (|lie| lie.challenge = Some(b"another".to_vec()), CeremonyError::OtherChallenge),
            (|lie| lie.verifies_user = false, CeremonyError::NotVerified),
            (|lie| lie.kind = Some("payment.get"), CeremonyError::Malformed),
            (|lie| lie.raw_id = Some(vec![1; 16]), CeremonyError::OtherCredential),
        ];
        for (number, (lie, error)) in lies.into_iter().enumerate() {
            assert_eq!((creation(lie), using(lie)), (error, error), "{number}");
        }
        assert_eq!(using(|lie| lie.kind = Some("webauthn.create")), CeremonyError::Malformed);
        assert_eq!(using(|lie| lie.signs_wrongly = true), CeremonyError::Signature);
        assert_eq!(using(|lie| lie.counter = 0), CeremonyError::Counter);
        assert_eq!(using(|lie| lie.is_backup_eligible = true), CeremonyError::OtherCredential);
    }

    #[test]
    fn a_passkey_that_does_not_count_is_used_again_and_again() {
        let mut authenticator = authenticator();
        authenticator.counts = false;
        let mut known = site().read_creation(CHALLENGE, &authenticator.create(CHALLENGE)).unwrap();
        for _ in 0..3 {
            known = site().check_use(CHALLENGE, &authenticator.sign(CHALLENGE), &known).unwrap();
            assert_eq!(known.counter, 0);
        }
        // Once it has counted, it goes on counting.
        known.counter = 5;
        let again = site().check_use(CHALLENGE, &authenticator.sign(CHALLENGE), &known);
        assert_eq!(again, Err(CeremonyError::Counter));
    }

    #[test]
    fn a_changed_or_cut_answer_is_refused() {
        let mut authenticator = authenticator();
        let made = authenticator.create(CHALLENGE);
        let object = read_base64(&made.response.attestation_object).unwrap();
        for length in 0..object.len() {
            let mut cut = made.clone();
            cut.response.attestation_object = write_base64(&object[..length]);
            assert!(site().read_creation(CHALLENGE, &cut).is_err(), "{length}");
        }
        let known = site().read_creation(CHALLENGE, &made).unwrap();
        let used = authenticator.sign(CHALLENGE);
        let data = read_base64(&used.response.authenticator_data).unwrap();
        for place in 0..data.len() {
            let mut changed = data.clone();
            changed[place] ^= 1;
            let mut answer = used.clone();
            answer.response.authenticator_data = write_base64(&changed);
            assert!(site().check_use(CHALLENGE, &answer, &known).is_err(), "{place}");
        }
        for text in ["", "e30", "W10", "bnVsbA", "=", "é"] {
            let mut answer = used.clone();
            answer.response.client_data_json = text.to_owned();
            assert_eq!(site().check_use(CHALLENGE, &answer, &known), Err(CeremonyError::Malformed), "{text}");
        }
    }

    #[test]
    fn odd_words_for_transports_are_dropped() {
        let words = ["internal", "", "<script>", "hybrid", &"x".repeat(33)].map(str::to_owned);
        assert_eq!(plain_transports(&words), ["internal", "hybrid"]);
    }
}
