//! A Waystation set up for measuring: an owner, a priced model, a channel to the mock, users with money and keys.

use std::fs;
use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::database::Database;
use crate::error::{BenchError, While};
use crate::load::{CallFigures, Calls, Connection};
use crate::process::{Program, Usage, tied_command};
use crate::traffic::{MODEL, StreamPlan, post_request};

/// Users whose calls are mixed.
pub(crate) const USERS: usize = 16;
const OWNER: &str = "owner@example.org";
/// How long calls that were hung up on may take to be settled.
const SETTLED_WITHIN: Duration = Duration::from_secs(60);

/// A server on a database of its own.
#[derive(Debug)]
pub(crate) struct Site {
    // Fields drop in this order: the server before the database it uses.
    program: Option<Program>,
    binary: PathBuf,
    folder: PathBuf,
    address: Option<SocketAddr>,
    secrets: Vec<String>,
    /// Rows of calls there must be.
    rows: u64,
    /// The database.
    pub database: Database,
}

impl Site {
    /// Starts a server and sets it up.
    pub async fn create(
        binary: &Path,
        folder: &Path,
        database: Database,
        upstream: SocketAddr,
    ) -> Result<Site, BenchError> {
        fs::create_dir_all(folder).while_doing("making a site's folder")?;
        let mut site = Site {
            program: None,
            binary: binary.to_path_buf(),
            folder: folder.to_path_buf(),
            address: None,
            secrets: Vec::new(),
            rows: 0,
            database,
        };
        site.start()?;
        site.set_up(upstream).await?;
        Ok(site)
    }

    /// Starts the server, which must not run.
    pub fn start(&mut self) -> Result<(), BenchError> {
        let mut command = self.command(true);
        let (program, address) =
            Program::start_listening(command.arg("serve"), &self.folder.join("server.log"))?;
        let address = address.trim_start_matches("http://").parse();
        self.address = Some(address.map_err(|_| BenchError::new("the server listens nowhere"))?);
        self.program = Some(program);
        Ok(())
    }

    /// Stops the server, and waits until it has.
    pub fn stop(&mut self) -> Result<(), BenchError> {
        self.program.take().map_or(Ok(()), |mut program| program.stop())
    }

    /// A fresh process on the same data.
    pub fn restart(&mut self) -> Result<(), BenchError> {
        self.stop()?;
        self.start()
    }

    /// Chat completions in the name of all users in turn.
    pub fn calls(&self, plan: Option<StreamPlan>) -> Result<Calls, BenchError> {
        Ok(Calls::chat(self.address()?, &self.secrets, plan))
    }

    /// Chat completions in the name of one user, with one key.
    pub fn calls_of_one(&self) -> Result<Calls, BenchError> {
        Ok(Calls::chat(self.address()?, self.secrets.get(..1).unwrap_or_default(), None))
    }

    /// The list of models, which asks for a key and touches neither books nor upstream.
    pub fn lists(&self) -> Result<Calls, BenchError> {
        Ok(Calls::get(self.address()?, &self.secrets, "/v1/models"))
    }

    /// Notes that these calls must have their rows.
    pub fn expect_rows(&mut self, figures: &CallFigures) {
        self.rows += figures.answered;
    }

    /// Notes that so many streams began, or rows were made otherwise.
    pub fn expect_more_rows(&mut self, rows: u64) {
        self.rows += rows;
    }

    /// What the server has used so far.
    pub fn use_so_far(&self) -> Usage {
        self.program.as_ref().map(Program::use_so_far).unwrap_or_default()
    }

    /// The file of a SQLite site.
    pub fn sqlite_file(&self) -> PathBuf {
        self.folder.join("waystation.db")
    }

    /// What does not agree in the books: waits for calls under way, then compares every account with its transfers
    /// and the number of rows with the number of answered calls.
    pub fn audit(&self) -> Result<Vec<String>, BenchError> {
        let started = Instant::now();
        loop {
            let (is_clean, report) = self.run_command(&["ledger", "audit", "--json"], "")?;
            if report["open_holds"] != 0 && started.elapsed() < SETTLED_WITHIN {
                std::thread::sleep(Duration::from_millis(500));
                continue;
            }
            let title = self.database.kind().title();
            let mut problems = Vec::new();
            if !is_clean {
                problems.push(format!("{title}: the books do not balance: {report}"));
            }
            if report["open_holds"] != 0 {
                problems.push(format!("{title}: {} holds are left open", report["open_holds"]));
            }
            if report["requests"] != self.rows {
                let (found, expected) = (&report["requests"], self.rows);
                problems.push(format!("{title}: {found} rows of calls, and {expected} were answered"));
            }
            return Ok(problems);
        }
    }

