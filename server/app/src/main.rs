#![doc = include_str!("../README.md")]

mod access_log;
#[cfg(test)]
mod access_rules;
mod adjustments;
mod audit_log;
mod audit_trail;
mod audits;
mod auth;
mod base64_text;
mod bootstrap;
mod catalog;
mod changes;
mod channels;
mod cli;
mod clock;
mod config;
mod data_folder;
mod days;
mod demo;
mod drawn_secret;
mod error;
mod grants;
mod health;
mod hex;
mod html;
mod http;
mod instance_lease;
mod invites;
mod jobs;
mod keys;
mod ledger;
mod logging;
mod mail;
mod metrics;
mod model_groups;
mod models;
mod notices;
mod openapi;
mod pages;
mod passwords;
mod random;
mod redis;
mod relay_ports;
mod relay_routes;
mod relay_start;
mod remembered;
mod requests;
mod revenue;
mod sealing;
mod settings;
mod setup;
mod setup_token;
mod sign_in;
mod site;
mod site_secrets;
mod state;
mod statistics;
mod tasks;
mod unsettled;
mod usage;
mod users;

use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;

use crate::cli::{Arguments, CommandError, Outcome, Output, run};
use crate::error::{StartError, error_chain};
use crate::logging::flush_log;

/// Calls make many small things in one thread and drop them in another; the C parts of SQLite use it too.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let ended = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| CommandError::Start(StartError::System(error)))
        .and_then(|runtime| runtime.block_on(run(arguments, &mut Output::stdout())));
    flush_log();
    match ended {
        Ok(Outcome::Done) => ExitCode::SUCCESS,
        Ok(Outcome::NotSo) => ExitCode::from(1),
        Err(error) => {
            // With standard error gone too there is nobody to tell.
            let _ = writeln!(io::stderr(), "waystation: {}", error_chain(&error));
            ExitCode::from(error.exit_code())
        }
    }
}
