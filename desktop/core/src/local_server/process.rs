//! The server's process.

use std::ffi::OsString;
use std::io;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use thiserror::Error;
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader, Split};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval, timeout};

use crate::connections::SiteAddress;
use crate::files::create_private_folder;
use crate::local_server::port::choose_port;
use crate::local_server::{Announcement, LocalState, LogRing, LogSource, StopReason, TakenPort};

/// Until it listens: a new version may have the database to bring up to date.
const START_TIME: Duration = Duration::from_secs(120);
const HEALTH_INTERVAL: Duration = Duration::from_secs(5);
const HEALTH_TIME: Duration = Duration::from_secs(3);
/// So many answers may be missing before the server counts as unhealthy.
const MISSING_MAX: u32 = 2;
/// Longer than the server takes for the calls that are under way.
const STOP_TIME: Duration = Duration::from_secs(45);
const NONCE_HEADER: &str = "x-waystation-launch";

/// Where the server's program and data are.
#[derive(Clone, Debug)]
pub struct ServerFiles {
    /// The program.
    pub program: PathBuf,
    /// The folder of its data.
    pub data_dir: PathBuf,
}

/// Why the server was not started.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum StartError {
    /// It runs, or starts, or stops.
    #[error("the server is not stopped")]
    NotStopped,
    /// It was tried; the state says what came of it.
    #[error("the server did not start")]
    Failed,
}

/// The server of this app. It ends when this is dropped.
pub struct LocalServer {
    files: ServerFiles,
    state: Arc<watch::Sender<LocalState>>,
    log: Arc<LogRing>,
    /// Of the run that is under way: what stops one must not stop the next.
    stop: Mutex<Arc<Notify>>,
    supervisor: tokio::sync::Mutex<Option<JoinHandle<()>>>,
}

impl LocalServer {
    /// A server that does not run yet.
    pub fn new(files: ServerFiles) -> Self {
        LocalServer {
            files,
            state: Arc::new(watch::Sender::new(LocalState::Stopped)),
            log: Arc::default(),
            stop: Mutex::default(),
            supervisor: tokio::sync::Mutex::default(),
        }
    }

    /// Where its program and data are.
    pub fn files(&self) -> &ServerFiles {
        &self.files
    }

    /// How it is, now and whenever that changes.
    pub fn watch(&self) -> watch::Receiver<LocalState> {
        self.state.subscribe()
    }

    /// How it is.
    pub fn state(&self) -> LocalState {
        self.state.borrow().clone()
    }

    /// The last of what it said.
    pub fn log(&self) -> &LogRing {
        &self.log
    }

    /// Starts it and waits until it answers. It takes the wished port if that is free.
    pub async fn start(&self, wished_port: Option<u16>) -> Result<SiteAddress, StartError> {
        // Only who has this starts one: what the state says now holds until it is changed here.
        let mut supervisor = self.supervisor.lock().await;
        if !self.state.borrow().may_start() {
            return Err(StartError::NotStopped);
        }
        let stop = Arc::new(Notify::new());
        *self.stop.lock().unwrap_or_else(PoisonError::into_inner) = stop.clone();
        self.state.send_replace(LocalState::Starting);
        let launched = tokio::select! {
            launched = self.launch(wished_port) => launched,
            // What was begun goes with the future.
            () = stop.notified() => Err(LocalState::Stopped),
        };
        match launched {
            Ok(running) => {
                let url = running.announced.url.clone();
                self.state.send_replace(running.state());
                let (state, log) = (self.state.clone(), self.log.clone());
                *supervisor = Some(tokio::spawn(supervise(running, state, log, stop)));
                Ok(url)
            }
            Err(failed) => {
                self.state.send_replace(failed);
                Err(StartError::Failed)
            }
        }
    }

