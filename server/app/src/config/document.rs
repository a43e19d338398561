//! The table of settings as documentation.

use std::fmt::Write;

use crate::config::settings::SETTINGS;

/// The page `docs/configuration.md`.
pub(crate) fn write_documentation() -> String {
    let mut page = String::from(
        "# Configuration\n\n\
         Values come from these places; a later one beats an earlier: defaults, the file `waystation.toml` of the \
         working folder (or the one named by `--config` or `WAYSTATION_CONFIG`), environment variables, flags \
         (`--set name=value`). `waystation config print` shows every value and where it came from; \
         `waystation config check` says whether all fit.\n\n\
         A secret may also stand in a file of its own, named by its variable with `_FILE` behind it, such as \
         `WAYSTATION_MASTER_KEY_FILE`. In `waystation.toml` the setting `relay.idle_ms` is `idle_ms` below \
         `[relay]`; an unknown name there is an error.\n\n\
         | Setting | Variable | Default | Meaning |\n|---|---|---|---|\n",
    );
    for setting in SETTINGS {
        let default =
            if setting.default.is_empty() { "not set".to_owned() } else { format!("`{}`", setting.default) };
        let secret = if setting.secret { " Secret." } else { "" };
        // Writing to a String cannot fail.
        let _ = writeln!(
            page,
            "| `{}` | `{}` | {default} | {}{secret} |",
            setting.name,
            setting.variable(),
            setting.text.trim()
        );
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_committed_page_is_the_table() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/configuration.md");
        let committed = std::fs::read_to_string(path).unwrap_or_default();
        assert!(
            committed == write_documentation(),
            "run: waystation config document > docs/configuration.md"
        );
    }
}
