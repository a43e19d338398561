//! Asking upstreams before and after they are entered: tests, and the models they offer.

use serde::{Deserialize, Serialize};
use thiserror::Error;
use utoipa::ToSchema;
use waystation_ids::CredentialId;

use crate::channels::{
    Channel, ChannelFieldError, ChannelFormat, ChannelModelName, MODELS_MAX, ServedModel, UpstreamSecret,
    check_models, check_secret,
};
use crate::error::FieldCode;
use crate::models::{ModelName, OutputCapParameter};

/// A channel that is not entered yet, to be tested.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChannelTestDraft {
    /// What the upstream speaks.
    pub format: ChannelFormat,
    /// The address that paths are appended to. Not needed for `demo`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 1024, example = "https://api.example.com/v1")]
    pub base_url: Option<String>,
    /// Whether the address may be one of a private network or of the server's own host.
    #[serde(default)]
    pub allow_private_network: bool,
    /// The upstream's secret; none for an upstream that asks for none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credential: Option<UpstreamSecret>,
    /// What the upstream calls the model to be asked.
    pub model: ModelName,
    /// Which field carries the output cap; found out, unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output_cap_parameter: Option<OutputCapParameter>,
}

/// Which model of a channel to ask, and by which of its secrets.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ChannelTestRun {
    /// A model that the channel serves, by the name that users call it; its first, unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<ModelName>,
    /// One of its secrets; every active one, unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub credential_id: Option<CredentialId>,
}

/// How a test went.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ChannelTestOutcome {
    /// Whether the model has answered.
    pub ok: bool,
    /// The status of the upstream's answer; null: none came.
    pub status: Option<u16>,
    /// Why it failed; null: it did not. One of `address_refused`, `connect_failed`, `timeout`, `redirected`,
    /// `credential_refused`, `no_credit`, `rate_limited`, `model_not_found`, `request_rejected`, `server_error` and
    /// `not_an_answer`; there may come more.
    pub code: Option<String>,
    /// The upstream's own words, without secrets, addresses and hosts.
    pub message: Option<String>,
    /// How long its first byte took, in milliseconds; null: none came.
    pub first_byte_ms: Option<u64>,
    /// How long it took altogether, in milliseconds.
    pub latency_ms: u64,
}

/// How the test of a channel went with one of its secrets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ChannelTestResult {
    /// The secret; null: the channel has none.
    #[schema(value_type = Option<String>)]
    pub credential_id: Option<CredentialId>,
    /// The model that was asked, by the name that users call it.
    pub model: String,
    /// How it went.
    #[serde(flatten)]
    pub outcome: ChannelTestOutcome,
}

/// How the test of a channel went.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ChannelTestResults {
    /// With each secret, the oldest first.
    pub results: Vec<ChannelTestResult>,
    /// The channel, with the worst of them as its last test.
    pub channel: Channel,
}

/// A channel that is not entered yet, to be asked for its models.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ModelsFetchDraft {
    /// What the upstream speaks.
    pub format: ChannelFormat,
    /// The address that paths are appended to. Not needed for `demo`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 1024, example = "https://api.example.com/v1")]
    pub base_url: Option<String>,
    /// Whether the address may be one of a private network or of the server's own host.
    #[serde(default)]
    pub allow_private_network: bool,
    /// The upstream's secret; none for an upstream that asks for none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credential: Option<UpstreamSecret>,
}

/// A model that an upstream offers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct UpstreamModel {
    /// What the upstream calls it.
    pub upstream: String,
    /// Whether the site has a model of this name.
    pub is_known: bool,
}

/// What an upstream offers, or why it could not be asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ModelsFetched {
    /// Whether the list was had.
    pub ok: bool,
    /// The status of the upstream's answer; null: none came.
    pub status: Option<u16>,
    /// Why it failed, as for tests; null: it did not.
    pub code: Option<String>,
    /// The upstream's own words, without secrets, addresses and hosts.
    pub message: Option<String>,
    /// How long it took, in milliseconds.
    pub latency_ms: u64,
    /// The models, by name; those that no model can be called are left out.
    pub models: Vec<UpstreamModel>,
    /// Whether there are more than the 10,000 that are shown.
    pub is_truncated: bool,
}

/// What to change of the models that a channel serves. Without anything, they are looked at only.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ModelsSync {
    /// Models to serve from now on, of those that the upstream offers.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub add: Vec<ServedModel>,
    /// The names of models not to serve any more.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub remove: Vec<ModelName>,
}

