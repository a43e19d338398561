//! A database server of its own for one world, which a test may kill, stop or starve.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use crate::database::DatabaseKind;

/// How long a server may take to start, recovery after a kill included.
const STARTS_WITHIN: Duration = Duration::from_secs(90);

/// A MariaDB or PostgreSQL with the durable settings and a data directory of its own; ended with this value.
#[derive(Debug)]
pub struct DatabaseServer {
    kind: DatabaseKind,
    directory: PathBuf,
    port: u16,
    child: Option<Child>,
}

impl DatabaseServer {
    /// Makes the data directory and starts the server.
    pub fn start(kind: DatabaseKind) -> DatabaseServer {
        static COUNTER: AtomicU32 = AtomicU32::new(0);
        let count = COUNTER.fetch_add(1, Ordering::Relaxed);
        let name = format!("waystation-database-{}-{count}", std::process::id());
        DatabaseServer::start_in(kind, std::env::temp_dir().join(name))
    }

    /// The same in a directory that the test has made, on a disk of its own.
    pub fn start_in(kind: DatabaseKind, directory: PathBuf) -> DatabaseServer {
        fs::create_dir_all(&directory).expect("the data directory can be made");
        let mut server = DatabaseServer { kind, directory, port: free_port(), child: None };
        server.run(Command::new("chmod").arg("755").arg(&server.directory));
        if let Some(user) = unprivileged_user(kind) {
            server.run(Command::new("chown").arg(user).arg(&server.directory));
        }
        server.initialise();
        server.resume();
        server
    }

    /// Which kind it is.
    pub fn kind(&self) -> DatabaseKind {
        self.kind
    }

    /// The address of its first database, with a user who is no superuser of MariaDB.
    pub fn url(&self) -> String {
        match self.kind {
            DatabaseKind::Mariadb => format!("mysql://waystation:waystation@{}/waystation", self.address()),
            _ => format!("postgres://waystation:waystation@{}/waystation", self.address()),
        }
    }

