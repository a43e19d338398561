//! Ways to upstreams.

use serde::{Deserialize, Serialize};
use thiserror::Error;
use utoipa::ToSchema;
use waystation_ids::{ChannelId, CredentialId};

use crate::error::FieldCode;
use crate::models::ModelName;
use crate::object::object;
use crate::time::Time;

const NAME_LENGTH_MAX: usize = 128;
pub(crate) const MODELS_MAX: usize = 2_000;
const CREDENTIALS_MAX: usize = 100;
const WEIGHT_MAX: u32 = 1_000_000;
const SECRET_LENGTH_MAX: usize = 3_072;

/// What an upstream speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum ChannelFormat {
    /// The OpenAI API.
    OpenAi,
    /// Nothing: answers are made inside the server, for a first look.
    Demo,
}

/// What happens upstream when the caller goes away.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum OnDisconnect {
    /// The answer is read to its end, within limits, as its price is known only then.
    #[default]
    Drain,
    /// The call is cut, for upstreams that stop charging then.
    Cancel,
}

/// An upstream's secret, such as its API key: 1 to 3,072 visible ASCII characters. It is never shown again.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(transparent)]
#[schema(value_type = String, format = Password, min_length = 1, max_length = 3072)]
pub struct UpstreamSecret(String);

impl UpstreamSecret {
    /// The secret as given.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for UpstreamSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("UpstreamSecret(…)")
    }
}

/// A model that a channel serves, in a request: its name, or its name and the upstream's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
pub enum ServedModel {
    /// The upstream calls it the same.
    Same(ModelName),
    /// The upstream has a name of its own for it.
    #[serde(deserialize_with = "object")]
    Mapped(ChannelModel),
}

/// A model that a channel serves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChannelModel {
    /// What users ask for.
    pub name: ModelName,
    /// What the upstream calls it.
    pub upstream: ModelName,
}

/// A channel to make.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChannelCreate {
    /// What people read: 1 to 128 characters.
    #[schema(min_length = 1, max_length = 128)]
    pub name: String,
    /// What the upstream speaks.
    pub format: ChannelFormat,
    /// The address that paths are appended to: http or https, without user, query or fragment. Not needed for
    /// `demo`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 1024, example = "https://api.example.com/v1")]
    pub base_url: Option<String>,
    /// The upstream's secrets; several share the calls. None for an upstream that asks for none.
    #[serde(default)]
    pub credentials: Vec<UpstreamSecret>,
    /// The models it serves.
    pub models: Vec<ServedModel>,
    /// Channels of a higher priority are tried first.
    #[serde(default)]
    pub priority: i32,
    /// The share of calls among channels of one priority; 0: only when no other is left.
    #[serde(default = "one")]
    #[schema(maximum = 1_000_000, default = 1)]
    pub weight: u32,
    /// Whether calls may go there.
    #[serde(default = "yes")]
    #[schema(default = true)]
    pub active: bool,
    /// Whether the address may be one of a private network or of the server's own host.
    #[serde(default)]
    pub allow_private_network: bool,
    /// What happens upstream when the caller goes away.
    #[serde(default)]
    pub on_disconnect: OnDisconnect,
}

/// What to change of a channel. Fields left out stay as they are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ChannelUpdate {
    /// What people read: 1 to 128 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 128)]
    pub name: Option<String>,
    /// What the upstream speaks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub format: Option<ChannelFormat>,
    /// The address that paths are appended to. The channel's secrets go there from now on.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 1024)]
    pub base_url: Option<String>,
    /// All models it serves from now on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub models: Option<Vec<ServedModel>>,
    /// Channels of a higher priority are tried first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub priority: Option<i32>,
    /// The share of calls among channels of one priority.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(maximum = 1_000_000)]
    pub weight: Option<u32>,
    /// Whether calls may go there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub active: Option<bool>,
    /// Whether the address may be one of a private network or of the server's own host.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allow_private_network: Option<bool>,
    /// What happens upstream when the caller goes away.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on_disconnect: Option<OnDisconnect>,
}

