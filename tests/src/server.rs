//! One `waystation serve` process.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use serde_json::Value;

/// How a server is set up.
#[derive(Clone, Debug)]
pub struct ServerOptions {
    /// Its data directory; made when missing.
    pub directory: PathBuf,
    /// The database's address.
    pub database_url: String,
    /// The address of Redis, if it has one.
    pub redis_url: Option<String>,
    /// Further environment variables.
    pub settings: Vec<(String, String)>,
}

/// A running server; ended with this value.
#[derive(Debug)]
pub struct Server {
    options: ServerOptions,
    child: Child,
    base_url: String,
}

impl ServerOptions {
    /// Runs one of the server's commands with the server's own environment.
    pub fn run_command(&self, arguments: &[&str], input: &str) -> Output {
        let mut child = self
            .command()
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{}: {error}", binary().display()));
        // A command that reads nothing may have closed its input already.
        let _ = child.stdin.take().expect("the input is piped").write_all(input.as_bytes());
        child.wait_with_output().expect("the command ends")
    }

    /// The JSON that a command prints; panics when it fails.
    pub fn run_json(&self, arguments: &[&str], input: &str) -> Value {
        let output = self.run_command(arguments, input);
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(
            output.status.success(),
            "waystation {arguments:?}: {}\n{text}\n{}",
            output.status,
            String::from_utf8_lossy(&output.stderr)
        );
        serde_json::from_str(&text)
            .unwrap_or_else(|error| panic!("waystation {arguments:?}: {error} in {text:?}"))
    }

    fn command(&self) -> Command {
        let mut command = Command::new(binary());
        // The servers of a world share one database, and so one master key.
        command
            .env("WAYSTATION_LISTEN", "127.0.0.1:0")
            .env("WAYSTATION_DATA_DIR", &self.directory)
            .env("WAYSTATION_DATABASE_URL", &self.database_url)
            .env("WAYSTATION_MASTER_KEY", "00112233445566778899aabbccddeeff".repeat(2))
            .env_remove("WAYSTATION_REDIS_URL");
        if let Some(redis) = &self.redis_url {
            command.env("WAYSTATION_REDIS_URL", redis);
        }
        command.envs(self.settings.iter().cloned());
        command
    }
}

impl Server {
    /// Starts a server and waits until it says where it listens.
    pub fn start(options: ServerOptions) -> Server {
        fs::create_dir_all(&options.directory).expect("the data directory can be made");
        let log = File::options()
            .create(true)
            .append(true)
            .open(options.directory.join("server.log"))
            .expect("the log can be opened");
        let mut child = options
            .command()
            .arg("serve")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log.try_clone().expect("the log can be shared"))
            .spawn()
            .unwrap_or_else(|error| panic!("{}: {error}", binary().display()));
        let stdout = child.stdout.take().expect("the output is piped");
        let (sender, receiver) = mpsc::channel();
        // Reads to the end, so that the server never waits for a full pipe.
        std::thread::spawn(move || {
            let mut log = log;
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                let _ = writeln!(log, "{line}");
                if let Some(url) = line.split("listening on ").nth(1) {
                    let _ = sender.send(url.trim().to_owned());
                }
            }
        });
        match receiver.recv_timeout(Duration::from_secs(60)) {
            Ok(base_url) => Server { options, child, base_url },
            Err(_) => {
                let _ = child.kill();
                let _ = child.wait();
                panic!("the server did not start:\n{}", read_tail(&options.directory));
            }
        }
    }

    /// `http://host:port`.
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// `host:port`.
    pub fn address(&self) -> &str {
        self.base_url.trim_start_matches("http://")
    }

    /// How it was set up.
    pub fn options(&self) -> &ServerOptions {
        &self.options
    }

    /// Asks the process to stop without waiting for it.
    pub fn terminate(&self) {
        let _ = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
    }

    /// Whether the process ends within this time.
    pub async fn ends_within(&mut self, limit: Duration) -> bool {
        let started = std::time::Instant::now();
        loop {
            if self.child.try_wait().expect("the process can be asked for").is_some() {
                return true;
            }
            if started.elapsed() >= limit {
                return false;
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
    }

    /// Ends the process at once, as a power cut would.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Asks the process to stop, and waits until it has.
    pub fn stop(&mut self) {
        self.begin_stop();
        let _ = self.child.wait();
    }

    /// Panics when the server has, and shows where.
    pub fn assert_no_panic(&self) {
        let text = self.log();
        let panics: Vec<&str> = text.lines().filter(|line| line.contains("panicked")).take(3).collect();
        assert!(panics.is_empty(), "the server panicked: {panics:#?}");
    }

    /// Asks the process to stop.
    pub fn begin_stop(&self) {
        let _ = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
    }

    /// Whether the process has ended, and whether it says that all went well.
    pub fn has_stopped(&mut self) -> Option<bool> {
        self.child.try_wait().expect("the process is ours").map(|status| status.success())
    }

    /// Everything the server has written.
    pub fn log(&self) -> String {
        let bytes = fs::read(self.options.directory.join("server.log")).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// The most memory the process ever had in use, in bytes.
    pub fn peak_resident_bytes(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kibibytes = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok());
        kibibytes.expect("a live process has a size") * 1024
    }

    /// The end of what the server has written.
    pub fn log_tail(&self) -> String {
        read_tail(&self.options.directory)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Where the server's binary is: `WAYSTATION_BIN`, or beside the tests' own binaries.
fn binary() -> PathBuf {
    if let Some(path) = std::env::var_os("WAYSTATION_BIN") {
        return path.into();
    }
    let own = std::env::current_exe().expect("a process knows its binary");
    let folder = own.parent().and_then(Path::parent).expect("tests lie in target/PROFILE/deps");
    folder.join("waystation")
}

fn read_tail(directory: &Path) -> String {
    let text = fs::read(directory.join("server.log")).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(60)..].join("\n")
}