    /// `host:port`.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Ends the server at once, as a power cut would. PostgreSQL's other processes follow its first.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// Asks the server to stop without waiting for its clients, and waits until it has.
    pub fn stop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let signal = if self.kind == DatabaseKind::Postgres { "-INT" } else { "-TERM" };
            let _ = Command::new("kill").args([signal, &child.id().to_string()]).status();
            let _ = child.wait();
        }
    }

    /// Starts the server again on the same data and port, and waits until it answers.
    pub fn resume(&mut self) {
        let started = Instant::now();
        while started.elapsed() < STARTS_WITHIN {
            let child = self.server_command().spawn().expect("the database server is installed");
            self.child = Some(child);
            if self.await_answer(started) {
                self.prepare();
                return;
            }
            // The processes of a killed PostgreSQL let go of its memory only after a moment.
            std::thread::sleep(Duration::from_millis(200));
        }
        panic!("{:?} does not start:\n{}", self.kind, self.log_tail());
    }

    /// Runs a statement as the server's administrator.
    pub fn run_statement(&self, statement: &str) {
        let output = self.try_statement(statement);
        assert!(output.status.success(), "{statement}: {}", String::from_utf8_lossy(&output.stderr));
    }

    fn try_statement(&self, statement: &str) -> Output {
        let mut command = match self.kind {
            DatabaseKind::Mariadb => {
                let mut command = Command::new("mariadb");
                let socket = format!("--socket={}", self.directory.join("socket").display());
                command.args(["--no-defaults", &socket, "-u", "root", "-e", statement]);
                command
            }
            _ => {
                let mut command = Command::new("psql");
                let url = format!("postgres://waystation:waystation@{}/postgres", self.address());
                command.args([&url, "--quiet", "--no-psqlrc", "-c", statement]);
                command
            }
        };
        command.stdin(Stdio::null()).output().expect("the database's client is installed")
    }

    fn initialise(&self) {
        let data = self.directory.join("data");
        let mut command = self.as_unprivileged();
        match self.kind {
            DatabaseKind::Mariadb => {
                command.arg("mariadb-install-db").arg("--no-defaults").arg(datadir(&data)).args([
                    "--auth-root-authentication-method=normal",
                    "--skip-test-db",
                    "--skip-name-resolve",
                ]);
            }
            _ => {
                let password = self.directory.join("password");
                fs::write(&password, "waystation\n").expect("the password file can be written");
                self.run(Command::new("chmod").arg("644").arg(&password));
                command.arg(postgres_program("initdb")).arg("-D").arg(&data);
                command.arg(format!("--pwfile={}", password.display()));
                command.args(["-U", "waystation", "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C"]);
            }
        }
        self.run(&mut command);
    }

    fn server_command(&self) -> Command {
        let data = self.directory.join("data");
        let mut command = self.as_unprivileged();
        match self.kind {
            DatabaseKind::Mariadb => {
                let program =
                    if Path::new("/usr/sbin/mariadbd").exists() { "/usr/sbin/mariadbd" } else { "mariadbd" };
                command.arg(program).arg("--no-defaults").arg(datadir(&data));
                command.arg(format!("--socket={}", self.directory.join("socket").display()));
                command.arg(format!("--port={}", self.port));
                command.args([
                    "--bind-address=127.0.0.1",
                    "--max-connections=200",
                    "--skip-name-resolve",
                    "--innodb-buffer-pool-size=64M",
                    "--innodb-log-file-size=32M",
                    "--innodb-flush-log-at-trx-commit=1",
                    "--performance-schema=OFF",
                ]);
            }
            _ => {
                command.arg(postgres_program("postgres")).arg("-D").arg(&data);
                command.args(["-h", "127.0.0.1", "-p", &self.port.to_string(), "-k"]).arg(&self.directory);
                command.args(["-c", "max_connections=200", "-c", "shared_buffers=32MB"]);
            }
        }
        let log = fs::File::options()
            .create(true)
            .append(true)
            .open(self.directory.join("log"))
            .expect("the log can be opened");
        command.stdin(Stdio::null()).stdout(log.try_clone().expect("the log can be shared")).stderr(log);
        command
    }

    fn await_answer(&mut self, started: Instant) -> bool {
        while started.elapsed() < STARTS_WITHIN {
            let child = self.child.as_mut().expect("the server was started");
            if child.try_wait().expect("the child can be asked").is_some() {
                return false;
            }
            if self.try_statement("SELECT 1").status.success() {
                return true;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        false
    }

    /// The user and the database that worlds name.
    fn prepare(&self) {
        if self.kind == DatabaseKind::Mariadb {
            self.run_statement(
                "CREATE USER IF NOT EXISTS waystation@127.0.0.1 IDENTIFIED BY 'waystation'; \
                 GRANT ALL ON *.* TO waystation@127.0.0.1; \
                 REVOKE SUPER, READ_ONLY ADMIN ON *.* FROM waystation@127.0.0.1; \
                 CREATE DATABASE IF NOT EXISTS waystation CHARACTER SET utf8mb4",
            );
        } else {
            // It exists after a restart; then this fails and changes nothing.
            let _ = self.try_statement("CREATE DATABASE waystation");
        }
    }

    /// Database servers refuse to run as root; whoever else runs the tests runs them as himself.
    fn as_unprivileged(&self) -> Command {
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL"]);
        if let Some(user) = unprivileged_user(self.kind) {
            command.args(["--reuid", user, "--regid", user, "--clear-groups"]);
        }
        command
    }

    fn run(&self, command: &mut Command) {
        let output =
            command.stdin(Stdio::null()).output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
        assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    }

    fn log_tail(&self) -> String {
        let text = fs::read(self.directory.join("log")).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(30)..].join("\n")
    }
}

impl Drop for DatabaseServer {
    fn drop(&mut self) {
        self.kill();
        let _ = fs::remove_dir_all(&self.directory);
    }
}

fn datadir(data: &Path) -> String {
    format!("--datadir={}", data.display())
}

fn unprivileged_user(kind: DatabaseKind) -> Option<&'static str> {
    let own = Command::new("id").arg("-u").output().expect("id runs");
    let is_root = String::from_utf8_lossy(&own.stdout).trim() == "0";
    is_root.then_some(if kind == DatabaseKind::Mariadb { "mysql" } else { "postgres" })
}

/// Debian keeps the programs of each version in a directory of its own.
fn postgres_program(name: &str) -> PathBuf {
    let mut versions: Vec<PathBuf> = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path().join("bin").join(name)))
        .filter(|program| program.exists())
        .collect();
    versions.sort();
    versions.pop().unwrap_or_else(|| name.into())
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    listener.local_addr().expect("a bound listener has an address").port()
}
