//! Settlements that the database did not take in time, kept in a file until it does.
//!
//! One JSON object a line, flushed to the disk before the call ends, repeated until committed, also after a
//! restart. Settling twice is harmless, so a line that was settled just before a crash may be repeated. Where the disk
//! does not take a line either, this process remembers it as long as it lives.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::future::join_all;
use tracing::{error, info, warn};
use waystation_ledger::Settlement;
use waystation_store::{LaneError, LedgerLanes};

use crate::error::error_chain;

const FILE_NAME: &str = "unsettled.log";
/// Where lines go that cannot be read or that the books refuse: for a person to look at.
const REFUSED_FILE_NAME: &str = "unsettled.refused.log";

/// So many are handed to the lanes at once, which book them in groups.
const TOGETHER_MAX: usize = 256;
/// So many lines are remembered that the disk did not take; holds beyond them expire.
const UNWRITTEN_MAX: usize = 10_000;

/// What became of a line that waits no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Booked,
    /// By the books, or because it cannot be read.
    Refused,
}

/// The file of settlements to repeat.
#[derive(Debug)]
pub(crate) struct UnsettledLog {
    path: PathBuf,
    refused_path: PathBuf,
    /// Held while the file is written.
    writing: Mutex<()>,
    waiting: AtomicUsize,
    /// Lines that the disk did not take.
    unwritten: Mutex<Vec<String>>,
}

impl UnsettledLog {
    /// Opens the log of a data folder; a restart goes on where the last run stopped.
    pub(crate) fn open(data_dir: &Path) -> io::Result<Self> {
        let log = UnsettledLog {
            path: data_dir.join(FILE_NAME),
            refused_path: data_dir.join(REFUSED_FILE_NAME),
            writing: Mutex::new(()),
            waiting: AtomicUsize::new(0),
            unwritten: Mutex::default(),
        };
        let waiting = log.read_lines()?.len();
        log.waiting.store(waiting, Ordering::Relaxed);
        if waiting > 0 {
            info!(waiting, "settlements of an earlier run will be repeated");
        }
        Ok(log)
    }

    /// Keeps a settlement. On the disk when it returns; blocks for that long. After an error it is only remembered,
    /// and lost with this process.
    pub(crate) fn keep(&self, settlement: &Settlement) -> io::Result<()> {
        let line = serde_json::to_string(settlement).map_err(io::Error::other)?;
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        if let Err(error) = append_line(&self.path, &line) {
            // What could not be taken out of the file again is found there and repeated too, which is harmless.
            if let Ok(lines) = self.read_lines() {
                self.waiting.store(lines.len(), Ordering::Relaxed);
            }
            let mut unwritten = self.unwritten.lock().unwrap_or_else(PoisonError::into_inner);
            if unwritten.len() < UNWRITTEN_MAX {
                unwritten.push(line);
            }
            return Err(error);
        }
        self.waiting.fetch_add(1, Ordering::Relaxed);
        warn!(request = %settlement.record.request, "a settlement waits for the database");
        Ok(())
    }

    /// How many settlements wait.
    pub(crate) fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    /// Repeats what waits, many at a time; stops where the database takes none of them. One that it never takes keeps
    /// no other from being booked.
    pub(crate) async fn repeat(&self, lanes: &LedgerLanes) -> io::Result<()> {
        self.repeat_unwritten(lanes).await;
        if self.waiting() == 0 {
            return Ok(());
        }
        for lines in self.copy_lines()?.chunks(TOGETHER_MAX) {
            let repeated = join_all(lines.iter().map(|line| repeat_line(line, lanes))).await;
            let ended: Vec<(&str, Outcome)> = lines
                .iter()
                .zip(repeated)
                .filter_map(|(line, outcome)| Some((line.as_str(), outcome?)))
                .collect();
            if ended.is_empty() {
                break;
            }
            self.drop_lines(&ended)?;
        }
        Ok(())
    }

    /// Repeats what is only remembered. What the books refuse is in the log.
    async fn repeat_unwritten(&self, lanes: &LedgerLanes) {
        let lines: Vec<String> = {
            let unwritten = self.unwritten.lock().unwrap_or_else(PoisonError::into_inner);
            unwritten.iter().take(TOGETHER_MAX).cloned().collect()
        };
        let repeated = join_all(lines.iter().map(|line| repeat_line(line, lanes))).await;
        let ended: Vec<&String> = lines
            .iter()
            .zip(&repeated)
            .filter(|(_, outcome)| outcome.is_some())
            .map(|(line, _)| line)
            .collect();
        if !ended.is_empty() {
            let mut unwritten = self.unwritten.lock().unwrap_or_else(PoisonError::into_inner);
            unwritten.retain(|line| !ended.contains(&line));
        }
    }

    /// Takes lines out: the rest is written beside the file and put in its place at once.
    fn drop_lines(&self, ended: &[(&str, Outcome)]) -> io::Result<()> {
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut lines = self.read_lines()?;
        for (line, outcome) in ended {
            let Some(place) = lines.iter().position(|kept| kept == line) else { continue };
            if *outcome == Outcome::Refused {
                append_line(&self.refused_path, line)?;
            }
            lines.remove(place);
        }
        let beside = self.path.with_extension("log.new");
        let mut file = private_file(OpenOptions::new().create(true).truncate(true), &beside)?;
        let rest: String = lines.iter().flat_map(|line| [line.as_str(), "\n"]).collect();
        file.write_all(rest.as_bytes())?;
        file.sync_all()?;
        fs::rename(&beside, &self.path)?;
        sync_folder(&self.path)?;
        self.waiting.store(lines.len(), Ordering::Relaxed);
        Ok(())
    }

