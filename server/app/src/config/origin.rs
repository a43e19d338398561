//! Gathering the texts of settings: defaults, file, environment, flags.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{fmt, io};

use thiserror::Error;

use crate::config::providers::{
    PROVIDER_SETTINGS, PROVIDERS_PREFIX, ProviderValues, provider_variables, set_provider,
};
use crate::config::settings::{SETTINGS, Setting};
use crate::config::value::SettingValue;

/// Where the file is looked for unless named.
const FILE_NAME: &str = "waystation.toml";

/// Why the settings cannot be used.
#[derive(Debug, Error)]
pub(crate) enum ConfigError {
    /// A file could not be read.
    #[error("{} cannot be read", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file is not TOML.
    #[error("{} is not valid TOML", path.display())]
    Toml {
        /// Which.
        path: PathBuf,
        /// Why.
        source: Box<toml::de::Error>,
    },
    /// A name that is no setting.
    #[error("there is no setting {name} ({origin}); the nearest is {nearest}")]
    Unknown {
        /// The name.
        name: String,
        /// Where it stands.
        origin: Origin,
        /// The known name that is most like it.
        nearest: String,
    },
    /// A value that does not fit.
    #[error("{name} ({origin}) {reason}")]
    Value {
        /// Which setting.
        name: String,
        /// Where the value stands.
        origin: Origin,
        /// What would fit; never the value, which may be a secret.
        reason: String,
    },
}

/// Where a value stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// It was not set.
    Default,
    /// In the database, where people who may change settings put it.
    Database,
    /// In the configuration file.
    File(PathBuf),
    /// In this environment variable.
    Variable(String),
    /// On the command line.
    Flag,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Default => f.write_str("default"),
            Origin::Database => f.write_str("database"),
            Origin::File(path) => write!(f, "file {}", path.display()),
            Origin::Variable(name) => write!(f, "variable {name}"),
            Origin::Flag => f.write_str("flag"),
        }
    }
}

/// What the command line says about settings.
#[derive(Clone, Debug, Default)]
pub(crate) struct Flags {
    /// The configuration file.
    pub(crate) file: Option<PathBuf>,
    /// Names and values.
    pub(crate) settings: Vec<(String, String)>,
}

/// The text and origin of every setting.
#[derive(Clone, Debug, Default)]
pub(crate) struct Values {
    settings: BTreeMap<&'static str, (String, Origin)>,
    pub(super) providers: ProviderValues,
}

impl Values {
    /// The text of a setting and where it stands.
    pub(crate) fn get(&self, setting: &Setting) -> (&str, Origin) {
        text_of(&self.settings, setting)
    }

    /// Reads the value of a setting.
    pub(crate) fn read<T: SettingValue>(&self, name: &'static str) -> Result<T, ConfigError> {
        let unknown = || ConfigError::Unknown {
            name: name.to_owned(),
            origin: Origin::Default,
            nearest: name.to_owned(),
        };
        let setting = Setting::find(name).ok_or_else(unknown)?;
        let (text, origin) = self.get(setting);
        T::read(text).map_err(|reason| ConfigError::Value { name: name.to_owned(), origin, reason })
    }

    /// The same without the texts of secrets: of those it only says that they are set.
    pub(super) fn without_secrets(&self) -> Values {
        let mut values = self.clone();
        for setting in SETTINGS.iter().filter(|setting| setting.secret) {
            hide(&mut values.settings, setting);
        }
        for provider in values.providers.values_mut() {
            for setting in PROVIDER_SETTINGS.iter().filter(|setting| setting.secret) {
                hide(provider, setting);
            }
        }
        values
    }

    /// The same with what the database holds of settings that may change while the server runs, wherever nothing else
    /// sets them; the names of those that cannot be used, and why, are told to `refuse`.
    pub(crate) fn over_database(
        &self,
        stored: &BTreeMap<String, String>,
        mut refuse: impl FnMut(&str, &str),
    ) -> Values {
        let mut values = self.clone();
        for (name, text) in stored {
            let Some(setting) = Setting::find(name).filter(|setting| setting.is_live) else {
                refuse(name, "is no setting that is kept in the database");
                continue;
            };
            if values.get(setting).1 != Origin::Default {
                continue;
            }
            match setting.check(text) {
                Ok(()) => {
                    values.settings.insert(setting.name, (text.clone(), Origin::Database));
                }
                Err(reason) => refuse(name, &reason),
            }
        }
        values
    }

