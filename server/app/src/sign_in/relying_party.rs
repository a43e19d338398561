//! The site as browsers and authenticators know it: what it asks of them, and whether what they answer fits.
//!
//! `webauthn-rs` makes the challenges and checks the answers. Its words become those of the API here, and its few
//! loose ends are tied: `docs/decisions/0006-passkeys.md` says which.

use serde::{Deserialize, Serialize};
use thiserror::Error;
use url::Url;
use waystation_api::error::ErrorCode;
use waystation_api::passkeys::{
    AuthenticatorSelection, CreationExtensions, CredentialDescriptor, CredentialParameters, NewCredential,
    PasskeyCreationOptions, PasskeyUseOptions, PasskeyUserEntity, RelyingPartyEntity, UsedCredential,
};
use waystation_store::User;
use webauthn_rs::prelude::{
    AttestationFormat, Credential, DiscoverableAuthentication, ParsedAttestation, Passkey,
    PasskeyRegistration, PublicKeyCredential, RegisterPublicKeyCredential, Webauthn, WebauthnBuilder,
    WebauthnError,
};
use webauthn_rs_proto::{
    AuthenticatorAssertionResponseRaw, AuthenticatorAttestationResponseRaw, AuthenticatorTransport,
    CollectedClientData, PublicKeyCredentialCreationOptions,
};

use crate::base64_text::{read_base64, write_base64};
use crate::error::ApiError;
use crate::sign_in::step_token::STEP_TIME;
use crate::state::App;

/// What the site is called where authenticators list it.
pub(super) const SITE_NAME: &str = "Waystation";

const PUBLIC_KEY: &str = "public-key";
const REQUIRED: &str = "required";

/// The site, as browsers and authenticators know it.
#[derive(Debug)]
pub(super) struct RelyingParty {
    webauthn: Webauthn,
}

/// The use of a passkey, under way: what is asked of a browser, and what its answer is checked by.
#[derive(Serialize, Deserialize)]
pub(super) struct UseUnderWay {
    options: PasskeyUseOptions,
    state: DiscoverableAuthentication,
}

/// Why an answer is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub(super) enum CeremonyError {
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
    /// The key is of none of the algorithms that were asked for, or is no key.
    #[error("the passkey's key is not one that was asked for")]
    OtherKey,
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

impl RelyingParty {
    /// The site by its public address, or by where it listens.
    pub(super) fn of(app: &App) -> Result<Self, ApiError> {
        let port = || app.listening_on.get().copied().unwrap_or(app.config.listen).port();
        let local = || format!("http://localhost:{}", port());
        let address = app.config.public_url.clone().unwrap_or_else(local);
        RelyingParty::at(&address).ok_or_else(|| {
            let message = "Passkeys are bound to a host name and https: they need such a public_url.";
            ApiError::new(ErrorCode::Conflict, message)
        })
    }

    /// Browsers offer passkeys to pages that come by TLS, or from the same machine, and have a host name. Of the
    /// address only the origin counts: no other port, no host below or above.
    pub(super) fn at(address: &str) -> Option<Self> {
        let url = Url::parse(address).ok()?;
        let host = url.domain()?;
        if url.scheme() != "https" && host != "localhost" {
            return None;
        }
        let origin = Url::parse(&url.origin().ascii_serialization()).ok()?;
        let builder = WebauthnBuilder::new(host, &origin).ok()?;
        let webauthn = builder.rp_name(SITE_NAME).timeout(STEP_TIME).build().ok()?;
        Some(RelyingParty { webauthn })
    }

    /// Begins to make a passkey for somebody who has these.
    pub(super) fn start_creation(
        &self,
        user: &User,
        known: &[Passkey],
    ) -> Result<(PasskeyCreationOptions, PasskeyRegistration), WebauthnError> {
        // Which passkeys are known already is said to the browser below. The library is not told: it would check one
        // person's, and the database keeps each once whosever it is.
        let email = user.email.as_str();
        let name = if user.display_name.is_empty() { email } else { &user.display_name };
        let (asked, state) = self.webauthn.start_passkey_registration(user.id.uuid(), email, name, None)?;
        Ok((creation_options(asked.public_key, known), state))
    }

