//! The server of a Waystation, and its commands.

mod clock;
mod config;
mod error;
mod health;
mod home;
mod http;
mod openapi;
mod random;
mod sealing;
mod state;
mod tasks;

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::SUCCESS
}
