//! An OpenID Connect provider that nobody here wrote.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};

use serde_json::{Value, json};

/// `oauth2-mock-server` on a free loopback port, which says what it is told; ended with this value. The subject is
/// `johndoe` unless scripted.
#[derive(Debug)]
pub struct OidcServer {
    child: Child,
    // The process ends when this is closed, even if the tests are killed.
    _line: ChildStdin,
    issuer: String,
    control: String,
}

impl OidcServer {
    /// Starts one and waits until it listens.
    pub fn start() -> OidcServer {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("oidc/serve.mjs");
        let mut child = Command::new("node")
            .arg(script)
            .arg(node_modules())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("node is installed");
        let line = child.stdin.take().expect("the input is piped");
        let mut first = String::new();
        let output = child.stdout.take().expect("the output is piped");
        BufReader::new(output).read_line(&mut first).expect("the provider prints text");
        let said: Value = serde_json::from_str(&first).unwrap_or_else(|_| {
            panic!("the provider did not start; installers/prerequisites.sh test installs it")
        });
        let text = |name: &str| said[name].as_str().expect("an address").to_owned();
        OidcServer { child, _line: line, issuer: text("issuer"), control: text("control") }
    }

    /// Its issuer.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// What it says from now on; see `oidc/serve.mjs`.
    pub async fn script(&self, script: Value) {
        self.tell("script", &script).await;
    }

    /// Whom it means from now on, and that the address is verified.
    pub async fn name(&self, subject: &str, email: &str) {
        self.script(json!({ "claims": { "sub": subject, "email": email, "email_verified": true } })).await;
    }

    /// Throws its signing key away and makes another.
    pub async fn rotate_keys(&self) {
        self.tell("rotate", &Value::Null).await;
    }

    /// Ends it before its time.
    pub fn stop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    async fn tell(&self, what: &str, body: &Value) {
        let request = reqwest::Client::new().post(format!("{}/{what}", self.control)).body(body.to_string());
        let reply = request.send().await.expect("the provider can be told");
        assert_eq!(reply.status(), 200, "{what}");
    }
}

impl Drop for OidcServer {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Where `installers/prerequisites.sh test` puts what npm installs.
fn node_modules() -> PathBuf {
    if let Some(path) = std::env::var_os("WAYSTATION_TEST_NODE_MODULES") {
        return path.into();
    }
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from).unwrap_or_else(|| {
        PathBuf::from(std::env::var_os("HOME").expect("a user has a home")).join(".cache")
    });
    cache.join("waystation/node/node_modules")
}
