//! The table of settings as documentation.

use std::fmt::Write;

use crate::config::providers::PROVIDER_SETTINGS;
use crate::config::settings::{SETTINGS, Setting};

/// The page `docs/configuration.md`.
pub(crate) fn write_documentation() -> String {
    let mut page = String::from(
        "# Configuration\n\n\
         Values come from these places; a later one beats an earlier: defaults, the database, the file \
         `waystation.toml` of the working folder (or the one named by `--config` or `WAYSTATION_CONFIG`), environment \
         variables, flags (`--set name=value`). `waystation config print` shows every value and where it came from, but \
         for those in the database; `waystation config check` says whether all fit.\n\n\
         Settings marked as live may be changed while servers run, in the console or by `PATCH /api/admin/settings`, by \
         owners and admins. What is changed there is kept in the database, heard by every server within 5 seconds and \
         written into the audit log. A value in the file, the environment or a flag beats it: the console then shows \
         where the value stands, and does not change it. All other settings are read when a server starts.\n\n\
         A secret may also stand in a file of its own, named by its variable with `_FILE` behind it, such as \
         `WAYSTATION_MASTER_KEY_FILE`. In `waystation.toml` the setting `relay.idle_ms` is `idle_ms` below \
         `[relay]`; an unknown name there is an error.\n\n\
         | Setting | Variable | Default | Meaning |\n|---|---|---|---|\n",
    );
    for setting in SETTINGS {
        write_row(&mut page, setting, setting.name, &setting.variable());
    }
    page.push_str(
        "\n## Identity providers\n\n\
         People may sign in by GitHub, Google, LINUX DO, and whatever speaks OpenID Connect or OAuth 2. Each provider \
         is a section `[oauth.NAME]` of the file, or variables that begin with `WAYSTATION_OAUTH_NAME_`; its name is \
         at most 32 of `a-z`, `0-9` and `_`. Register this site there with the redirect address \
         `PUBLIC_URL/api/auth/oauth/NAME/callback`.\n\n\
         | Setting | Variable | Default | Meaning |\n|---|---|---|---|\n",
    );
    for setting in PROVIDER_SETTINGS {
        let name = format!("oauth.NAME.{}", setting.name);
        let variable = format!("WAYSTATION_OAUTH_NAME_{}", setting.name.to_uppercase());
        write_row(&mut page, setting, &name, &variable);
    }
    page
}

fn write_row(page: &mut String, setting: &Setting, name: &str, variable: &str) {
    let default =
        if setting.default.is_empty() { "not set".to_owned() } else { format!("`{}`", setting.default) };
    let mark = match (setting.secret, setting.is_live) {
        (true, _) => " Secret.",
        (false, true) => " Live.",
        (false, false) => "",
    };
    // Writing to a String cannot fail.
    let _ = writeln!(page, "| `{name}` | `{variable}` | {default} | {}{mark} |", setting.text.trim());
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
