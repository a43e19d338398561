//! Passkeys: what is asked of a browser, what it answers, and what is kept.
//!
//! What goes to a browser and comes from it has the JSON forms of Web Authentication (W3C, Level 3, sections 5.1.9 and
//! 5.1.10): a page hands it to `PublicKeyCredential.parseCreationOptionsFromJSON`, or takes it from `toJSON()`. Bytes
//! are base64url without padding.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use waystation_ids::PasskeyId;

use crate::name::Name;
use crate::sign_in::Reception;
use crate::time::Time;

/// A passkey of a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Passkey {
    /// Its id.
    #[schema(value_type = String, example = "pky_06ft3r5yx1v2k4m7q9s0t2w6z0")]
    pub id: PasskeyId,
    /// What its owner calls it.
    pub name: String,
    /// Whether the authenticator keeps copies of it elsewhere.
    pub backed_up: bool,
    /// When it was made.
    pub created_at: Time,
    /// When it was last used.
    pub last_used_at: Option<Time>,
}

/// A passkey to make, under way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PasskeyCreationStarted {
    /// Names what is under way; good for one answer within five minutes.
    pub challenge: String,
    /// What to ask of the browser.
    pub options: PasskeyCreationOptions,
}

/// What a browser answered to a passkey's creation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PasskeyCreate {
    /// The `challenge` of the start.
    pub challenge: String,
    /// What to call the passkey; at most 64 characters.
    #[schema(max_length = 64)]
    pub name: Name,
    /// The browser's answer.
    pub credential: NewCredential,
}

/// A passkey that was made. No Debug: nothing may print its codes by accident.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
pub struct PasskeyCreated {
    /// The passkey.
    pub passkey: Passkey,
    /// Codes for the day the passkey is lost, each good for once. They are shown this once, and only to whoever had
    /// none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recovery_codes: Option<Vec<String>>,
}

/// What to change about a passkey.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PasskeyUpdate {
    /// What to call it; at most 64 characters.
    #[schema(max_length = 64)]
    pub name: Name,
}

/// A passkey's use, under way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PasskeyUseStarted {
    /// Names what is under way; good for one answer within five minutes.
    pub challenge: String,
    /// What to ask of the browser.
    pub options: PasskeyUseOptions,
}

/// What a browser answered, to sign in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PasskeySignIn {
    /// The `challenge` of the start.
    pub challenge: String,
    /// The browser's answer.
    pub credential: UsedCredential,
    /// What the caller wants to be known by.
    #[serde(default)]
    pub reception: Reception,
}

/// What is asked of a browser to make a passkey.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PasskeyCreationOptions {
    /// Which site it is for.
    pub rp: RelyingPartyEntity,
    /// Whom it is for.
    pub user: PasskeyUserEntity,
    /// What is to be signed.
    pub challenge: String,
    /// Which kinds of keys are taken, the liked ones first.
    pub pub_key_cred_params: Vec<CredentialParameters>,
    /// How long it may take, in milliseconds.
    pub timeout: u32,
    /// What the person has already: no second one on the same authenticator.
    pub exclude_credentials: Vec<CredentialDescriptor>,
    /// What the authenticator has to be able to do.
    pub authenticator_selection: AuthenticatorSelection,
    /// Always `none`: of which make an authenticator is, is not asked.
    pub attestation: String,
    /// What authenticators may heed beyond that.
    pub extensions: CreationExtensions,
}

/// What is asked of a browser to use a passkey.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PasskeyUseOptions {
    /// What is to be signed.
    pub challenge: String,
    /// How long it may take, in milliseconds.
    pub timeout: u32,
    /// Which site it is for.
    pub rp_id: String,
    /// Which passkeys will do; empty: every one of this site.
    pub allow_credentials: Vec<CredentialDescriptor>,
    /// Always `required`: the authenticator asks for a PIN, a finger or a face.
    pub user_verification: String,
}

/// A site, as authenticators know it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RelyingPartyEntity {
    /// Its host name.
    pub id: String,
    /// What it is called.
    pub name: String,
}

/// A person, as authenticators know them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PasskeyUserEntity {
    /// The person's id as bytes.
    pub id: String,
    /// The address.
    pub name: String,
    /// What the person is called.
    pub display_name: String,
}

/// A kind of key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CredentialParameters {
    /// Always `public-key`.
    pub r#type: String,
    /// The algorithm by its number at IANA (COSE).
    pub alg: i32,
}

/// A passkey, as its authenticator knows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CredentialDescriptor {
    /// Always `public-key`.
    pub r#type: String,
    /// The authenticator's name for it.
    pub id: String,
    /// By what ways the authenticator can be reached, such as `internal`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub transports: Vec<String>,
}

/// What an authenticator has to be able to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AuthenticatorSelection {
    /// Always `required`: the authenticator finds the passkey without being told whose it is.
    pub resident_key: String,
    /// The same, for browsers of the first level of the specification.
    pub require_resident_key: bool,
    /// Always `required`: the authenticator asks for a PIN, a finger or a face.
    pub user_verification: String,
}

/// What an authenticator may heed when it makes a passkey (CTAP 2.1, section 12.1, `credProtect`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CreationExtensions {
    /// Always `userVerificationRequired`: without a PIN, a finger or a face it does not even tell that it has the
    /// passkey.
    pub credential_protection_policy: String,
    /// Always false: an authenticator that knows no such policy makes the passkey all the same.
    pub enforce_credential_protection_policy: bool,
}

/// A browser's answer to a passkey's creation. Browsers add fields of their own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct NewCredential {
    /// The authenticator's name for the passkey.
    pub raw_id: String,
    /// Always `public-key`.
    pub r#type: String,
    /// What was made.
    pub response: NewCredentialResponse,
}

/// What an authenticator made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct NewCredentialResponse {
    /// What the browser says it was asked, as JSON.
    #[serde(rename = "clientDataJSON")]
    pub client_data_json: String,
    /// The public key and where it comes from, as CBOR.
    pub attestation_object: String,
    /// By what ways the authenticator can be reached.
    #[serde(default)]
    pub transports: Vec<String>,
}

/// A browser's answer to a passkey's use. Browsers add fields of their own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct UsedCredential {
    /// The authenticator's name for the passkey.
    pub raw_id: String,
    /// Always `public-key`.
    pub r#type: String,
    /// The signature and what it covers.
    pub response: UsedCredentialResponse,
}

/// A passkey's signature and what it covers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct UsedCredentialResponse {
    /// What the browser says it was asked, as JSON.
    #[serde(rename = "clientDataJSON")]
    pub client_data_json: String,
    /// What the authenticator says about itself.
    pub authenticator_data: String,
    /// The signature over both.
    pub signature: String,
    /// The person's id as bytes.
    #[serde(default)]
    pub user_handle: Option<String>,
}
