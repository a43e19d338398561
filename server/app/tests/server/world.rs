//! One site in a folder of its own, with a server process where a test wants one.

use std::collections::HashSet;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::time::timeout;

const PATIENCE: Duration = Duration::from_secs(30);

static SITES: AtomicUsize = AtomicUsize::new(0);

/// A data folder; it is removed at the end.
pub struct Site {
    folder: PathBuf,
    variables: Vec<(String, String)>,
}

/// What a command printed, and how it ended.
pub struct Ran {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

/// A running server.
pub struct Server {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    /// Such as `http://127.0.0.1:40000`.
    pub url: String,
}

impl Site {
    /// A folder that does not exist yet.
    pub fn new() -> Self {
        let number = SITES.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("waystation-server-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        Site { folder, variables: Vec::new() }
    }

    /// The same with an environment variable set for every command.
    pub fn with_variable(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The data folder.
    pub fn data_dir(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// Runs a command to its end.
    pub async fn run(&self, arguments: &[&str]) -> Ran {
        let output =
            timeout(PATIENCE, self.command(arguments).output()).await.expect("the command ends").unwrap();
        Ran {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// The same with a text on standard input.
    pub async fn run_with_input(&self, arguments: &[&str], input: &str) -> Ran {
        let mut command = self.command(arguments);
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).await.unwrap();
        let output = timeout(PATIENCE, child.wait_with_output()).await.expect("the command ends").unwrap();
        Ran {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Starts a server on a free port.
    pub async fn serve(&self, arguments: &[&str]) -> Server {
        let arguments = [&["serve", "--listen", "127.0.0.1:0"], arguments].concat();
        let mut child = self.command(&arguments).stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let line = timeout(PATIENCE, lines.next_line()).await.expect("the server starts").unwrap();
        let line = line.expect("the server says where it listens");
        let url = line.strip_prefix("listening on ").expect("the first line names the address").to_owned();
        Server { child, lines, url }
    }

    /// Starts a server as the child of a program, whose end of standard input is the test's; gives its first line too.
    pub async fn attach(&self) -> (Server, Value) {
        let arguments = ["serve", "--listen", "127.0.0.1:0", "--attached"];
        let mut child =
            self.command(&arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let line = timeout(PATIENCE, lines.next_line()).await.expect("the server starts").unwrap();
        let announced: Value =
            serde_json::from_str(&line.expect("the server announces itself")).expect("one JSON object");
        let url = announced["url"].as_str().expect("an address").to_owned();
        (Server { child, lines, url }, announced)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_waystation"));
        command
            .args(arguments)
            .current_dir(&self.folder)
            .env("WAYSTATION_DATA_DIR", self.data_dir())
            .env("WAYSTATION_LOG_LEVEL", "warn")
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .kill_on_drop(true);
        command
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

impl Server {
    /// Reads what the server prints up to a line with this text, which is included.
    pub async fn read_until(&mut self, text: &str) -> String {
        let mut printed = String::new();
        while !printed.contains(text) {
            let line =
                timeout(PATIENCE, self.lines.next_line()).await.expect("the server prints it").unwrap();
            printed.push_str(&line.expect("the server goes on"));
            printed.push('\n');
        }
        printed
    }

    /// What standard input is written to, where the test has it.
    pub fn input(&mut self) -> Option<ChildStdin> {
        self.child.stdin.take()
    }

    /// Tells the server to stop, as a process supervisor does.
    pub async fn terminate(&self) {
        let id = self.child.id().expect("the server runs").to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().await.unwrap().success());
    }

    /// The TCP ports that the process listens on, in order, as the kernel tells.
    pub fn listening_ports(&self) -> Vec<u16> {
        let process = format!("/proc/{}", self.child.id().expect("the server runs"));
        let sockets: HashSet<String> = std::fs::read_dir(format!("{process}/fd"))
            .unwrap()
            .filter_map(|file| std::fs::read_link(file.ok()?.path()).ok())
            .filter_map(|target| {
                Some(target.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.to_owned())
            })
            .collect();
        let mut ports = Vec::new();
        for table in ["tcp", "tcp6"] {
            for line in std::fs::read_to_string(format!("{process}/net/{table}")).unwrap().lines() {
                let fields: Vec<&str> = line.split_whitespace().collect();
                // The own address, the state (0A: listening) and the socket's number.
                if fields.get(3) == Some(&"0A") && sockets.contains(fields[9]) {
                    let (_, port) = fields[1].rsplit_once(':').unwrap();
                    ports.push(u16::from_str_radix(port, 16).unwrap());
                }
            }
        }
        ports.sort_unstable();
        ports
    }

    /// Waits for the server's end.
    pub async fn wait(&mut self) -> ExitStatus {
        timeout(PATIENCE, self.child.wait()).await.expect("the server ends").unwrap()
    }

    /// Tells the server to stop and waits for its orderly end.
    pub async fn stop(mut self) {
        self.terminate().await;
        assert!(self.wait().await.success());
    }
}