    /// Reads the passkey that was made. Who vouches for the authenticator is not kept.
    pub(super) fn finish_creation(
        &self,
        answer: &NewCredential,
        state: &PasskeyRegistration,
    ) -> Result<Passkey, CeremonyError> {
        let id = decode(&answer.raw_id)?;
        let client_data = decode(&answer.response.client_data_json)?;
        check_frame(&client_data)?;
        let registration = RegisterPublicKeyCredential {
            id: answer.raw_id.clone(),
            raw_id: id.clone(),
            response: AuthenticatorAttestationResponseRaw {
                attestation_object: decode(&answer.response.attestation_object)?,
                client_data_json: client_data,
                transports: None,
            },
            type_: answer.r#type.clone(),
            extensions: Default::default(),
        };
        let made = Credential::from(self.webauthn.finish_passkey_registration(&registration, state)?);
        if made.cred_id != id || answer.r#type != PUBLIC_KEY {
            return Err(CeremonyError::OtherCredential);
        }
        let transports = known_transports(&answer.response.transports);
        Ok(Passkey::from(Credential {
            transports: (!transports.is_empty()).then_some(transports),
            attestation: ParsedAttestation::default(),
            attestation_format: AttestationFormat::None,
            ..made
        }))
    }

    /// Begins the use of a passkey. Which one is found out when the answer names it, also where it is known whose it
    /// has to be: the passkey is then read as it is at that time, with its count.
    pub(super) fn start_use(&self) -> Result<UseUnderWay, WebauthnError> {
        let (asked, state) = self.webauthn.start_discoverable_authentication()?;
        let asked = asked.public_key;
        let options = PasskeyUseOptions {
            challenge: write_base64(&asked.challenge),
            timeout: asked.timeout.unwrap_or_default(),
            rp_id: asked.rp_id,
            allow_credentials: Vec::new(),
            user_verification: REQUIRED.to_owned(),
        };
        Ok(UseUnderWay { options, state })
    }

    /// Checks that the passkey signed the challenge; brings its count and flags to what they are from now on.
    pub(super) fn finish_use(
        &self,
        answer: &UsedCredential,
        under_way: &UseUnderWay,
        known: &mut Passkey,
    ) -> Result<(), CeremonyError> {
        if answer.r#type != PUBLIC_KEY {
            return Err(CeremonyError::OtherCredential);
        }
        let client_data = decode(&answer.response.client_data_json)?;
        check_frame(&client_data)?;
        let used = PublicKeyCredential {
            id: answer.raw_id.clone(),
            raw_id: decode(&answer.raw_id)?,
            response: AuthenticatorAssertionResponseRaw {
                authenticator_data: decode(&answer.response.authenticator_data)?,
                client_data_json: client_data,
                signature: decode(&answer.response.signature)?,
                user_handle: None,
            },
            extensions: Default::default(),
            type_: answer.r#type.clone(),
        };
        let state = under_way.state.clone();
        let result = self.webauthn.finish_discoverable_authentication_v2(&used, state, &*known)?;
        known.update_credential(&result).map(drop).ok_or(CeremonyError::OtherCredential)
    }
}

impl UseUnderWay {
    /// What to ask of a browser, to use one of these passkeys; of none: whichever there is.
    pub(super) fn options(&self, known: &[Passkey]) -> PasskeyUseOptions {
        PasskeyUseOptions { allow_credentials: descriptors(known), ..self.options.clone() }
    }
}

/// Whether there is a copy of a passkey elsewhere.
pub(super) fn is_backed_up(passkey: &Passkey) -> bool {
    Credential::from(passkey.clone()).backup_state
}

/// A page inside of another site's may not ask: with `webauthn-rs` 0.6.2 it may use a passkey, though not make one.
fn check_frame(client_data: &[u8]) -> Result<(), CeremonyError> {
    let data: CollectedClientData =
        serde_json::from_slice(client_data).map_err(|_| CeremonyError::Malformed)?;
    let is_inside = data.cross_origin == Some(true) || data.unknown_keys.contains_key("topOrigin");
    if is_inside { Err(CeremonyError::OtherSite) } else { Ok(()) }
}

