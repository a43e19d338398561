//! The log: to stderr, as text or JSON, a line for each event. Secrets have types that do not print, and bodies are
//! never logged. Whatever a caller or an upstream wrote stays within its line: see [`one_line`].

mod one_line;
mod writer;

use std::sync::OnceLock;
use std::time::Duration;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

use crate::config::{Config, LogFormat};
use crate::logging::writer::LogWriter;

/// The process has one stderr.
static WRITER: OnceLock<LogWriter> = OnceLock::new();

/// How long the last lines may take at the end of the process.
const FLUSH_TIME: Duration = Duration::from_secs(1);

/// Starts the log. A second call changes nothing.
pub(crate) fn start_logging(config: &Config) {
    let filter = filter(&config.log_level);
    let writer = WRITER.get_or_init(|| LogWriter::start(std::io::stderr()));
    // Without colours: a line that may hold none cannot be made to look like another.
    let builder =
        tracing_subscriber::fmt().with_env_filter(filter).with_ansi(false).with_writer(writer.clone());
    // Fails only when a log was started before, as tests do.
    let _ = match config.log_format {
        LogFormat::Text => builder.try_init(),
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
    };
}

/// How many lines were lost because whoever reads the log was too slow.
pub(crate) fn lost_lines() -> u64 {
    WRITER.get().map_or(0, LogWriter::lost_lines)
}

/// Waits until all lines are written.
pub(crate) fn flush_log() {
    if let Some(writer) = WRITER.get() {
        writer.flush(FLUSH_TIME);
    }
}

impl<'a> MakeWriter<'a> for LogWriter {
    type Writer = &'a LogWriter;

    fn make_writer(&'a self) -> &'a LogWriter {
        self
    }
}

/// Tells as errors, with the caller's own bytes, of every passkey that anybody sends and that cannot be read.
const SILENT: &str = "webauthn_rs_core";

/// A lone level is ours; what stands below us is heard from warnings on.
fn filter(level: &str) -> EnvFilter {
    match level {
        "error" | "warn" | "info" | "debug" | "trace" => {
            let others = if level == "error" { "error" } else { "warn" };
            EnvFilter::new(format!("{others},{SILENT}=off,waystation={level}"))
        }
        directives => EnvFilter::new(directives),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_callers_send_as_passkeys_is_not_logged_unless_asked_for() {
        for level in ["error", "warn", "info", "debug", "trace"] {
            assert!(filter(level).to_string().contains("webauthn_rs_core=off"), "{level}");
        }
        assert!(!filter("webauthn_rs_core=debug").to_string().contains("off"));
    }
}