    /// The lines between two writes: a line that is just being written must not be taken for a broken one.
    fn copy_lines(&self) -> io::Result<Vec<String>> {
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        self.read_lines()
    }

    fn read_lines(&self) -> io::Result<Vec<String>> {
        match fs::read(&self.path) {
            // A line that was cut by a crash may hold anything.
            Ok(bytes) => Ok(String::from_utf8_lossy(&bytes)
                .lines()
                .filter(|line| !line.is_empty())
                .map(str::to_owned)
                .collect()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }
}

/// Settles a line; nothing: it still waits.
async fn repeat_line(line: &str, lanes: &LedgerLanes) -> Option<Outcome> {
    let settlement: Settlement = match serde_json::from_str(line) {
        Ok(settlement) => settlement,
        Err(source) => {
            error!(error = %source, "a line of unsettled.log cannot be read");
            return Some(Outcome::Refused);
        }
    };
    let request = settlement.record.request;
    match lanes.settle(Arc::new(settlement)).await {
        Ok(settled) => {
            info!(%request, cost = %settled.cost, "a settlement that waited is booked");
            Some(Outcome::Booked)
        }
        Err(LaneError::Refused(refusal)) => {
            error!(%request, error = %refusal, "the books refuse a settlement that waited");
            Some(Outcome::Refused)
        }
        Err(failure @ (LaneError::Unavailable(_) | LaneError::Closed)) => {
            warn!(%request, error = error_chain(&failure), "the database still does not settle");
            None
        }
    }
}

fn append_line(path: &Path, line: &str) -> io::Result<()> {
    let is_new = !path.exists();
    let mut file = private_file(OpenOptions::new().create(true).append(true).read(true), path)?;
    // A line that a crash cut short must not swallow this one.
    let separator = if ends_mid_line(path)? { "\n" } else { "" };
    let length = file.metadata()?.len();
    let written = file
        .write_all(format!("{separator}{line}\n").as_bytes())
        .and_then(|()| file.sync_all())
        .and_then(|()| if is_new { sync_folder(path) } else { Ok(()) });
    if written.is_err()
        && let Err(error) = file.set_len(length)
    {
        warn!(%error, "a line that was not flushed stays in unsettled.log");
    }
    written
}

fn ends_mid_line(path: &Path) -> io::Result<bool> {
    use std::io::{Read, Seek, SeekFrom};
    let mut file = File::open(path)?;
    if file.metadata()?.len() == 0 {
        return Ok(false);
    }
    file.seek(SeekFrom::End(-1))?;
    let mut last = [0];
    file.read_exact(&mut last)?;
    Ok(last != *b"\n")
}

fn private_file(options: &mut OpenOptions, path: &Path) -> io::Result<File> {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    options.write(true).open(path)
}

/// A new name of a file survives a power loss only once its folder is on the disk too.
fn sync_folder(path: &Path) -> io::Result<()> {
    #[cfg(unix)]
    if let Some(folder) = path.parent() {
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use waystation_ids::{KeyId, PriceVersionId, RequestId, UserId};
    use waystation_ledger::{CallRecord, CallStatus, UsageRecord};

    use super::*;

    fn settlement(number: u8) -> Settlement {
        let record = CallRecord {
            request: RequestId::new_cause(1, [number; 10]),
            user: UserId::new(1, [1; 10]),
            key: KeyId::new(1, [1; 10]),
            model_asked: "m".to_owned(),
            model_served: "m".to_owned(),
            channel: None,
            dialect: "openai".to_owned(),
            route: "/v1/chat/completions".to_owned(),
            method: "POST".to_owned(),
            stream: true,
            usage: UsageRecord::default(),
            price_version: PriceVersionId::new(1, [1; 10]),
            multiplier_ppm: 1_000_000,
            output_cap: 1,
            status: CallStatus::Interrupted,
            status_code: 200,
            error_code: None,
            first_byte_ms: None,
            duration_ms: 1,
            client_ip: "127.0.0.1".to_owned(),
            user_agent: String::new(),
            started_at_ms: 1,
        };
        Settlement { cost: None, record, attempts: Vec::new() }
    }

    fn folder(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("waystation-unsettled-{}-{name}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        folder
    }

    #[test]
    fn what_waits_is_there_after_a_restart_until_it_is_dropped() {
        let folder = folder("restart");
        let log = UnsettledLog::open(&folder).unwrap();
        log.keep(&settlement(1)).unwrap();
        log.keep(&settlement(2)).unwrap();
        let log = UnsettledLog::open(&folder).unwrap();
        assert_eq!(log.waiting(), 2);
        let lines = log.read_lines().unwrap();
        let first: Settlement = serde_json::from_str(&lines[0]).unwrap();
        assert_eq!(first, settlement(1));
        log.drop_lines(&[(&lines[0], Outcome::Booked)]).unwrap();
        assert_eq!((log.waiting(), log.read_lines().unwrap()), (1, lines[1..].to_vec()));
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn a_line_cut_by_a_crash_takes_no_other_with_it() {
        let folder = folder("cut");
        fs::write(folder.join(FILE_NAME), b"{\"cost\":nu").unwrap();
        let log = UnsettledLog::open(&folder).unwrap();
        log.keep(&settlement(1)).unwrap();
        let lines = log.read_lines().unwrap();
        assert_eq!(lines.len(), 2);
        assert!(serde_json::from_str::<Settlement>(&lines[1]).is_ok());
        log.drop_lines(&[(&lines[0], Outcome::Refused)]).unwrap();
        assert_eq!(fs::read_to_string(folder.join(REFUSED_FILE_NAME)).unwrap(), "{\"cost\":nu\n");
        fs::remove_dir_all(folder).unwrap();
    }
}
