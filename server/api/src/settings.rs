//! The site's settings.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::time::Time;

/// Where a setting's value comes from. A later one beats an earlier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SettingOrigin {
    /// It was not set.
    Default,
    /// It was set by this API.
    Database,
    /// It stands in the configuration file.
    File,
    /// It stands in an environment variable.
    Environment,
    /// It stands on the command line.
    Flag,
}

/// What a setting's text means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SettingKind {
    /// Any text that fits.
    Text,
    /// A whole number.
    Number,
    /// `true` or `false`.
    Boolean,
    /// One of some words.
    Choice,
    /// Texts, separated by commas.
    List,
    /// An amount of USD.
    Amount,
}

/// A setting with its value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Setting {
    /// Its name, such as `site.name`.
    #[schema(example = "site.name")]
    pub name: String,
    /// Its value as text; null: it is not set, or a secret.
    pub value: Option<String>,
    /// Whether it has a value.
    pub is_set: bool,
    /// Whether its value is never shown.
    pub is_secret: bool,
    /// What it is unless set; null: not set.
    pub default: Option<String>,
    /// Where its value comes from.
    pub origin: SettingOrigin,
    /// The file or the variable that it comes from.
    pub origin_detail: Option<String>,
    /// What its text means.
    pub kind: SettingKind,
    /// The words of a choice.
    pub choices: Option<Vec<String>>,
    /// What it does.
    pub description: String,
    /// Whether it can be changed here, now.
    pub is_editable: bool,
    /// What beats a value that is set here; null: nothing does, or it cannot be set here at all.
    pub locked_by: Option<SettingOrigin>,
    /// When it was set here.
    pub updated_at: Option<Time>,
}

/// What to change of the settings. Those left out stay as they are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SettingsUpdate {
    /// Values by the settings' names, as text; null: as it is unless set.
    #[schema(example = json!({"site.name": "Harbour", "auth.registration": null}))]
    pub values: BTreeMap<String, Option<String>>,
}