    fn set(&mut self, name: &str, text: String, origin: Origin) -> Result<(), ConfigError> {
        if let Some(rest) = name.strip_prefix(PROVIDERS_PREFIX) {
            return set_provider(&mut self.providers, rest, text, origin);
        }
        let Some(setting) = Setting::find(name) else {
            let nearest = nearest_name(SETTINGS, name).to_owned();
            return Err(ConfigError::Unknown { name: name.to_owned(), origin, nearest });
        };
        check(setting, name, &text, &origin)?;
        self.settings.insert(setting.name, (text, origin));
        Ok(())
    }
}

/// Puts a mark in the place of a secret, or nothing where it is set to nothing.
fn hide(values: &mut BTreeMap<&'static str, (String, Origin)>, setting: &Setting) {
    if values.get(setting.name).is_some_and(|(text, _)| text.is_empty()) {
        values.remove(setting.name);
    }
    if let Some((text, _)) = values.get_mut(setting.name) {
        "********".clone_into(text);
    }
}

/// The text of a setting and where it stands, of what was set.
pub(super) fn text_of<'a>(
    values: &'a BTreeMap<&'static str, (String, Origin)>,
    setting: &Setting,
) -> (&'a str, Origin) {
    match values.get(setting.name) {
        Some((text, origin)) => (text, origin.clone()),
        None => (setting.default, Origin::Default),
    }
}

/// Says what is wrong with a value of the setting of this full name.
pub(super) fn check(setting: &Setting, name: &str, text: &str, origin: &Origin) -> Result<(), ConfigError> {
    setting.check(text).map_err(|reason| ConfigError::Value {
        name: name.to_owned(),
        origin: origin.clone(),
        reason,
    })
}

/// Where variables are looked up.
pub(crate) trait Environment {
    /// The value of a variable.
    fn get(&self, name: &str) -> Option<String>;

    /// The names of those that there are, where that can be told.
    fn names(&self) -> Vec<String> {
        Vec::new()
    }
}

impl<F: Fn(&str) -> Option<String>> Environment for F {
    fn get(&self, name: &str) -> Option<String> {
        self(name)
    }
}

/// The variables of this process.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ProcessEnvironment;

impl Environment for ProcessEnvironment {
    fn get(&self, name: &str) -> Option<String> {
        environment_variable(name)
    }

    fn names(&self) -> Vec<String> {
        std::env::vars_os().filter_map(|(name, _)| name.into_string().ok()).collect()
    }
}

/// Gathers all settings.
pub(crate) fn load_values(flags: &Flags, environment: impl Environment) -> Result<Values, ConfigError> {
    let variable = |name: &str| environment.get(name);
    let mut values = Values::default();
    let named = flags.file.clone().or_else(|| variable("WAYSTATION_CONFIG").map(PathBuf::from));
    let path = named.clone().unwrap_or_else(|| PathBuf::from(FILE_NAME));
    // Only a file that was asked for must be there.
    if named.is_some() || path.exists() {
        read_file(&path, &mut values)?;
    }
    for setting in SETTINGS {
        let name = setting.variable();
        let file = format!("{name}_FILE");
        if let Some(text) = variable(&name).filter(|text| !text.is_empty()) {
            values.set(setting.name, text, Origin::Variable(name))?;
        } else if let Some(path) = variable(&file).filter(|path| setting.secret && !path.is_empty()) {
            values.set(
                setting.name,
                read_text(Path::new(&path))?.trim().to_owned(),
                Origin::Variable(file),
            )?;
        }
    }
    for (name, text) in provider_variables(&environment)? {
        let origin = Origin::Variable(text.variable);
        values.set(&name, text.text, origin)?;
    }
    for (name, text) in &flags.settings {
        values.set(name, text.clone(), Origin::Flag)?;
    }
    Ok(values)
}

/// Looks up the process's environment. Nothing else does.
pub(crate) fn environment_variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

fn read_file(path: &Path, values: &mut Values) -> Result<(), ConfigError> {
    let text = read_text(path)?;
    let table: toml::Table = toml::from_str(&text)
        .map_err(|source| ConfigError::Toml { path: path.to_owned(), source: Box::new(source) })?;
    let mut found = Vec::new();
    flatten("", &table, &mut found);
    for (name, text) in found {
        values.set(&name, text, Origin::File(path.to_owned()))?;
    }
    Ok(())
}

