//! `ledger audit`.

use clap::{Args, Subcommand};
use waystation_store::Pace;

use crate::cli::{CommandError, Outcome, Output};
use crate::config::Config;
use crate::state::open_store;

#[derive(Debug, Subcommand)]
pub(crate) enum LedgerCommand {
    /// Compares every account, hold and ended call with its transfers.
    Audit(AuditArguments),
}

#[derive(Debug, Args)]
pub(crate) struct AuditArguments {
    /// Prints one JSON object.
    #[arg(long)]
    json: bool,
}

/// Runs a command on the books.
pub(crate) async fn run(
    config: Config,
    command: &LedgerCommand,
    output: &mut Output,
) -> Result<Outcome, CommandError> {
    let LedgerCommand::Audit(arguments) = command;
    let store = open_store(&config).await?;
    let report = store.audit_ledger(Pace::AtOnce).await?;
    store.close().await?;
    if arguments.json {
        output.json(&report)?;
    } else {
        output.line(&format!(
            "{} accounts, {} transfers, {} ended calls, {} open holds",
            report.accounts, report.transfers, report.requests, report.open_holds
        ))?;
        for difference in &report.differences {
            output.line(&format!("difference: {difference:?}"))?;
        }
        match report.difference_count {
            0 => output.line("the books balance")?,
            count => output.line(&format!("{count} differences"))?,
        }
    }
    Ok(if report.is_clean() { Outcome::Done } else { Outcome::NotSo })
}
