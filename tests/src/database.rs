//! A database of its own for each world.

use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

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
        let address = self.server_url()?;
        let (_, rest) = address.split_once('@').expect("the address names a user");
        Some(rest.split('/').next().unwrap_or(rest).to_owned())
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
}

impl TestDatabase {
    /// Makes an empty database of this kind; a SQLite file goes into `directory`.
    pub fn create(kind: DatabaseKind, directory: &Path) -> TestDatabase {
        static COUNTER: AtomicU32 = AtomicU32::new(0);
        let count = COUNTER.fetch_add(1, Ordering::Relaxed);
        let name = format!("scenario_{}_{count}", std::process::id());
        let url = match kind.server_url() {
            None => format!("sqlite:{}", directory.join("waystation.db").display()),
            Some(server) => {
                run_statement(kind, &format!("DROP DATABASE IF EXISTS {name}"));
                run_statement(kind, &format!("CREATE DATABASE {name}"));
                let (authority, _) = server.rsplit_once('/').expect("the address names a database");
                format!("{authority}/{name}")
            }
        };
        TestDatabase { kind, url, name }
    }

    /// The address, as `WAYSTATION_DATABASE_URL` takes it.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The address with another `host:port`.
    pub fn url_at(&self, address: &str) -> String {
        let server = self.kind.server_address().expect("the database has a server");
        self.url.replace(&format!("@{server}/"), &format!("@{address}/"))
    }

    /// Which kind it is.
    pub fn kind(&self) -> DatabaseKind {
        self.kind
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        match self.kind {
            DatabaseKind::Sqlite => {}
            DatabaseKind::Mariadb => {
                run_statement(self.kind, &format!("DROP DATABASE IF EXISTS {}", self.name))
            }
            DatabaseKind::Postgres => {
                run_statement(self.kind, &format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name));
            }
        }
    }
}

/// Through the database's own command-line client: the harness links no driver.
fn run_statement(kind: DatabaseKind, statement: &str) {
    let url = kind.server_url().expect("only called for servers");
    let mut command = match kind {
        DatabaseKind::Sqlite => unreachable!("SQLite has no server"),
        DatabaseKind::Postgres => {
            let mut command = Command::new("psql");
            command.args([&url, "--quiet", "--no-psqlrc", "-c", statement]);
            // "does not exist, skipping" is no news.
            command.env("PGOPTIONS", "-c client_min_messages=warning");
            command
        }
        DatabaseKind::Mariadb => {
            let address = ServerAddress::parse(&url);
            let mut command = Command::new("mariadb");
            command.args(["--no-defaults", "-h", &address.host, "-P", &address.port, "-u", &address.user]);
            command.arg(format!("-p{}", address.password)).args(["-e", statement]);
            command
        }
    };
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{statement}: {}", String::from_utf8_lossy(&output.stderr));
}

struct ServerAddress {
    user: String,
    password: String,
    host: String,
    port: String,
}

impl ServerAddress {
    /// Reads `scheme://user:password@host:port/database`.
    fn parse(url: &str) -> ServerAddress {
        let read = || {
            let (_, rest) = url.split_once("://")?;
            let (credentials, rest) = rest.split_once('@')?;
            let (user, password) = credentials.split_once(':')?;
            let (authority, _) = rest.split_once('/')?;
            let (host, port) = authority.split_once(':')?;
            Some((user, password, host, port))
        };
        let (user, password, host, port) = read().unwrap_or_else(|| panic!("{url} is no server's address"));
        ServerAddress {
            user: user.to_owned(),
            password: password.to_owned(),
            host: host.to_owned(),
            port: port.to_owned(),
        }
    }
}