/// A way to an upstream.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Channel {
    /// Its id.
    #[schema(value_type = String, example = "chn_06ft3r5yx1v2k4m7q9s0t2w6z0")]
    pub id: ChannelId,
    /// What people read.
    pub name: String,
    /// What the upstream speaks.
    pub format: ChannelFormat,
    /// The address that paths are appended to; empty for `demo`.
    pub base_url: String,
    /// The models it serves.
    pub models: Vec<ChannelModelName>,
    /// Channels of a higher priority are tried first.
    pub priority: i64,
    /// The share of calls among channels of one priority.
    pub weight: u32,
    /// Whether calls may go there.
    pub active: bool,
    /// Whether the address may be one of a private network or of the server's own host.
    pub allow_private_network: bool,
    /// What happens upstream when the caller goes away.
    pub on_disconnect: OnDisconnect,
    /// Its secrets, without the secrets.
    pub credentials: Vec<Credential>,
    /// How its last test went; null: there was none.
    pub last_test: Option<LastTest>,
    /// When it was made.
    pub created_at: Time,
    /// When it was last changed.
    pub updated_at: Time,
}

/// How the last test of a channel went.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LastTest {
    /// When.
    pub at: Time,
    /// Whether the model has answered.
    pub ok: bool,
    /// Why it failed; null: it did not.
    pub code: Option<String>,
    /// The model that was asked.
    pub model: String,
    /// How long its first byte took, in milliseconds; null: none came.
    pub first_byte_ms: Option<u64>,
    /// How long it took altogether, in milliseconds.
    pub latency_ms: u64,
}

/// A model that a channel serves, as answers show it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ChannelModelName {
    /// What users ask for.
    pub name: String,
    /// What the upstream calls it.
    pub upstream: String,
}

/// A secret to add to a channel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CredentialCreate {
    /// The secret.
    pub secret: UpstreamSecret,
}

/// A channel's secret, without the secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Credential {
    /// Its id.
    #[schema(value_type = String, example = "crd_06ft3r5yx1v2k4m7q9s0t2w6z0")]
    pub id: CredentialId,
    /// What may be shown of it: its ends, or nothing of a short one.
    pub preview: String,
    /// Whether it is used.
    pub active: bool,
    /// When it was added.
    pub created_at: Time,
}

/// A field of a channel whose value cannot be.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ChannelFieldError {
    /// The name is empty, too long, or holds what cannot be seen.
    #[error("is 1 to 128 characters, none of them a control character")]
    Name,
    /// A model is named twice.
    #[error("names {0} twice")]
    ModelTwice(String),
    /// Too many models.
    #[error("holds at most 2000 models")]
    TooManyModels,
    /// The weight is too large.
    #[error("is at most 1000000")]
    Weight,
    /// A secret is empty, too long, or holds what no header may carry.
    #[error("is 1 to 3072 visible ASCII characters without spaces")]
    Secret(String),
    /// Too many secrets.
    #[error("holds at most 100 secrets")]
    TooManyCredentials,
}

impl ChannelFieldError {
    /// The path of the field at fault.
    pub fn field(&self) -> &str {
        match self {
            ChannelFieldError::Name => "name",
            ChannelFieldError::ModelTwice(_) | ChannelFieldError::TooManyModels => "models",
            ChannelFieldError::Weight => "weight",
            ChannelFieldError::Secret(path) => path,
            ChannelFieldError::TooManyCredentials => "credentials",
        }
    }

    /// What is wrong with it.
    pub const fn code(&self) -> FieldCode {
        match self {
            ChannelFieldError::Name | ChannelFieldError::Secret(_) => FieldCode::Invalid,
            ChannelFieldError::ModelTwice(_) => FieldCode::Repeated,
            ChannelFieldError::TooManyModels | ChannelFieldError::TooManyCredentials => FieldCode::TooMany,
            ChannelFieldError::Weight => FieldCode::OutOfRange,
        }
    }
}

impl ChannelCreate {
    /// Whether every field can be; the address is checked where it is known what may be reached.
    pub fn check(&self) -> Result<(), ChannelFieldError> {
        check_name(&self.name)?;
        check_models(&self.models)?;
        check_weight(self.weight)?;
        if self.credentials.len() > CREDENTIALS_MAX {
            return Err(ChannelFieldError::TooManyCredentials);
        }
        for (place, secret) in self.credentials.iter().enumerate() {
            check_secret(secret, || format!("credentials[{place}]"))?;
        }
        Ok(())
    }
}

impl ChannelUpdate {
    /// Whether every field that is given can be.
    pub fn check(&self) -> Result<(), ChannelFieldError> {
        self.name.as_deref().map_or(Ok(()), check_name)?;
        self.models.as_deref().map_or(Ok(()), check_models)?;
        self.weight.map_or(Ok(()), check_weight)
    }
}

