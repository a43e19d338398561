//! Small commands on the site as a whole.

use std::time::Duration;

use clap::Args;
use serde::Serialize;

use crate::cli::{CommandError, Outcome, Output};
use crate::config::Config;
use crate::error::{StartError, error_chain};
use crate::http::api_document;
use crate::openapi::write_document;
use crate::setup_token::load_or_create_setup_token;
use crate::state::{App, open_store};

const HEALTH_TIMEOUT: Duration = Duration::from_secs(5);

#[derive(Debug, Args)]
pub(crate) struct MigrateArguments {
    /// Changes nothing: ends with 1 when migrations are pending.
    #[arg(long)]
    check: bool,
}

#[derive(Debug, Args)]
pub(crate) struct VersionArguments {
    /// Prints one JSON object.
    #[arg(long)]
    json: bool,
}

/// `migrate`.
pub(crate) async fn migrate(
    config: Config,
    arguments: &MigrateArguments,
    output: &mut Output,
) -> Result<Outcome, CommandError> {
    std::fs::create_dir_all(&config.data_dir)
        .map_err(|source| StartError::DataDir { path: config.data_dir.clone(), source })?;
    let store = open_store(&config).await?;
    let pending = if arguments.check { store.pending_migrations().await? } else { store.migrate().await? };
    store.close().await?;
    let (text, outcome) = match (arguments.check, pending) {
        (true, 1..) => (format!("{pending} migrations are pending"), Outcome::NotSo),
        (true, 0) => ("the schema is up to date".to_owned(), Outcome::Done),
        (false, _) => (format!("{pending} migrations were run"), Outcome::Done),
    };
    output.line(&text)?;
    Ok(outcome)
}

/// `setup-token`.
pub(crate) async fn print_setup_token(config: Config, output: &mut Output) -> Result<Outcome, CommandError> {
    let app = App::open(config).await?;
    if app.has_owner().await? {
        return Err(CommandError::Refused("the site has an owner: there is nothing to set up".to_owned()));
    }
    output.line(load_or_create_setup_token(&app.config.data_dir).await?.reveal())?;
    Ok(Outcome::Done)
}

/// `healthcheck`.
pub(crate) async fn check_health(config: &Config, output: &mut Output) -> Result<Outcome, CommandError> {
    // A server that listens on every address is asked on this host's own.
    let host = match config.listen.ip() {
        ip if ip.is_unspecified() && ip.is_ipv6() => "[::1]".to_owned(),
        ip if ip.is_unspecified() => "127.0.0.1".to_owned(),
        std::net::IpAddr::V6(ip) => format!("[{ip}]"),
        ip => ip.to_string(),
    };
    let url = format!("http://{host}:{}/readyz", config.listen.port());
    let unreachable = |error: reqwest::Error| CommandError::Unreachable(error_chain(&error));
    let client =
        reqwest::Client::builder().timeout(HEALTH_TIMEOUT).no_proxy().build().map_err(unreachable)?;
    let answer = client.get(&url).send().await.map_err(unreachable)?;
    let is_ready = answer.status().is_success();
    output.line(answer.text().await.map_err(unreachable)?.trim())?;
    Ok(if is_ready { Outcome::Done } else { Outcome::NotSo })
}

/// `version`.
pub(crate) fn print_version(
    arguments: &VersionArguments,
    output: &mut Output,
) -> Result<Outcome, CommandError> {
    #[derive(Serialize)]
    struct Version {
        version: &'static str,
    }
    let version = env!("CARGO_PKG_VERSION");
    match arguments.json {
        true => output.json(&Version { version })?,
        false => output.line(&format!("waystation {version}"))?,
    }
    Ok(Outcome::Done)
}

/// `openapi`.
pub(crate) fn print_api_document(output: &mut Output) -> Result<Outcome, CommandError> {
    output.line(write_document(&api_document()).trim_end())?;
    Ok(Outcome::Done)
}
