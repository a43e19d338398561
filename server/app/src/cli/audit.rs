//! `audit verify`.

use clap::{Args, Subcommand};
use waystation_api::audit_log::AuditLogVerdict;
use waystation_store::AuditCheck;

use crate::cli::{CommandError, Outcome, Output};
use crate::config::Config;
use crate::state::open_store;

#[derive(Debug, Subcommand)]
pub(crate) enum AuditCommand {
    /// Reads the whole audit log and says whether a row is missing or was changed.
    Verify(VerifyArguments),
}

#[derive(Debug, Args)]
pub(crate) struct VerifyArguments {
    /// Prints one JSON object.
    #[arg(long)]
    json: bool,
}

/// Runs a command on the audit log.
pub(crate) async fn run(
    config: Config,
    command: &AuditCommand,
    output: &mut Output,
) -> Result<Outcome, CommandError> {
    let AuditCommand::Verify(arguments) = command;
    let store = open_store(&config).await?;
    let check = store.check_audit_log().await?;
    store.close().await?;
    let verdict = match check {
        AuditCheck::Whole(rows) => AuditLogVerdict { is_whole: true, rows: Some(rows), first_broken: None },
        AuditCheck::Broken(row) => AuditLogVerdict { is_whole: false, rows: None, first_broken: Some(row) },
    };
    if arguments.json {
        output.json(&verdict)?;
    } else {
        match check {
            AuditCheck::Whole(rows) => output.line(&format!("{rows} rows, as they were written"))?,
            AuditCheck::Broken(row) => {
                output
                    .line(&format!("row {row} is missing, was changed or does not follow the one before"))?;
            }
        }
    }
    Ok(if verdict.is_whole { Outcome::Done } else { Outcome::NotSo })
}