/// Makes `[a]` with `b = 1` into `a.b` and `1`; lists are joined by commas, as in variables.
fn flatten(prefix: &str, table: &toml::Table, found: &mut Vec<(String, String)>) {
    for (key, value) in table {
        let name = if prefix.is_empty() { key.clone() } else { format!("{prefix}.{key}") };
        match value {
            toml::Value::Table(inner) => flatten(&name, inner, found),
            toml::Value::Array(list) => {
                found.push((name, list.iter().map(plain).collect::<Vec<_>>().join(",")))
            }
            single => found.push((name, plain(single))),
        }
    }
}

fn plain(value: &toml::Value) -> String {
    match value {
        toml::Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

pub(super) fn read_text(path: &Path) -> Result<String, ConfigError> {
    std::fs::read_to_string(path).map_err(|source| ConfigError::File { path: path.to_owned(), source })
}

/// The name of the setting whose name is most like this one.
pub(super) fn nearest_name(settings: &[Setting], name: &str) -> &'static str {
    let names = settings.iter().map(|setting| setting.name);
    names.min_by_key(|known| distance(known, name)).unwrap_or("listen")
}

/// How many letters must be put in, taken out or changed to make one name of the other (Levenshtein).
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (done, letter) in left.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = done + 1;
        for (place, other) in right.iter().enumerate() {
            let change = diagonal + usize::from(letter != *other);
            diagonal = row[place + 1];
            row[place + 1] = change.min(row[place] + 1).min(diagonal + 1);
        }
    }
    row[right.len()]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    /// A file that is removed at the end.
    struct TestFile(PathBuf);

    impl Drop for TestFile {
        fn drop(&mut self) {
            let _ = std::fs::remove_file(&self.0);
        }
    }

    fn file(name: &str, text: &str) -> TestFile {
        let path = std::env::temp_dir().join(format!("waystation-config-{}-{name}", std::process::id()));
        std::fs::write(&path, text).unwrap();
        TestFile(path)
    }

    fn load(
        path: &TestFile,
        variables: &[(&str, &str)],
        settings: &[(&str, &str)],
    ) -> Result<Values, ConfigError> {
        let flags = Flags {
            file: Some(path.0.clone()),
            settings: settings.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect(),
        };
        load_values(&flags, |name: &str| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, text)| (*text).to_owned())
        })
    }

    #[test]
    fn flags_beat_the_environment_which_beats_the_file_which_beats_defaults() {
        let path = file("order.toml", "[relay]\nconnect_ms = 1\nidle_ms = 1\ntotal_ms = 1\n");
        let values = load(
            &path,
            &[("WAYSTATION_RELAY_IDLE_MS", "2"), ("WAYSTATION_RELAY_TOTAL_MS", "2")],
            &[("relay.total_ms", "3")],
        )
        .unwrap();
        let config = Config::from_values(&values).unwrap();
        assert_eq!((config.relay_connect_ms, config.relay_idle_ms, config.relay_total_ms), (1, 2, 3));
        assert_eq!(config.relay_keep_alive_ms, 15_000);
    }

    #[test]
    fn an_unknown_name_in_the_file_is_refused_with_the_nearest_known_one() {
        let path = file("unknown.toml", "[relay]\nidel_ms = 1\n");
        let error = load(&path, &[], &[]).unwrap_err().to_string();
        assert!(
            error.contains("relay.idel_ms") && error.ends_with("the nearest is relay.idle_ms"),
            "{error}"
        );
    }

    #[test]
    fn a_secret_may_stand_in_a_file_of_its_own() {
        let config = file("secret.toml", "");
        let secret = file("secret.txt", "redis://127.0.0.1:1\n");
        let values =
            load(&config, &[("WAYSTATION_REDIS_URL_FILE", secret.0.to_str().unwrap())], &[]).unwrap();
        let config = Config::from_values(&values).unwrap();
        assert_eq!(config.redis_url.unwrap().reveal(), "redis://127.0.0.1:1");
    }

    #[test]
    fn a_wrong_value_is_named_by_its_setting_and_origin_but_not_shown() {
        let path = file("wrong.toml", "");
        let error = load(&path, &[("WAYSTATION_MASTER_KEY", "hunter2")], &[]).unwrap_err().to_string();
        assert!(error.contains("master_key (variable WAYSTATION_MASTER_KEY)"), "{error}");
        assert!(!error.contains("hunter2"), "{error}");
    }

    #[test]
    fn a_list_in_the_file_is_the_same_as_commas_in_a_variable() {
        let path = file("list.toml", "[keys]\nold_prefixes = [\"old-\", \"ws_\"]\n");
        let config = Config::from_values(&load(&path, &[], &[]).unwrap()).unwrap();
        assert_eq!(config.key_prefixes().len(), 3);
    }
}
