//! The log: to stderr, as text or JSON. Secrets have types that do not print, and bodies are never logged.

use std::io;

use tracing_subscriber::EnvFilter;

use crate::config::{Config, LogFormat};

/// Starts the log. A second call changes nothing.
pub(crate) fn start_logging(config: &Config) {
    let filter = filter(&config.log_level);
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr);
    // Fails only when a log was started before, as tests do.
    let _ = match config.log_format {
        LogFormat::Text => builder.with_ansi(io::IsTerminal::is_terminal(&io::stderr())).try_init(),
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
    };
}

/// A lone level is ours; what stands below us is heard from warnings on.
fn filter(level: &str) -> EnvFilter {
    match level {
        "error" | "warn" | "info" | "debug" | "trace" => {
            EnvFilter::new(format!("{},waystation={level}", if level == "error" { "error" } else { "warn" }))
        }
        directives => EnvFilter::new(directives),
    }
}
