//! Why a measurement could not be made.

use std::{fmt, io};

/// What was being done, and what stopped it.
#[derive(Debug)]
pub(crate) struct BenchError {
    what: String,
    source: Option<io::Error>,
}

impl BenchError {
    /// A failure that is not one of input or output.
    pub fn new(what: impl Into<String>) -> BenchError {
        BenchError { what: what.into(), source: None }
    }
}

/// Says what an operation was for when it fails.
pub(crate) trait While<T> {
    /// Names what was being done.
    fn while_doing(self, what: impl Into<String>) -> Result<T, BenchError>;
}

impl<T> While<T> for io::Result<T> {
    fn while_doing(self, what: impl Into<String>) -> Result<T, BenchError> {
        self.map_err(|source| BenchError { what: what.into(), source: Some(source) })
    }
}

impl fmt::Display for BenchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

impl std::error::Error for BenchError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_ref().map(|source| source as _)
    }
}