impl CredentialCreate {
    /// Whether the secret can be sent.
    pub fn check(&self) -> Result<(), ChannelFieldError> {
        check_secret(&self.secret, || "secret".to_owned())
    }
}

impl From<ServedModel> for ChannelModel {
    fn from(served: ServedModel) -> Self {
        match served {
            ServedModel::Same(name) => ChannelModel { upstream: name.clone(), name },
            ServedModel::Mapped(model) => model,
        }
    }
}

impl ServedModel {
    /// What users ask for.
    pub fn name(&self) -> &ModelName {
        match self {
            ServedModel::Same(name) => name,
            ServedModel::Mapped(model) => &model.name,
        }
    }
}

fn check_name(name: &str) -> Result<(), ChannelFieldError> {
    let length = name.chars().count();
    // PostgreSQL keeps no zero byte, and a log line no other of these.
    let plain = !name.chars().any(char::is_control);
    if plain && (1..=NAME_LENGTH_MAX).contains(&length) { Ok(()) } else { Err(ChannelFieldError::Name) }
}

pub(crate) fn check_models(models: &[ServedModel]) -> Result<(), ChannelFieldError> {
    if models.len() > MODELS_MAX {
        return Err(ChannelFieldError::TooManyModels);
    }
    let mut names: Vec<&ModelName> = models.iter().map(ServedModel::name).collect();
    names.sort_unstable();
    match names.windows(2).find(|pair| pair[0] == pair[1]) {
        Some(pair) => Err(ChannelFieldError::ModelTwice(pair[0].to_string())),
        None => Ok(()),
    }
}

fn check_weight(weight: u32) -> Result<(), ChannelFieldError> {
    if weight <= WEIGHT_MAX { Ok(()) } else { Err(ChannelFieldError::Weight) }
}

pub(crate) fn check_secret(
    secret: &UpstreamSecret,
    path: impl Fn() -> String,
) -> Result<(), ChannelFieldError> {
    let text = secret.expose();
    if (1..=SECRET_LENGTH_MAX).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic()) {
        Ok(())
    } else {
        Err(ChannelFieldError::Secret(path()))
    }
}

fn one() -> u32 {
    1
}

fn yes() -> bool {
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str) -> ChannelCreate {
        serde_json::from_str(body).unwrap()
    }

    #[test]
    fn a_model_is_served_under_its_name_or_another() {
        let channel = read(
            r#"{"name":"Main","format":"openai","base_url":"http://x/v1",
                "models":["sonnet",{"name":"opus","upstream":"vendor/opus"}]}"#,
        );
        assert_eq!(channel.check(), Ok(()));
        let models: Vec<ChannelModel> = channel.models.into_iter().map(ChannelModel::from).collect();
        let names: Vec<(&str, &str)> =
            models.iter().map(|model| (model.name.as_str(), model.upstream.as_str())).collect();
        assert_eq!(names, [("sonnet", "sonnet"), ("opus", "vendor/opus")]);
        assert!(!channel.allow_private_network);
    }

    #[test]
    fn a_model_served_twice_is_refused() {
        let channel = read(
            r#"{"name":"Main","format":"demo","models":["opus",{"name":"opus","upstream":"vendor/opus"}]}"#,
        );
        assert_eq!(channel.check(), Err(ChannelFieldError::ModelTwice("opus".to_owned())));
    }

    #[test]
    fn a_name_of_control_characters_is_refused() {
        for name in ["", "a\\u0000b", "a\\nb"] {
            let channel = read(&format!(r#"{{"name":"{name}","format":"demo","models":[]}}"#));
            assert_eq!(channel.check(), Err(ChannelFieldError::Name), "{name}");
        }
    }

    #[test]
    fn a_secret_that_no_header_may_carry_is_refused_with_its_place() {
        for secret in ["", "a b", "a\\nb", "é"] {
            let channel = read(&format!(
                r#"{{"name":"Main","format":"demo","models":[],"credentials":["sk-good","{secret}"]}}"#
            ));
            assert_eq!(
                channel.check(),
                Err(ChannelFieldError::Secret("credentials[1]".to_owned())),
                "{secret}"
            );
        }
    }

    #[test]
    fn a_secret_is_not_printed() {
        let channel = read(r#"{"name":"Main","format":"demo","models":[],"credentials":["sk-hidden"]}"#);
        assert!(!format!("{channel:?}").contains("hidden"));
    }
}