    /// Tells it to stop and waits for its end. It lets calls finish before; one that only starts is given up.
    pub async fn stop(&self) {
        self.tell_stop();
        let mut supervisor = self.supervisor.lock().await;
        // Again: a start may have come between, and did not hear of it.
        self.tell_stop();
        if let Some(supervisor) = supervisor.take() {
            // However the supervisor ended, the process is gone: it is killed when it is let go.
            let _ = supervisor.await;
        }
    }

    fn tell_stop(&self) {
        self.stop.lock().unwrap_or_else(PoisonError::into_inner).notify_one();
    }

    /// Notes that its site has an owner now.
    pub fn note_set_up(&self) {
        self.state.send_if_modified(|state| match state {
            LocalState::Running { needs_setup, .. } => std::mem::take(needs_setup),
            _ => false,
        });
    }

    async fn launch(&self, wished_port: Option<u16>) -> Result<Running, LocalState> {
        let failed = |reason, exit: Option<ExitStatus>, message: Option<String>| LocalState::Failed {
            reason,
            exit_code: exit.and_then(|exit| exit.code()),
            message,
        };
        let (port, taken_port) = choose_port(wished_port);
        let mut child = self
            .spawn(port)
            .map_err(|error| failed(StopReason::NotInstalled, None, Some(error.to_string())))?;
        let (Some(lifeline), Some(output), Some(errors)) =
            (child.stdin.take(), child.stdout.take(), child.stderr.take())
        else {
            return Err(failed(StopReason::NotInstalled, None, None));
        };
        let mut lines = BufReader::new(output).split(b'\n');
        let log = self.log.clone();
        let reading = tokio::spawn(async move {
            keep_lines(BufReader::new(errors).split(b'\n'), &log, LogSource::Log).await
        });
        let announced = match timeout(START_TIME, lines.next_segment()).await {
            Ok(Ok(Some(line))) => Announcement::read(&String::from_utf8_lossy(&line), child.id()),
            Ok(_) => {
                let exit = timeout(HEALTH_TIME, child.wait()).await.ok().and_then(Result::ok);
                // All of it has been said once the process is gone.
                let _ = timeout(HEALTH_TIME, reading).await;
                return Err(failed(StopReason::DidNotStart, exit, self.log.last_log_line()));
            }
            Err(_) => return Err(failed(StopReason::TooSlow, None, self.log.last_log_line())),
        };
        let announced = announced.map_err(|_| failed(StopReason::WrongServer, None, None))?;
        let http =
            http_client().map_err(|error| failed(StopReason::WrongServer, None, Some(error.to_string())))?;
        if !is_healthy(&http, &announced).await {
            return Err(failed(StopReason::WrongServer, None, self.log.last_log_line()));
        }
        Ok(Running { child, lifeline, lines, announced, taken_port, http })
    }

    fn spawn(&self, port: u16) -> io::Result<Child> {
        create_private_folder(&self.files.data_dir)?;
        let mut command = Command::new(&self.files.program);
        for name in foreign_settings(std::env::vars_os().map(|(name, _)| name)) {
            command.env_remove(name);
        }
        command
            .args(["serve", "--attached", "--listen", &format!("127.0.0.1:{port}"), "--data-dir"])
            .arg(&self.files.data_dir)
            // A configuration file of the data folder counts, and none that lies where the app was started.
            .current_dir(&self.files.data_dir)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
    }
}

/// A server that has answered.
struct Running {
    child: Child,
    /// The server ends when this does.
    lifeline: ChildStdin,
    lines: Split<BufReader<ChildStdout>>,
    announced: Announcement,
    taken_port: Option<TakenPort>,
    http: reqwest::Client,
}

impl Running {
    fn state(&self) -> LocalState {
        LocalState::Running {
            url: self.announced.url.clone(),
            version: self.announced.version.clone(),
            process: self.announced.process,
            needs_setup: self.announced.needs_setup,
            taken_port: self.taken_port.clone(),
        }
    }
}

