//! The commands.

mod admin;
mod attachment;
mod audit;
mod config;
mod doctor;
mod key;
mod ledger;
mod output;
mod serve;
mod site;

use std::path::PathBuf;

use clap::{Parser, Subcommand};

use crate::config::{Config, ConfigError, Flags, ProcessEnvironment, load_values};
use crate::logging::start_logging;
pub(crate) use output::{CommandError, Outcome, Output};

/// A self-hosted relay for AI models, with accounts, keys and billing.
#[derive(Debug, Parser)]
#[command(name = "waystation", version, arg_required_else_help = true)]
pub(crate) struct Arguments {
    /// The configuration file; waystation.toml in the working folder unless given.
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Sets a setting, such as --set relay.idle_ms=60000. May be repeated.
    #[arg(long = "set", global = true, value_name = "NAME=VALUE", value_parser = parse_setting)]
    settings: Vec<(String, String)>,
    /// Where the server listens.
    #[arg(long, global = true, value_name = "ADDRESS:PORT")]
    listen: Option<String>,
    /// The folder of everything that is kept outside of the database.
    #[arg(long, global = true, value_name = "FOLDER")]
    data_dir: Option<String>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Runs the server.
    Serve(serve::ServeArguments),
    /// Brings the database's schema up to this version.
    Migrate(site::MigrateArguments),
    /// Prints the token that the first owner is made with.
    SetupToken,
    /// Asks the running server whether it is ready.
    Healthcheck,
    /// Looks for what is wrong with this installation.
    Doctor(doctor::DoctorArguments),
    /// People and access tokens.
    #[command(subcommand)]
    Admin(admin::AdminCommand),
    /// Users' keys.
    #[command(subcommand)]
    Key(key::KeyCommand),
    /// The audit log.
    #[command(subcommand)]
    Audit(audit::AuditCommand),
    /// The books.
    #[command(subcommand)]
    Ledger(ledger::LedgerCommand),
    /// The settings.
    #[command(subcommand)]
    Config(config::ConfigCommand),
    /// Prints the description of the management API.
    #[command(hide = true)]
    Openapi,
    /// Prints the version.
    Version(site::VersionArguments),
}

/// Does what the arguments ask.
pub(crate) async fn run(arguments: Arguments, output: &mut Output) -> Result<Outcome, CommandError> {
    let flags = arguments.flags();
    match arguments.command {
        Command::Serve(serve) => serve::serve(load(&flags)?, &serve, output).await,
        Command::Migrate(migrate) => site::migrate(load(&flags)?, &migrate, output).await,
        Command::SetupToken => site::print_setup_token(load(&flags)?, output).await,
        Command::Healthcheck => site::check_health(&load(&flags)?, output).await,
        Command::Doctor(doctor) => doctor::examine(load(&flags)?, &doctor, output).await,
        Command::Admin(command) => admin::run(load(&flags)?, command, output).await,
        Command::Key(command) => key::run(load(&flags)?, command, output).await,
        Command::Audit(command) => audit::run(load(&flags)?, &command, output).await,
        Command::Ledger(command) => ledger::run(load(&flags)?, &command, output).await,
        Command::Config(command) => config::run(&flags, &command, output),
        Command::Openapi => site::print_api_document(output),
        Command::Version(version) => site::print_version(&version, output),
    }
}

impl Arguments {
    fn flags(&self) -> Flags {
        let short = [("listen", &self.listen), ("data_dir", &self.data_dir)];
        let short = short.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value.clone()?)));
        Flags { file: self.config.clone(), settings: self.settings.iter().cloned().chain(short).collect() }
    }
}

/// Reads the settings and starts the log.
fn load(flags: &Flags) -> Result<Config, ConfigError> {
    let config = Config::from_values(&load_values(flags, ProcessEnvironment)?)?;
    start_logging(&config);
    Ok(config)
}

fn parse_setting(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) => Ok((name.trim().to_owned(), value.to_owned())),
        None => Err("must be NAME=VALUE".to_owned()),
    }
}
