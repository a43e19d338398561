//! A real site with an owner.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;
use waystation_desktop::connections::{Connection, ConnectionId, Draft, Place, SiteAddress};
use waystation_desktop::local_server::{Owner, set_up_site};
use waystation_desktop::secrets::Credential;
use waystation_desktop::trust::TlsPolicy;

pub const EMAIL: &str = "owner@example.com";
pub const PASSWORD: &str = "a long enough secret";
pub const PATIENCE: Duration = Duration::from_secs(60);

/// The program of the server.
pub fn program() -> PathBuf {
    let built = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/debug/waystation");
    let program = std::env::var_os("WAYSTATION_BIN").map_or(built, PathBuf::from);
    assert!(program.exists(), "build the server first: {} is missing", program.display());
    program
}

/// A site that runs; it ends with the test.
pub struct Site {
    folder: tempfile::TempDir,
    _server: Child,
    pub address: SiteAddress,
}

impl Site {
    /// Starts a site without an owner. `public_url` is where others reach it.
    pub async fn start(public_url: Option<&str>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new(program());
        command
            .args(["serve", "--listen", "127.0.0.1:0", "--data-dir"])
            .arg(folder.path().join("data"))
            .current_dir(folder.path())
            .env("WAYSTATION_LOG_LEVEL", "warn")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true);
        if let Some(url) = public_url {
            command.env("WAYSTATION_PUBLIC_URL", url);
        }
        let mut server = command.spawn().unwrap();
        let mut lines = BufReader::new(server.stdout.take().unwrap()).lines();
        let line = timeout(PATIENCE, lines.next_line()).await.unwrap().unwrap().unwrap();
        let address = line.strip_prefix("listening on ").unwrap().parse().unwrap();
        // What else it says is read, so that it never waits for it.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Site { folder, _server: server, address }
    }

    /// Starts a site with an owner. Gives what a device of the owner's is known by, for that connection.
    pub async fn start_owned(public_url: Option<&str>, connection: &Connection) -> (Self, Credential) {
        let site = Site::start(public_url).await;
        let credential = set_up_site(connection, &site.address, &site.data_dir(), &owner()).await.unwrap();
        (site, credential)
    }

    pub fn data_dir(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// What the site's own command says to pair a device with its owner.
    pub async fn pairing_link(&self, public_url: Option<&str>) -> String {
        self.command(public_url, &["admin", "pair", "--email", EMAIL]).await
    }

    /// Runs one of the site's own commands and gives what it printed.
    pub async fn command(&self, public_url: Option<&str>, arguments: &[&str]) -> String {
        let mut command = Command::new(program());
        command.args(arguments).arg("--data-dir").arg(self.data_dir()).current_dir(self.folder.path());
        // Commands need not be told where a server on this machine listens, but where others reach it.
        command.env("WAYSTATION_PUBLIC_URL", public_url.unwrap_or(self.address.as_str()));
        let ran = timeout(PATIENCE, command.output()).await.unwrap().unwrap();
        assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
        String::from_utf8(ran.stdout).unwrap().trim().to_owned()
    }
}

pub fn owner() -> Owner {
    serde_json::from_value(serde_json::json!({"email": EMAIL, "password": PASSWORD})).unwrap()
}

pub fn draft() -> Draft {
    serde_json::from_value(
        serde_json::json!({"name": "Site", "colour": "teal", "environment": "development"}),
    )
    .unwrap()
}

/// A connection to the site at an address, by what the system believes.
pub fn connection(address: &str) -> Connection {
    let place = Place::Site { address: address.parse().unwrap() };
    draft().into_connection(ConnectionId::draw(), place, TlsPolicy::System)
}

/// A connection to the server of the app.
pub fn local_connection() -> Connection {
    draft().into_connection(ConnectionId::draw(), Place::ThisApp, TlsPolicy::System)
}