    fn address(&self) -> Result<SocketAddr, BenchError> {
        self.address.ok_or_else(|| BenchError::new("the site was never started"))
    }

    async fn set_up(&mut self, upstream: SocketAddr) -> Result<(), BenchError> {
        let words =
            ["admin", "create-user", "--email", OWNER, "--role", "owner", "--password-stdin", "--json"];
        self.run_command(&words, "correct horse battery staple\n")?;
        let words = ["admin", "access-token", "--email", OWNER, "--ttl", "2h", "--json"];
        let (_, token) = self.run_command(&words, "")?;
        let mut admin = Administration {
            connection: Connection::open(self.address()?).await.while_doing("calling the server")?,
            host: self.address()?.to_string(),
            token: text_of(&token["access_token"])?,
            count: 0,
        };
        let model =
            admin.post("/api/admin/models", json!({ "name": MODEL, "context_length": 100_000 })).await?;
        let price = json!({ "input_per_million": "0.5", "output_per_million": "1.5", "per_request": "0" });
        admin.post(&format!("/api/admin/models/{}/prices", text_of(&model["id"])?), price).await?;
        let channel = json!({
            "name": "mock", "format": "openai", "base_url": format!("http://{upstream}/v1"),
            "credentials": ["upstream-secret"], "models": [MODEL], "priority": 0, "allow_private_network": true,
            // Streams that are hung up on shall end, not go on without their caller.
            "on_disconnect": "cancel",
        });
        admin.post("/api/admin/channels", channel).await?;
        for number in 0..USERS {
            let user = json!({ "email": format!("user{number}@example.org"), "role": "user" });
            let user = text_of(&admin.post("/api/admin/users", user).await?["id"])?;
            let credit = json!({ "direction": "credit", "amount": "100000", "reason_code": "test", "note": "to spend" });
            admin.post(&format!("/api/admin/users/{user}/adjustments"), credit).await?;
            let key =
                admin.post(&format!("/api/admin/users/{user}/keys"), json!({ "name": "bench" })).await?;
            self.secrets.push(text_of(&key["secret"])?);
        }
        Ok(())
    }

    /// Runs one of the server's commands with the server's own settings; gives whether it succeeded and the JSON it
    /// printed.
    fn run_command(&self, words: &[&str], input: &str) -> Result<(bool, Value), BenchError> {
        let doing = || format!("running waystation {words:?}");
        let mut command = self.command(false);
        command.args(words).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().while_doing(doing())?;
        if let Some(mut stdin) = child.stdin.take() {
            // A command that reads nothing may have closed its input already.
            stdin.write_all(input.as_bytes()).ok();
        }
        let output = child.wait_with_output().while_doing(doing())?;
        let value = serde_json::from_slice(&output.stdout).map_err(|_| {
            let text = String::from_utf8_lossy(&output.stderr).into_owned();
            BenchError::new(format!("{}: {text}", doing()))
        })?;
        Ok((output.status.success(), value))
    }

    fn command(&self, is_tied: bool) -> Command {
        let mut command = if is_tied { tied_command(&self.binary) } else { Command::new(&self.binary) };
        // Nothing of this shell's settings may change what is measured.
        command
            .env_clear()
            .current_dir(&self.folder)
            .env("WAYSTATION_LISTEN", "127.0.0.1:0")
            .env("WAYSTATION_DATA_DIR", &self.folder)
            .env("WAYSTATION_DATABASE_URL", self.database.url())
            .env("WAYSTATION_MASTER_KEY", "00112233445566778899aabbccddeeff".repeat(2));
        command
    }
}

/// The management API.
struct Administration {
    connection: Connection,
    host: String,
    token: String,
    count: u64,
}

impl Administration {
    async fn post(&mut self, path: &str, body: Value) -> Result<Value, BenchError> {
        self.count += 1;
        let key = format!("bench-{}", self.count);
        let request =
            post_request(&self.host, path, &self.token, &[("Idempotency-Key", &key)], &body.to_string());
        let answer = self.connection.exchange(&request).await.while_doing(format!("calling {path}"))?;
        if answer.status != 201 {
            let text = String::from_utf8_lossy(&answer.body).into_owned();
            return Err(BenchError::new(format!("{path}: {} {text}", answer.status)));
        }
        serde_json::from_slice(&answer.body).map_err(|_| BenchError::new(format!("{path} answers no JSON")))
    }
}

fn text_of(value: &Value) -> Result<String, BenchError> {
    value.as_str().map(str::to_owned).ok_or_else(|| BenchError::new(format!("{value} is no text")))
}
