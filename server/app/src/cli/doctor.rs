//! `doctor`: what is wrong with this installation.

use std::path::Path;

use clap::Args;
use serde::Serialize;
use waystation_store::Store;

use crate::cli::{CommandError, Outcome, Output};
use crate::clock::now_ms;
use crate::config::Config;
use crate::error::{StartError, error_chain};
use crate::sealing::{MasterKey, Sealing, write_private_file};
use crate::site_secrets::{SiteSecrets, is_sealed};
use crate::state::open_store;

/// Beyond this, times in the log and in the books do not fit together.
const CLOCK_SKEW_MS_MAX: i64 = 2_000;

#[derive(Debug, Args)]
pub(crate) struct DoctorArguments {
    /// Prints one JSON object.
    #[arg(long)]
    json: bool,
}

/// What was looked at, in order.
#[derive(Clone, Debug, Serialize)]
struct Examination {
    /// Whether nothing has failed.
    healthy: bool,
    checks: Vec<Check>,
}

#[derive(Clone, Debug, Serialize)]
struct Check {
    name: &'static str,
    result: CheckResult,
    detail: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum CheckResult {
    Ok,
    Warning,
    Failed,
}

/// Looks at everything and prints what it saw.
pub(crate) async fn examine(
    config: Config,
    arguments: &DoctorArguments,
    output: &mut Output,
) -> Result<Outcome, CommandError> {
    let mut checks = vec![examine_data_dir(&config.data_dir)];
    let mut is_reached = true;
    match open_store(&config).await {
        Ok(store) => {
            examine_database(&store, &mut checks).await;
            checks.push(examine_master_key(&config, &store).await);
            store.close().await?;
        }
        Err(error) => {
            is_reached = false;
            checks.push(Check::failed("database", error_chain(&error)));
        }
    }
    let healthy = checks.iter().all(|check| check.result != CheckResult::Failed);
    let examination = Examination { healthy, checks };
    if arguments.json {
        output.json(&examination)?;
    } else {
        for check in &examination.checks {
            let result = match check.result {
                CheckResult::Ok => "ok     ",
                CheckResult::Warning => "warning",
                CheckResult::Failed => "FAILED ",
            };
            output.line(&format!("{result} {}: {}", check.name, check.detail))?;
        }
    }
    match (healthy, is_reached) {
        (true, _) => Ok(Outcome::Done),
        (false, true) => Ok(Outcome::NotSo),
        (false, false) => Err(CommandError::Unreachable("the database cannot be reached".to_owned())),
    }
}

fn examine_data_dir(data_dir: &Path) -> Check {
    const NAME: &str = "data folder";
    let path = data_dir.join(format!(".doctor-{}", std::process::id()));
    let written = write_private_file(&path, b"").and_then(|()| std::fs::remove_file(&path));
    match written {
        Ok(()) => Check::ok(NAME, data_dir.display().to_string()),
        Err(error) => Check::failed(NAME, format!("{} cannot be written: {error}", data_dir.display())),
    }
}

async fn examine_database(store: &Store, checks: &mut Vec<Check>) {
    checks.push(match store.ping().await {
        Ok(()) => Check::ok("database", format!("{:?} answers", store.kind())),
        Err(error) => Check::failed("database", error_chain(&error)),
    });
    checks.push(match store.pending_migrations().await {
        Ok(0) => Check::ok("migrations", "all have run"),
        Ok(pending) => Check::failed("migrations", format!("{pending} are pending: run waystation migrate")),
        Err(error) => Check::failed("migrations", error_chain(&error)),
    });
    checks.push(match store.list_durability_warnings().await {
        Ok(warnings) if warnings.is_empty() => {
            Check::ok("durability", "what is committed survives power loss")
        }
        Ok(warnings) => Check::warning("durability", warnings.join("; ")),
        Err(error) => Check::failed("durability", error_chain(&error)),
    });
    let before = now_ms();
    checks.push(match store.now_ms().await {
        // Between asking and hearing the answer; the middle is the best guess.
        Ok(database) => {
            let skew = database - (before + now_ms()) / 2;
            let text = format!("the database's clock is {skew} ms off this host's");
            if skew.abs() > CLOCK_SKEW_MS_MAX {
                Check::warning("clock", text)
            } else {
                Check::ok("clock", text)
            }
        }
        Err(error) => Check::failed("clock", error_chain(&error)),
    });
}

/// Changes nothing: a site that was never started has no master key yet, and that is well.
async fn examine_master_key(config: &Config, store: &Store) -> Check {
    const NAME: &str = "master key";
    let is_sealed = match is_sealed(store).await {
        Ok(is_sealed) => is_sealed,
        Err(error) => return Check::failed(NAME, error_chain(&error)),
    };
    let key = match &config.master_key {
        Some(key) => Ok(Some(MasterKey::new(key.bytes()))),
        None => MasterKey::load(&config.data_dir),
    };
    match (key, is_sealed) {
        (Ok(Some(key)), true) => match SiteSecrets::load_or_create(store, &Sealing::new(key)).await {
            Ok(_) => Check::ok(NAME, "opens the site's secrets"),
            Err(error) => Check::failed(NAME, error_chain(&error)),
        },
        (Ok(_), false) => Check::ok(NAME, "the site was not started yet"),
        (Ok(None), true) => Check::failed(NAME, StartError::WrongMasterKey.to_string()),
        (Err(error), _) => Check::failed(NAME, error_chain(&error)),
    }
}

impl Check {
    fn ok(name: &'static str, detail: impl Into<String>) -> Self {
        Check { name, result: CheckResult::Ok, detail: detail.into() }
    }

    fn warning(name: &'static str, detail: impl Into<String>) -> Self {
        Check { name, result: CheckResult::Warning, detail: detail.into() }
    }

    fn failed(name: &'static str, detail: impl Into<String>) -> Self {
        Check { name, result: CheckResult::Failed, detail: detail.into() }
    }
}
