//! `config check|print`.

use clap::Subcommand;

use crate::cli::{CommandError, Outcome, Output};
use crate::config::{Config, Flags, SETTINGS, environment_variable, load_values, write_documentation};

#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Says whether the settings can be used.
    Check,
    /// Prints every setting and where it came from; secrets are not shown.
    Print,
    /// Prints the documentation of all settings.
    #[command(hide = true)]
    Document,
}

/// Runs a command on the settings.
pub(crate) fn run(
    flags: &Flags,
    command: &ConfigCommand,
    output: &mut Output,
) -> Result<Outcome, CommandError> {
    match command {
        ConfigCommand::Check => {
            Config::from_values(&load_values(flags, environment_variable)?)?;
            output.line("the configuration can be used")?;
        }
        ConfigCommand::Print => {
            let values = load_values(flags, environment_variable)?;
            for setting in SETTINGS {
                let (text, origin) = values.get(setting);
                let shown = if setting.secret && !text.is_empty() { "********" } else { text };
                output.line(&format!("{} = {shown:?} ({origin})", setting.name))?;
            }
        }
        ConfigCommand::Document => output.line(write_documentation().trim_end())?,
    }
    Ok(Outcome::Done)
}