fn creation_options(asked: PublicKeyCredentialCreationOptions, known: &[Passkey]) -> PasskeyCreationOptions {
    let parameters = asked.pub_key_cred_params.into_iter().filter_map(|parameter| {
        Some(CredentialParameters { r#type: parameter.type_, alg: i32::try_from(parameter.alg).ok()? })
    });
    PasskeyCreationOptions {
        rp: RelyingPartyEntity { id: asked.rp.id, name: asked.rp.name },
        user: PasskeyUserEntity {
            id: write_base64(&asked.user.id),
            name: asked.user.name,
            display_name: asked.user.display_name,
        },
        challenge: write_base64(&asked.challenge),
        pub_key_cred_params: parameters.collect(),
        timeout: asked.timeout.unwrap_or_default(),
        exclude_credentials: descriptors(known),
        // The library leaves it open whether an authenticator finds a passkey by itself. Here that is what it is for.
        authenticator_selection: AuthenticatorSelection {
            resident_key: REQUIRED.to_owned(),
            require_resident_key: true,
            user_verification: REQUIRED.to_owned(),
        },
        attestation: "none".to_owned(),
        extensions: CreationExtensions {
            credential_protection_policy: "userVerificationRequired".to_owned(),
            enforce_credential_protection_policy: false,
        },
    }
}

fn descriptors(known: &[Passkey]) -> Vec<CredentialDescriptor> {
    let describe = |passkey: &Passkey| {
        let credential = Credential::from(passkey.clone());
        CredentialDescriptor {
            r#type: PUBLIC_KEY.to_owned(),
            id: write_base64(&credential.cred_id),
            transports: credential.transports.iter().flatten().map(ToString::to_string).collect(),
        }
    };
    known.iter().map(describe).collect()
}

/// By what ways the authenticator says that it can be reached. The library keeps none of them, as nobody signs them;
/// they are but shown to browsers again, which then need not ask where the passkey is.
fn known_transports(words: &[String]) -> Vec<AuthenticatorTransport> {
    let mut known = Vec::new();
    for transport in words.iter().filter_map(|word| word.parse().ok()) {
        if !known.contains(&transport) {
            known.push(transport);
        }
    }
    known
}

fn decode(text: &str) -> Result<Vec<u8>, CeremonyError> {
    read_base64(text).ok_or(CeremonyError::Malformed)
}

impl From<WebauthnError> for CeremonyError {
    fn from(error: WebauthnError) -> Self {
        match error {
            WebauthnError::MismatchedChallenge => CeremonyError::OtherChallenge,
            WebauthnError::InvalidRPOrigin
            | WebauthnError::InvalidRPIDHash
            | WebauthnError::CredentialCrossOrigin => CeremonyError::OtherSite,
            WebauthnError::UserNotPresent | WebauthnError::UserNotVerified => CeremonyError::NotVerified,
            WebauthnError::CredentialAlteredAlgFromRequest
            | WebauthnError::COSEKeyInvalidCBORValue
            | WebauthnError::COSEKeyInvalidType
            | WebauthnError::COSEKeyInvalidAlgorithm
            | WebauthnError::COSEKeyEDUnsupported
            | WebauthnError::SshPublicKeyEDUnsupported
            | WebauthnError::COSEKeyECDSAXYInvalid
            | WebauthnError::COSEKeyECDSAInvalidCurve
            | WebauthnError::COSEKeyRSANEInvalid
            | WebauthnError::EcdsaPointInvalid
            | WebauthnError::RsaParametersInvalid => CeremonyError::OtherKey,
            WebauthnError::CredentialNotFound
            | WebauthnError::CredentialBackupEligibilityInconsistent
            | WebauthnError::CredentialMayNotBeHardwareBound => CeremonyError::OtherCredential,
            WebauthnError::AuthenticationFailure | WebauthnError::SignatureInvalid => {
                CeremonyError::Signature
            }
            WebauthnError::CredentialPossibleCompromise => CeremonyError::Counter,
            // What is left is of answers that could not be read.
            _ => CeremonyError::Malformed,
        }
    }
}
