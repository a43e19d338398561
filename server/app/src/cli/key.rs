//! `key`: a user's keys, for whoever has the server's own account.

use clap::{Args, Subcommand};
use waystation_api::keys::KeyCreate;
use waystation_api::name::Name;
use waystation_ids::Email;

use crate::audit_trail::Doer;
use crate::cli::admin::find_user;
use crate::cli::{CommandError, Outcome, Output};
use crate::config::Config;
use crate::keys::create_key;
use crate::state::App;

#[derive(Debug, Subcommand)]
pub(crate) enum KeyCommand {
    /// Makes a key and prints its secret, this once.
    Create(KeyCreateArguments),
}

#[derive(Debug, Args)]
pub(crate) struct KeyCreateArguments {
    /// Whose.
    #[arg(long)]
    email: Email,
    /// What to call it.
    #[arg(long, default_value = "cli")]
    name: Name,
    /// Prints one JSON object.
    #[arg(long)]
    json: bool,
}

/// Runs a command on keys.
pub(crate) async fn run(
    config: Config,
    command: KeyCommand,
    output: &mut Output,
) -> Result<Outcome, CommandError> {
    let KeyCommand::Create(arguments) = command;
    let app = App::open(config).await?;
    let outcome = create(&app, arguments, output).await;
    app.close().await?;
    outcome
}

async fn create(
    app: &App,
    arguments: KeyCreateArguments,
    output: &mut Output,
) -> Result<Outcome, CommandError> {
    let user = find_user(app, &arguments.email).await?;
    let body = KeyCreate {
        name: arguments.name,
        expires_at: None,
        allowed_models: None,
        allowed_ips: None,
        budgets: None,
        output_cap: None,
        show_cost: false,
    };
    let created = create_key(app, Doer::Command, user.id, body).await?;
    match arguments.json {
        true => output.json(&created)?,
        false => output.line(&created.secret)?,
    }
    Ok(Outcome::Done)
}
