//! The last of what the server said.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use serde::Serialize;

use crate::redaction::redact;

const LINES_MAX: usize = 2_000;
const LINE_BYTES_MAX: usize = 4_096;

/// The last lines of the server's log, without secrets.
#[derive(Debug, Default)]
pub struct LogRing(Mutex<Lines>);

#[derive(Debug, Default)]
struct Lines {
    kept: VecDeque<LogLine>,
    next: u64,
}

/// A line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LogLine {
    /// Its place in the order of all lines; lines that are gone keep theirs.
    pub number: u64,
    /// Who said it.
    pub source: LogSource,
    /// What.
    pub text: String,
}

/// Who said a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LogSource {
    /// The server, to its standard output.
    Output,
    /// The server, to its standard error: its log.
    Log,
    /// The app, of the server.
    App,
}

impl LogRing {
    /// Adds a line; of one that is too long the beginning.
    pub fn add(&self, source: LogSource, text: &str) {
        let text = redact(text.trim_end());
        let text = text.get(..text.floor_char_boundary(LINE_BYTES_MAX)).unwrap_or_default().to_owned();
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let number = lines.next;
        lines.next += 1;
        if lines.kept.len() >= LINES_MAX {
            lines.kept.pop_front();
        }
        lines.kept.push_back(LogLine { number, source, text });
    }

    /// The lines from a number on, the oldest first.
    pub fn list_from(&self, number: u64) -> Vec<LogLine> {
        let lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        lines.kept.iter().filter(|line| line.number >= number).cloned().collect()
    }

    /// The last line of the server's log.
    pub fn last_log_line(&self) -> Option<String> {
        let lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let last =
            lines.kept.iter().rev().find(|line| line.source == LogSource::Log && !line.text.is_empty());
        last.map(|line| line.text.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_lines_are_kept_in_order_and_without_secrets() {
        let ring = LogRing::default();
        for number in 0..LINES_MAX + 10 {
            ring.add(LogSource::Log, &format!("line {number}\n"));
        }
        let lines = ring.list_from(0);
        assert_eq!((lines.len(), lines[0].number, lines[0].text.as_str()), (LINES_MAX, 10, "line 10"));
        ring.add(LogSource::Output, &format!("key sk-CANARYcanary {}", "é".repeat(LINE_BYTES_MAX)));
        let last = ring.list_from(LINES_MAX as u64 + 10);
        assert_eq!(last.len(), 1);
        assert!(last[0].text.len() <= LINE_BYTES_MAX && !last[0].text.contains("CANARY"));
        assert_eq!(ring.last_log_line().unwrap(), format!("line {}", LINES_MAX + 9));
    }
}
