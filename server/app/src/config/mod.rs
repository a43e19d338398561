//! What an operator can set, and where each value came from.
//!
//! Defaults < database < file < environment < flags. The table in `settings` is the one list of settings: the typed
//! [`Config`], the names of the variables, the printed table and the documentation are all made from it. The database
//! holds only what may change while a server runs, the typed [`LiveConfig`].

mod document;
mod origin;
mod providers;
mod settings;
mod value;

pub(crate) use document::write_documentation;
#[cfg(test)]
pub(crate) use origin::environment_variable;
pub(crate) use origin::{ConfigError, Flags, Origin, ProcessEnvironment, Values, load_values};
pub(crate) use providers::ProviderSettings;
pub(crate) use settings::{Config, LiveConfig, SETTINGS, Setting};
pub(crate) use value::SettingKind;
#[cfg(test)]
pub(crate) use value::SettingValue;
pub(crate) use value::{
    BalanceStatus, ClientAuthentication, Fingerprint, Interrupted, LogFormat, Nets, ProviderKind,
    Registration, Secret,
};
