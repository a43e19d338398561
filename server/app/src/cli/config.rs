//! `config check|print`.

use clap::Subcommand;

use crate::cli::{CommandError, Outcome, Output};
use crate::config::{Config, Flags, Origin, ProcessEnvironment, SETTINGS, load_values, write_documentation};

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
            Config::from_values(&load_values(flags, ProcessEnvironment)?)?;
            output.line("the configuration can be used")?;
        }
        ConfigCommand::Print => {
            let values = load_values(flags, ProcessEnvironment)?;
            for setting in SETTINGS {
                let (text, origin) = values.get(setting);
                print_setting(output, setting.name, setting.secret, text, &origin)?;
            }
            for (name, setting, text, origin) in values.list_provider_settings() {
                print_setting(output, &name, setting.secret, text, &origin)?;
            }
        }
        ConfigCommand::Document => output.line(write_documentation().trim_end())?,
    }
    Ok(Outcome::Done)
}

fn print_setting(
    output: &mut Output,
    name: &str,
    is_secret: bool,
    text: &str,
    origin: &Origin,
) -> Result<(), CommandError> {
    let shown = if is_secret && !text.is_empty() { "********" } else { text };
    Ok(output.line(&format!("{name} = {shown:?} ({origin})"))?)
}
