//! A database of its own for each site that is measured.

use std::path::Path;
use std::process::Command;

use crate::error::{BenchError, While};

/// The databases Waystation runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DatabaseKind {
    /// A file.
    Sqlite,
    /// MariaDB or MySQL.
    Mysql,
    /// PostgreSQL.
    Postgres,
}

impl DatabaseKind {
    /// All, by the names the command line knows.
    pub const ALL: [(&str, DatabaseKind); 3] = [
        ("sqlite", DatabaseKind::Sqlite),
        ("mysql", DatabaseKind::Mysql),
        ("postgres", DatabaseKind::Postgres),
    ];

    /// What people call it.
    pub fn title(self) -> &'static str {
        match self {
            DatabaseKind::Sqlite => "SQLite",
            DatabaseKind::Mysql => "MariaDB",
            DatabaseKind::Postgres => "PostgreSQL",
        }
    }
}

/// An empty database; dropped with this value.
#[derive(Debug)]
pub(crate) struct Database {
    kind: DatabaseKind,
    server_url: String,
    name: String,
    url: String,
}

impl Database {
    /// Makes a database on this server; on SQLite a file in this folder.
    pub fn create(kind: DatabaseKind, server_url: &str, folder: &Path) -> Result<Database, BenchError> {
        let name = format!("bench_{}", std::process::id());
        let url = match kind {
            DatabaseKind::Sqlite => format!("sqlite:{}", folder.join("waystation.db").display()),
            DatabaseKind::Mysql | DatabaseKind::Postgres => {
                run_statement(kind, server_url, &format!("DROP DATABASE IF EXISTS {name}"))?;
                run_statement(kind, server_url, &format!("CREATE DATABASE {name}"))?;
                url_of(server_url, &name)
            }
        };
        Ok(Database { kind, server_url: server_url.to_owned(), name, url })
    }

    /// Which kind it is.
    pub fn kind(&self) -> DatabaseKind {
        self.kind
    }

    /// The address, as `WAYSTATION_DATABASE_URL` takes it.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The version the server names.
    pub fn version(&self) -> String {
        let found = match self.kind {
            DatabaseKind::Sqlite => return String::new(),
            DatabaseKind::Mysql => run_statement(self.kind, &self.server_url, "SELECT VERSION()"),
            DatabaseKind::Postgres => run_statement(self.kind, &self.server_url, "SHOW server_version"),
        };
        found.unwrap_or_default().trim().to_owned()
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let force = match self.kind {
            DatabaseKind::Sqlite => return,
            DatabaseKind::Mysql => "",
            DatabaseKind::Postgres => " WITH (FORCE)",
        };
        let statement = format!("DROP DATABASE IF EXISTS {}{force}", self.name);
        // At the end of a run there is nobody left to tell.
        run_statement(self.kind, &self.server_url, &statement).ok();
    }
}

/// Through the database's own command-line client, so that no driver is linked.
fn run_statement(kind: DatabaseKind, server_url: &str, statement: &str) -> Result<String, BenchError> {
    let mut command = match kind {
        DatabaseKind::Mysql => {
            let address = ServerAddress::parse(server_url).ok_or_else(|| {
                BenchError::new("the address must be mysql://user:password@host:port/database")
            })?;
            let mut command = Command::new("mariadb");
            command.args(["--no-defaults", "--skip-column-names", "-h", &address.host, "-P", &address.port]);
            command.args(["-u", &address.user, &format!("-p{}", address.password), "-e", statement]);
            command
        }
        DatabaseKind::Sqlite | DatabaseKind::Postgres => {
            let mut command = Command::new("psql");
            command.args([server_url, "--quiet", "--no-psqlrc", "--tuples-only", "-c", statement]);
            // "does not exist, skipping" is no news.
            command.env("PGOPTIONS", "-c client_min_messages=warning");
            command
        }
    };
    let output = command.output().while_doing(format!("running {:?}", command.get_program()))?;
    if !output.status.success() {
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        return Err(BenchError::new(format!("{statement}: {text}")));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The address with another database, whether or not it names one.
fn url_of(server_url: &str, database: &str) -> String {
    let authority = server_url.find("://").map_or(0, |at| at + 3);
    let end = server_url[authority..].find('/').map_or(server_url.len(), |at| authority + at);
    format!("{}/{database}", &server_url[..end])
}

#[derive(Debug, PartialEq, Eq)]
struct ServerAddress {
    user: String,
    password: String,
    host: String,
    port: String,
}

impl ServerAddress {
    /// Reads `scheme://user:password@host:port/database`.
    fn parse(url: &str) -> Option<ServerAddress> {
        let (_, rest) = url.split_once("://")?;
        let (credentials, rest) = rest.split_once('@')?;
        let (user, password) = credentials.split_once(':')?;
        let authority = rest.split('/').next()?;
        let (host, port) = authority.split_once(':')?;
        let own = str::to_owned;
        Some(ServerAddress { user: own(user), password: own(password), host: own(host), port: own(port) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_servers_address_is_read_with_and_without_a_database() {
        for url in ["mysql://ann:secret@127.0.0.1:3306/waystation", "mysql://ann:secret@127.0.0.1:3306"] {
            let address = ServerAddress::parse(url).unwrap();
            assert_eq!(
                (address.user.as_str(), address.host.as_str(), address.port.as_str()),
                ("ann", "127.0.0.1", "3306")
            );
            assert_eq!(url_of(url, "bench"), "mysql://ann:secret@127.0.0.1:3306/bench");
        }
        assert_eq!(ServerAddress::parse("mysql://127.0.0.1"), None);
    }
}
