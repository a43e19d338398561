//! A database of its own for each world.

use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

const SQLITE_SCHEME: &str = "sqlite:";

/// What the standard library of Python does with a statement, as SQLite has no client that is everywhere.
const SQLITE_CLIENT: &str = "\
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], timeout=60)
connection.executescript(sys.argv[2])
connection.commit()
";

/// The databases Waystation runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DatabaseKind {
    /// A file in the world's directory.
    Sqlite,
    /// MariaDB, standing for MySQL too.
    Mariadb,
    /// PostgreSQL.
    Postgres,
}

impl DatabaseKind {
    /// Every kind whose server is there. Panics when one is missing and `WAYSTATION_TEST_ALL=1` asks for all.
    pub fn available() -> Vec<DatabaseKind> {
        let wanted = std::env::var("WAYSTATION_TEST_ALL").is_ok_and(|value| value == "1");
        let mut kinds = vec![DatabaseKind::Sqlite];
        for kind in [DatabaseKind::Mariadb, DatabaseKind::Postgres] {
            if kind.server_url().is_some() {
                kinds.push(kind);
            } else {
                assert!(!wanted, "{kind:?} is not there (tests/services/with starts it)");
                eprintln!("{kind:?} is not there: not tested on it");
            }
        }
        kinds
    }

    /// A kind several servers can share, if there is one.
    pub fn shared() -> DatabaseKind {
        *Self::available().last().expect("SQLite is always there")
    }

    /// Where its server listens (`host:port`), if it has one and it is there.
    pub fn server_address(self) -> Option<String> {
        address_in(&self.server_url()?).map(str::to_owned)
    }

    fn server_url(self) -> Option<String> {
        match self {
            DatabaseKind::Sqlite => None,
            DatabaseKind::Mariadb => std::env::var("WAYSTATION_TEST_MARIADB_URL").ok(),
            DatabaseKind::Postgres => std::env::var("WAYSTATION_TEST_POSTGRES_URL").ok(),
        }
    }
}

/// An empty database; dropped with this value.
#[derive(Debug)]
pub struct TestDatabase {
    kind: DatabaseKind,
    url: String,
    name: String,
    /// The address of its server, where it has one.
    server_url: Option<String>,
}

impl TestDatabase {
    /// Makes an empty database of this kind; a SQLite file goes into `directory`.
    pub fn create(kind: DatabaseKind, directory: &Path) -> TestDatabase {
        TestDatabase::create_on(kind, kind.server_url(), directory)
    }

    /// The same on the server of this address.
    pub fn create_on(kind: DatabaseKind, server_url: Option<String>, directory: &Path) -> TestDatabase {
        static COUNTER: AtomicU32 = AtomicU32::new(0);
        let count = COUNTER.fetch_add(1, Ordering::Relaxed);
        let name = format!("scenario_{}_{count}", std::process::id());
        let url = match &server_url {
            None => format!("{SQLITE_SCHEME}{}", directory.join("waystation.db").display()),
            Some(server) => {
                run_statement(kind, server, &format!("DROP DATABASE IF EXISTS {name}"));
                run_statement(kind, server, &format!("CREATE DATABASE {name}"));
                let (authority, _) = server.rsplit_once('/').expect("the address names a database");
                format!("{authority}/{name}")
            }
        };
        TestDatabase { kind, url, name, server_url }
    }

    /// The address, as `WAYSTATION_DATABASE_URL` takes it.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The address with another `host:port`.
    pub fn url_at(&self, address: &str) -> String {
        let server = self.server_url.as_deref().and_then(address_in).expect("the database has a server");
        self.url.replace(&format!("@{server}/"), &format!("@{address}/"))
    }

    /// Runs a statement in it.
    pub fn run_statement(&self, statement: &str) {
        run_statement(self.kind, &self.url, statement);
    }

    /// Which kind it is.
    pub fn kind(&self) -> DatabaseKind {
        self.kind
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        let Some(server) = &self.server_url else { return };
        let force = if self.kind == DatabaseKind::Postgres { " WITH (FORCE)" } else { "" };
        let dropped =
            try_statement(self.kind, server, &format!("DROP DATABASE IF EXISTS {}{force}", self.name));
        // A test that failed may have left its server down.
        if !std::thread::panicking() {
            dropped.unwrap_or_else(|error| panic!("{error}"));
        }
    }
}

/// `host:port` of an address.
fn address_in(url: &str) -> Option<&str> {
    let (_, rest) = url.split_once('@')?;
    rest.split('/').next()
}

fn run_statement(kind: DatabaseKind, url: &str, statement: &str) {
    try_statement(kind, url, statement).unwrap_or_else(|error| panic!("{error}"));
}

/// Through the database's own command-line client: the harness links no driver.
fn try_statement(kind: DatabaseKind, url: &str, statement: &str) -> Result<(), String> {
    let mut command = match kind {
        DatabaseKind::Sqlite => {
            let mut command = Command::new("python3");
            command.args(["-c", SQLITE_CLIENT, url.trim_start_matches(SQLITE_SCHEME), statement]);
            command
        }
        DatabaseKind::Postgres => {
            let mut command = Command::new("psql");
            command.args([url, "--quiet", "--no-psqlrc", "-c", statement]);
            // "does not exist, skipping" is no news.
            command.env("PGOPTIONS", "-c client_min_messages=warning");
            command
        }
        DatabaseKind::Mariadb => {
            let address = ServerAddress::parse(url);
            let mut command = Command::new("mariadb");
            command.args(["--no-defaults", "-h", &address.host, "-P", &address.port, "-u", &address.user]);
            command.arg(format!("-p{}", address.password)).args(["-D", &address.database, "-e", statement]);
            command
        }
    };
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    if output.status.success() {
        return Ok(());
    }
    Err(format!("{statement}: {}", String::from_utf8_lossy(&output.stderr)))
}

struct ServerAddress {
    user: String,
    password: String,
    host: String,
    port: String,
    database: String,
}

impl ServerAddress {
    /// Reads `scheme://user:password@host:port/database`.
    fn parse(url: &str) -> ServerAddress {
        let read = || {
            let (_, rest) = url.split_once("://")?;
            let (credentials, rest) = rest.split_once('@')?;
            let (user, password) = credentials.split_once(':')?;
            let (authority, database) = rest.split_once('/')?;
            let (host, port) = authority.split_once(':')?;
            Some((user, password, host, port, database))
        };
        let (user, password, host, port, database) =
            read().unwrap_or_else(|| panic!("{url} is no server's address"));
        ServerAddress {
            user: user.to_owned(),
            password: password.to_owned(),
            host: host.to_owned(),
            port: port.to_owned(),
            database: database.to_owned(),
        }
    }
}