/// What a channel serves beside what its upstream offers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ModelsSynced {
    /// Whether the list was had; otherwise nothing is changed.
    pub ok: bool,
    /// The status of the upstream's answer; null: none came.
    pub status: Option<u16>,
    /// Why it failed, as for tests; null: it did not.
    pub code: Option<String>,
    /// The upstream's own words, without secrets, addresses and hosts.
    pub message: Option<String>,
    /// How long it took, in milliseconds.
    pub latency_ms: u64,
    /// Whether the upstream offers more than the 10,000 that are looked at; `gone` is empty then.
    pub is_truncated: bool,
    /// Offered, and not served.
    pub new: Vec<UpstreamModel>,
    /// Served, and not offered any more.
    pub gone: Vec<ChannelModelName>,
    /// Served and offered.
    pub known: Vec<ChannelModelName>,
    /// The names of what is served from now on.
    pub added: Vec<String>,
    /// The names of what is not served any more.
    pub removed: Vec<String>,
    /// The channel as it is now.
    pub channel: Channel,
}

/// What is known of a vendor before anything is entered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChannelPreset {
    /// What programs call it.
    pub name: String,
    /// What people call it.
    pub title: String,
    /// The same in Chinese.
    pub title_zh: String,
    /// What it speaks.
    pub format: ChannelFormat,
    /// The address that paths are appended to; null: to be asked.
    pub base_url: Option<String>,
    /// Where it is described; null: nowhere.
    pub docs_url: Option<String>,
    /// Where its secrets are made; null: nowhere.
    pub keys_url: Option<String>,
    /// Whether it asks for a secret.
    pub needs_credential: bool,
    /// Whether its address is one of a private network or of the server's own host.
    pub allow_private_network: bool,
    /// Some of its models, as a hint.
    pub models: Vec<String>,
}

/// The vendors that are known, in the order to show them in: data, written down in `presets/channels.json`.
pub fn channel_presets() -> Result<Vec<ChannelPreset>, serde_json::Error> {
    serde_json::from_str(include_str!("../presets/channels.json"))
}

/// A field of a question to an upstream whose value cannot be.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error(transparent)]
pub struct ProbeFieldError(#[from] ChannelFieldError);

impl ProbeFieldError {
    /// What is wrong with the field, for programs.
    pub fn code(&self) -> FieldCode {
        self.0.code()
    }

    /// The path of the field at fault, as it is in these bodies.
    pub fn field(&self) -> &str {
        match self.0.field() {
            "models" => "add",
            other => other,
        }
    }
}

impl ChannelTestDraft {
    /// Whether every field can be; the address is checked where it is known what may be reached.
    pub fn check(&self) -> Result<(), ProbeFieldError> {
        check_credential(self.credential.as_ref())
    }
}

impl ModelsFetchDraft {
    /// Whether every field can be; the address is checked where it is known what may be reached.
    pub fn check(&self) -> Result<(), ProbeFieldError> {
        check_credential(self.credential.as_ref())
    }
}

impl ModelsSync {
    /// How many models a channel may serve.
    pub const MODELS_MAX: usize = MODELS_MAX;

    /// Whether every field can be.
    pub fn check(&self) -> Result<(), ProbeFieldError> {
        Ok(check_models(&self.add)?)
    }
}

fn check_credential(secret: Option<&UpstreamSecret>) -> Result<(), ProbeFieldError> {
    match secret {
        Some(secret) => Ok(check_secret(secret, || "credential".to_owned())?),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_drafts_secret_is_checked_and_not_printed() {
        let draft = |secret: &str| {
            let body = format!(
                r#"{{"format":"openai","base_url":"http://x/v1","model":"opus","credential":"{secret}"}}"#
            );
            serde_json::from_str::<ChannelTestDraft>(&body).unwrap()
        };
        assert_eq!(draft("sk-hidden").check(), Ok(()));
        assert!(!format!("{:?}", draft("sk-hidden")).contains("hidden"));
        assert_eq!(draft("a b").check().unwrap_err().field(), "credential");
    }

    #[test]
    fn every_preset_can_be_read_and_has_a_name_of_its_own() {
        let presets = channel_presets().unwrap();
        assert!(presets.len() >= 12, "{}", presets.len());
        let mut names: Vec<&str> = presets.iter().map(|preset| preset.name.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), presets.len());
        for preset in presets {
            let is_custom = preset.name == "custom";
            assert_eq!(preset.base_url.is_none(), is_custom, "{}", preset.name);
            for url in [&preset.base_url, &preset.docs_url, &preset.keys_url].into_iter().flatten() {
                assert!(url.starts_with("https://") || preset.allow_private_network, "{url}");
            }
            for model in &preset.models {
                assert!(model.parse::<ModelName>().is_ok(), "{model}");
            }
        }
    }

    #[test]
    fn what_is_to_be_served_is_named_once() {
        let sync: ModelsSync =
            serde_json::from_str(r#"{"add":["opus",{"name":"opus","upstream":"x"}]}"#).unwrap();
        assert_eq!(sync.check().unwrap_err().field(), "add");
        assert_eq!(serde_json::from_str::<ModelsSync>("{}").unwrap().check(), Ok(()));
    }
}
