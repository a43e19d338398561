//! What commands print, and how they end.

use std::io::{self, IsTerminal, Write};

use serde::Serialize;
use thiserror::Error;
use waystation_api::error::ErrorCode;
use waystation_store::StoreError;

use crate::config::ConfigError;
use crate::error::{ApiError, StartError};

/// How a command ended that could be carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It is done, or so.
    Done,
    /// What was asked for is not so: the audit found a difference, the server is not ready.
    NotSo,
}

/// Why a command could not be carried out.
#[derive(Debug, Error)]
pub(crate) enum CommandError {
    /// The site could not be opened.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The settings cannot be used.
    #[error("the configuration cannot be used")]
    Config(#[from] ConfigError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// What is asked for cannot be done; the text says why.
    #[error("{0}")]
    Refused(String),
    /// What is needed does not answer; the text says what.
    #[error("{0}")]
    Unreachable(String),
    /// The output could not be written.
    #[error("the output could not be written")]
    Output(#[from] io::Error),
}

impl From<ApiError> for CommandError {
    fn from(error: ApiError) -> Self {
        match error.code() {
            ErrorCode::Unavailable => CommandError::Unreachable(error.operator_text()),
            _ => CommandError::Refused(error.operator_text()),
        }
    }
}

impl CommandError {
    /// The process's exit code: 1 the thing asked for is not so, 2 usage, 3 cannot reach what it needs.
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            CommandError::Unreachable(_) | CommandError::Store(StoreError::Unavailable(_)) => 3,
            CommandError::Start(error) if error.is_unreachable() => 3,
            CommandError::Config(_) | CommandError::Start(StartError::Config(_)) => 2,
            _ => 1,
        }
    }
}

/// Where commands print.
pub(crate) struct Output {
    writer: Box<dyn Write + Send>,
    is_terminal: bool,
}

impl Output {
    /// Prints to the process's standard output.
    pub(crate) fn stdout() -> Self {
        Output { writer: Box::new(io::stdout()), is_terminal: io::stdout().is_terminal() }
    }

    /// Whether a person reads along, and nothing keeps what is printed.
    pub(crate) fn is_terminal(&self) -> bool {
        self.is_terminal
    }

    /// Prints a line at once: what waits for it may be another process.
    pub(crate) fn line(&mut self, text: &str) -> io::Result<()> {
        writeln!(self.writer, "{text}")?;
        self.writer.flush()
    }

    /// Prints a value as JSON on one line.
    pub(crate) fn json(&mut self, value: &impl Serialize) -> io::Result<()> {
        let text = serde_json::to_string(value).map_err(io::Error::other)?;
        self.line(&text)
    }
}
