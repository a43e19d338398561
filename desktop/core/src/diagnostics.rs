//! What helps to find a fault, as one file that its user can read before sending it to anybody.

use serde::Serialize;

use crate::connections::{Connection, Place};
use crate::local_server::{LocalState, LogLine};
use crate::redaction::redact;
use crate::secrets::SecretsState;
use crate::tray::Condition;
use crate::trust::TlsPolicy;

/// What the app knows of itself and of where it runs.
#[derive(Clone, Debug, Serialize)]
pub struct Surroundings {
    /// The app's version.
    pub version: &'static str,
    /// The system, such as `linux`.
    pub system: &'static str,
    /// The processor, such as `x86_64`.
    pub processor: &'static str,
    /// Variables that decide how a window is drawn, as they are set.
    pub variables: Vec<(&'static str, Option<String>)>,
    /// How the app was installed, such as `deb`.
    pub bundle: Option<String>,
    /// The version of the window's engine.
    pub webview: Option<String>,
}

/// The file's content. Names and addresses of sites stay out: a number tells them apart.
#[derive(Debug, Serialize)]
pub struct Diagnostics {
    surroundings: Surroundings,
    secrets: SecretsState,
    connections: Vec<DescribedConnection>,
    local_server: Option<LocalState>,
    server_log: Vec<LogLine>,
    app_log: Vec<String>,
}

#[derive(Debug, Serialize)]
struct DescribedConnection {
    number: usize,
    place: &'static str,
    is_loopback: bool,
    tls: &'static str,
    has_proxy: bool,
    condition: Condition,
}

/// What a file of diagnostics is made of.
#[derive(Debug)]
pub struct Evidence<'a> {
    /// Where the app runs.
    pub surroundings: Surroundings,
    /// Where secrets lie.
    pub secrets: SecretsState,
    /// The connections and how they are.
    pub connections: Vec<(&'a Connection, Condition)>,
    /// The server of this app.
    pub local_server: Option<LocalState>,
    /// What that server said.
    pub server_log: Vec<LogLine>,
    /// What the app wrote into its own log.
    pub app_log: Vec<String>,
}

impl Diagnostics {
    /// Puts the file together, without secrets and without the names of sites.
    pub fn collect(evidence: Evidence<'_>) -> Self {
        let mut hidden: Vec<String> =
            evidence.connections.iter().flat_map(|(connection, _)| names_of(connection)).collect();
        // Longer ones first: one may be a part of another, of which the rest would be left.
        hidden.sort_by_key(|name| std::cmp::Reverse(name.len()));
        let hide =
            |text: &str| hidden.iter().fold(redact(text), |text, name| text.replace(name.as_str(), "[site]"));
        let server_log =
            evidence.server_log.into_iter().map(|line| LogLine { text: hide(&line.text), ..line });
        Diagnostics {
            connections: evidence.connections.iter().enumerate().map(describe).collect(),
            surroundings: evidence.surroundings,
            secrets: evidence.secrets,
            local_server: evidence.local_server.map(|state| match state {
                LocalState::Failed { reason, exit_code, message } => {
                    LocalState::Failed { reason, exit_code, message: message.map(|text| hide(&text)) }
                }
                other => other,
            }),
            server_log: server_log.collect(),
            app_log: evidence.app_log.iter().map(|line| hide(line)).collect(),
        }
    }

    /// The file as text.
    pub fn write(&self) -> Result<Vec<u8>, serde_json::Error> {
        serde_json::to_vec_pretty(self)
    }
}

fn describe((number, (connection, condition)): (usize, &(&Connection, Condition))) -> DescribedConnection {
    let (place, is_loopback) = match &connection.place {
        Place::ThisApp => ("this_app", true),
        Place::Site { address } => ("site", address.is_loopback()),
    };
    let tls = match &connection.tls {
        TlsPolicy::System => "system",
        TlsPolicy::CaFile { .. } => "ca_file",
        TlsPolicy::PinnedKey { .. } => "pinned_key",
    };
    let has_proxy = connection.proxy.is_some();
    DescribedConnection { number: number + 1, place, is_loopback, tls, has_proxy, condition: *condition }
}

/// What every machine has is no name.
fn names_of(connection: &Connection) -> Vec<String> {
    let mut names = match &connection.place {
        Place::Site { address } if !address.is_loopback() => {
            vec![address.to_string(), address.host().to_owned()]
        }
        _ => Vec::new(),
    };
    names.push(connection.name.to_string());
    // A name of a letter or two is in every word.
    names.retain(|name| name.chars().count() > 2);
    names
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connections::{ConnectionId, Draft};
    use crate::local_server::LogSource;
    use crate::secrets::{SecretsCondition, SecretsPlace};

    #[test]
    fn a_file_of_diagnostics_tells_of_states_and_of_no_secret_or_site() {
        let draft: Draft =
            serde_json::from_str(r#"{"name":"Acme prod","colour":"red","environment":"production"}"#)
                .unwrap();
        let place = Place::Site { address: "https://relay.acme.example:8443".parse().unwrap() };
        let connection = draft.into_connection(ConnectionId::draw(), place, TlsPolicy::System);
        // One whose address is a part of the other's.
        let draft: Draft =
            serde_json::from_str(r#"{"name":"prod","colour":"red","environment":"production"}"#).unwrap();
        let place = Place::Site { address: "https://acme.example".parse().unwrap() };
        let short = draft.into_connection(ConnectionId::draw(), place, TlsPolicy::System);
        let line = |text: &str| LogLine { number: 0, source: LogSource::Log, text: text.to_owned() };
        let evidence = Evidence {
            surroundings: Surroundings {
                version: "0.1.0",
                system: "linux",
                processor: "x86_64",
                variables: vec![("XDG_SESSION_TYPE", Some("wayland".to_owned()))],
                bundle: None,
                webview: None,
            },
            secrets: SecretsState {
                place: SecretsPlace::Keyring,
                condition: SecretsCondition::Locked,
                has_passphrase_file: false,
            },
            connections: vec![(&short, Condition::Offline), (&connection, Condition::Offline)],
            local_server: Some(LocalState::Stopped),
            server_log: vec![line("key sk-CANARYcanary used by https://relay.acme.example:8443/x")],
            app_log: vec![
                "calling relay.acme.example failed, wsr_canary_0123".to_owned(),
                "Acme prod".to_owned(),
            ],
        };
        let text = String::from_utf8(Diagnostics::collect(evidence).write().unwrap()).unwrap();
        for secret in ["CANARY", "canary", "acme", "Acme", "relay", &connection.id.to_string()] {
            assert!(!text.contains(secret), "{secret}: {text}");
        }
        for told in ["\"offline\"", "\"locked\"", "wayland", "[site]", "[hidden]", "\"system\": \"linux\""] {
            assert!(text.contains(told), "{told}: {text}");
        }
    }
}
