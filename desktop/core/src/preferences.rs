//! What the app remembers of its user's choices. It holds no secret.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::files::{read_file, replace_file};
use crate::language::Language;
use crate::secrets::SecretsPlace;

const FILE_BYTES_MAX: u64 = 64 * 1024;

/// The choices. What cannot be read counts as never chosen: none of it is worth refusing to start for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Preferences {
    /// The language; the system's, unless chosen.
    pub language: Option<Language>,
    /// Where secrets lie; in the keyring, unless its absence made somebody choose.
    pub secrets: Option<SecretsPlace>,
    /// Where the server of this app listened last, so that it listens there again.
    pub local_port: Option<u16>,
    /// Whether notifications are shown.
    pub has_notifications: Option<bool>,
    /// Whether closing the window leaves the app in the tray.
    pub stays_in_tray: Option<bool>,
    /// The version that somebody chose not to be told of any more.
    pub skipped_version: Option<String>,
}

impl Preferences {
    /// Reads the choices.
    pub fn load(path: &Path) -> Self {
        let read = read_file(path, FILE_BYTES_MAX).ok().flatten();
        read.and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default()
    }

    /// Keeps the choices.
    pub fn save(&self, path: &Path) -> std::io::Result<()> {
        replace_file(path, &serde_json::to_vec_pretty(self)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn choices_are_there_again_and_a_damaged_file_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("preferences.json");
        assert_eq!(Preferences::load(&path), Preferences::default());
        let chosen = Preferences {
            language: Some(Language::Chinese),
            secrets: Some(SecretsPlace::PassphraseFile),
            local_port: Some(8787),
            ..Preferences::default()
        };
        chosen.save(&path).unwrap();
        assert_eq!(Preferences::load(&path), chosen);
        for text in ["", "{", "[]", r#"{"local_port":"x"}"#] {
            std::fs::write(&path, text).unwrap();
            assert_eq!(Preferences::load(&path), Preferences::default(), "{text}");
        }
        // What a later version wrote besides is no reason to forget the rest.
        std::fs::write(&path, r#"{"language":"zh-CN","later":1}"#).unwrap();
        assert_eq!(Preferences::load(&path).language, Some(Language::Chinese));
    }
}
