//! A mail server of its own for one world.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::patience::eventually;

const DELIVERED_WITHIN: Duration = Duration::from_secs(20);

static COUNT: AtomicU32 = AtomicU32::new(0);

/// An `aiosmtpd` on a free loopback port that keeps every mail it takes; ended with this value.
#[derive(Debug)]
pub struct MailServer {
    child: Child,
    port: u16,
    folder: PathBuf,
}

/// A mail as another program reads it.
#[derive(Clone, Debug, Deserialize)]
pub struct ReceivedMail {
    /// The sender that the server was told.
    pub sender: String,
    /// Whom the server was told to give it to.
    pub recipients: Vec<String>,
    /// What it is, such as `multipart/alternative`.
    pub kind: String,
    /// Every header.
    pub headers: Map<String, Value>,
    /// The subject.
    pub subject: String,
    /// The part that is text.
    pub text: String,
    /// The part that is HTML.
    pub html: String,
    /// The bytes, as far as they are text.
    pub raw: String,
}

impl MailServer {
    /// Starts one and waits until it listens.
    pub fn start() -> MailServer {
        MailServer::start_refusing(0)
    }

    /// Starts one that says to come again to the first few mails.
    pub fn start_refusing(refusals: u32) -> MailServer {
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("waystation-mails-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder for mails can be made");
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("mail/serve.py");
        let mut child = Command::new(python())
            .arg(script)
            .arg(&folder)
            .arg(refusals.to_string())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the Python packages for the tests are installed: installers/prerequisites.sh test");
        let mut line = String::new();
        let stdout = child.stdout.take().expect("the output is piped");
        BufReader::new(stdout).read_line(&mut line).expect("the mail server says where it listens");
        let port = line.trim().parse().unwrap_or_else(|_| panic!("the mail server did not start: {line:?}"));
        MailServer { child, port, folder }
    }

    /// What `mail.smtp_url` is set to.
    pub fn url(&self) -> String {
        format!("smtp://127.0.0.1:{}", self.port)
    }

    /// The mails to an address so far, in order.
    pub fn mails_to(&self, address: &str) -> Vec<ReceivedMail> {
        let entries = std::fs::read_dir(&self.folder).expect("the folder can be read");
        let mut paths: Vec<PathBuf> = entries
            .map(|entry| entry.expect("the folder can be read").path())
            .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
            .collect();
        paths.sort();
        let read = |path: &PathBuf| {
            let bytes = std::fs::read(path).expect("a mail can be read");
            serde_json::from_slice::<ReceivedMail>(&bytes)
                .unwrap_or_else(|error| panic!("{error} in {}", String::from_utf8_lossy(&bytes)))
        };
        let is_to = |mail: &ReceivedMail| mail.recipients.iter().any(|recipient| recipient == address);
        paths.iter().map(read).filter(is_to).collect()
    }

    /// The mail to an address that is the `number`-th (from 1); waits until it is there.
    pub async fn mail_to(&self, address: &str, number: usize) -> ReceivedMail {
        let arrived = async || self.mails_to(address).into_iter().nth(number - 1);
        eventually("the mail arrives", DELIVERED_WITHIN, arrived).await.0
    }
}

impl ReceivedMail {
    /// The token of the one link to this page, which begins with this address in text and HTML alike.
    pub fn token(&self, origin: &str, page: &str) -> String {
        let start = format!("{origin}{page}=");
        let after = |text: &str| {
            let (_, rest) = text.split_once(&start).unwrap_or_else(|| panic!("no {start} in {text}"));
            rest.chars()
                .take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
                .collect::<String>()
        };
        let token = after(&self.text);
        assert_eq!(after(&self.html), token);
        assert!(token.len() >= 22, "128 random bits: {token}");
        token
    }
}

impl Drop for MailServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// Where `installers/prerequisites.sh test` has put the packages.
fn python() -> PathBuf {
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from).unwrap_or_else(|| {
        PathBuf::from(std::env::var_os("HOME").expect("there is a home directory")).join(".cache")
    });
    cache.join("waystation/python/bin/python")
}