/// Watches over a server until it has ended.
async fn supervise(
    running: Running,
    state: Arc<watch::Sender<LocalState>>,
    log: Arc<LogRing>,
    stop: Arc<Notify>,
) {
    let Running { mut child, lifeline, lines, announced, http, .. } = running;
    let output = log.clone();
    tokio::spawn(async move { keep_lines(lines, &output, LogSource::Output).await });
    let mut ticks = interval(HEALTH_INTERVAL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut missing = 0;
    let ended = loop {
        tokio::select! {
            ended = child.wait() => break Some(ended),
            () = stop.notified() => break None,
            _ = ticks.tick() => {
                missing = if is_healthy(&http, &announced).await { 0 } else { missing + 1 };
                note_health(&state, missing);
            }
        }
    };
    match ended {
        Some(ended) => {
            let exit_code = ended.ok().and_then(|exit| exit.code());
            let message = log.last_log_line();
            state.send_replace(LocalState::Failed { reason: StopReason::Ended, exit_code, message });
        }
        None => {
            state.send_replace(LocalState::Stopping);
            drop(lifeline);
            if timeout(STOP_TIME, child.wait()).await.is_err() {
                log.add(LogSource::App, "the server did not stop in time and is ended");
                let _ = child.kill().await;
            }
            state.send_replace(LocalState::Stopped);
        }
    }
}

fn note_health(state: &watch::Sender<LocalState>, missing: u32) {
    state.send_if_modified(|state| match state {
        LocalState::Running { url, .. } if missing >= MISSING_MAX => {
            let url = url.clone();
            *state = LocalState::Unhealthy { url, before: Box::new(std::mem::take(state)) };
            true
        }
        LocalState::Unhealthy { before, .. } if missing == 0 => {
            *state = std::mem::take(before);
            true
        }
        _ => false,
    });
}

/// Whether the server that was started answers, and no other that has its port.
async fn is_healthy(http: &reqwest::Client, announced: &Announcement) -> bool {
    let asked = http.get(announced.url.join(["healthz"])).timeout(HEALTH_TIME).send().await;
    asked.is_ok_and(|answer| {
        let nonce = answer.headers().get(NONCE_HEADER).and_then(|nonce| nonce.to_str().ok());
        answer.status().is_success() && nonce == Some(announced.nonce.as_str())
    })
}

fn http_client() -> reqwest::Result<reqwest::Client> {
    reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build()
}

/// Whatever the lines are made of: a server whose output nobody reads stands still when the pipe is full.
async fn keep_lines(mut lines: Split<BufReader<impl AsyncRead + Unpin>>, log: &LogRing, source: LogSource) {
    while let Ok(Some(line)) = lines.next_segment().await {
        log.add(source, &String::from_utf8_lossy(&line));
    }
}

/// Settings of another server, as of a shell that the app was started from: with them this one could open the other's
/// database.
fn foreign_settings(names: impl Iterator<Item = OsString>) -> impl Iterator<Item = OsString> {
    names.filter(|name| name.to_string_lossy().to_ascii_uppercase().starts_with("WAYSTATION_"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_of_another_server_are_not_this_ones() {
        let names = ["PATH", "WAYSTATION_DATABASE_URL", "waystation_listen", "HOME", "MY_WAYSTATION_X"];
        let foreign: Vec<_> = foreign_settings(names.into_iter().map(OsString::from)).collect();
        assert_eq!(foreign, ["WAYSTATION_DATABASE_URL", "waystation_listen"]);
    }

    #[tokio::test]
    async fn lines_that_are_no_text_do_not_end_the_reading() {
        let log = LogRing::default();
        let said = &b"one\n\xff\xfe two\nthree"[..];
        keep_lines(BufReader::new(said).split(b'\n'), &log, LogSource::Log).await;
        let lines: Vec<String> = log.list_from(0).into_iter().map(|line| line.text).collect();
        assert_eq!(lines, ["one", "\u{fffd}\u{fffd} two", "three"]);
    }
}
