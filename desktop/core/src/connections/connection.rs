//! One site, as its operator sees it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;
use uuid::Uuid;

use crate::connections::{ProxyAddress, SiteAddress};
use crate::trust::TlsPolicy;

const ID_PREFIX: &str = "con_";
const NAME_LENGTH_MAX: usize = 64;

/// A site that this app knows. It holds no secret: those lie in the keyring, under its id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Connection {
    /// Its id, which stays as long as it is known.
    pub id: ConnectionId,
    /// What the operator calls it.
    pub name: ConnectionName,
    /// The colour of its bar.
    pub colour: Colour,
    /// What depends on it.
    pub environment: Environment,
    /// Where it is.
    pub place: Place,
    /// Who it must be.
    pub tls: TlsPolicy,
    /// What it is reached through; directly, unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proxy: Option<ProxyAddress>,
    /// What stands before changes.
    pub write_guard: WriteGuard,
}

impl Connection {
    /// What an address of the site's is reached through. Without TLS it is on this machine, and a proxy would read the
    /// token on its way.
    pub fn proxy_to(&self, address: &SiteAddress) -> Option<&ProxyAddress> {
        self.proxy.as_ref().filter(|_| address.is_https())
    }

    /// What a credential is bound to: it is of no use for a site that is somewhere or somebody else, even where that
    /// has the same id. Whoever changes the file of connections, or has it changed, gets no token by it.
    pub fn binding(&self) -> String {
        match (&self.place, &self.tls) {
            (Place::ThisApp, _) => "this-app".to_owned(),
            (Place::Site { address }, TlsPolicy::System) => format!("{address} system"),
            (Place::Site { address }, TlsPolicy::CaFile { path }) => {
                format!("{address} authorities {}", path.display())
            }
            (Place::Site { address }, TlsPolicy::PinnedKey { fingerprint }) => {
                format!("{address} key {fingerprint}")
            }
        }
    }
}

/// Where a site is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Place {
    /// The server that comes with this app; its address is known while it runs.
    ThisApp,
    /// A site of its own.
    Site {
        /// Its address.
        address: SiteAddress,
    },
}

/// What an operator enters about a site.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Draft {
    /// What to call it.
    pub name: ConnectionName,
    /// The colour of its bar.
    pub colour: Colour,
    /// What depends on it.
    pub environment: Environment,
    /// What stands before changes; unless given, what suits the environment.
    #[serde(default)]
    pub write_guard: Option<WriteGuard>,
    /// What it is reached through.
    #[serde(default)]
    pub proxy: Option<ProxyAddress>,
}

impl Draft {
    /// The connection that it describes.
    pub fn into_connection(self, id: ConnectionId, place: Place, tls: TlsPolicy) -> Connection {
        Connection {
            id,
            name: self.name,
            colour: self.colour,
            write_guard: self.write_guard.unwrap_or(self.environment.usual_guard()),
            environment: self.environment,
            place,
            tls,
            proxy: self.proxy,
        }
    }
}

/// A connection's id, such as `con_6f1f0c2e5b7c4a7f9a3f2d1e0b9c8d7a`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ConnectionId(Uuid);

/// A text that is no id of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("it is no id of a connection")]
pub struct IdError;

impl ConnectionId {
    /// A new one.
    pub fn draw() -> Self {
        ConnectionId(Uuid::new_v4())
    }
}

impl fmt::Display for ConnectionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{ID_PREFIX}{}", self.0.simple())
    }
}

impl FromStr for ConnectionId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let digits = text.strip_prefix(ID_PREFIX).ok_or(IdError)?;
        let id = ConnectionId(Uuid::try_parse(digits).map_err(|_| IdError)?);
        // One id has one spelling.
        if id.to_string() == text { Ok(id) } else { Err(IdError) }
    }
}

impl From<ConnectionId> for String {
    fn from(id: ConnectionId) -> String {
        id.to_string()
    }
}

impl TryFrom<String> for ConnectionId {
    type Error = IdError;

    fn try_from(text: String) -> Result<Self, IdError> {
        text.parse()
    }
}

/// What an operator calls a site: one line of 1 to 64 characters.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ConnectionName(String);

/// A text that is no name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("a name is one line of 1 to 64 characters")]
pub struct NameError;

impl ConnectionName {
    /// The name's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ConnectionName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for ConnectionName {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let text = text.trim();
        let is_one_line = !text.chars().any(|letter| letter.is_control() || is_invisible(letter));
        let fits = (1..=NAME_LENGTH_MAX).contains(&text.chars().count());
        if is_one_line && fits { Ok(ConnectionName(text.to_owned())) } else { Err(NameError) }
    }
}

/// Letters that turn the direction of others or take no room: with them one name passes for another.
pub(crate) fn is_invisible(letter: char) -> bool {
    matches!(letter, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

impl From<ConnectionName> for String {
    fn from(name: ConnectionName) -> String {
        name.0
    }
}

impl TryFrom<String> for ConnectionName {
    type Error = NameError;

    fn try_from(text: String) -> Result<Self, NameError> {
        text.parse()
    }
}

/// The colour of a connection's bar.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "they are what they are called")]
pub enum Colour {
    #[default]
    Teal,
    Blue,
    Violet,
    Pink,
    Red,
    Amber,
    Green,
    Grey,
}

/// What depends on a site.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Environment {
    /// People's work and money.
    Production,
    /// A rehearsal.
    Staging,
    /// Nothing.
    Development,
}

impl Environment {
    /// What stands before changes unless the operator chose.
    pub const fn usual_guard(self) -> WriteGuard {
        match self {
            Environment::Production => WriteGuard::Locked,
            Environment::Staging | Environment::Development => WriteGuard::Open,
        }
    }
}

/// What stands before changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WriteGuard {
    /// Nothing.
    Open,
    /// The site's name, which is typed and opens the way for some minutes.
    Locked,
    /// There are none: the site is only looked at.
    ReadOnly,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_read_back_and_has_one_spelling() {
        let id = ConnectionId::draw();
        let text = id.to_string();
        assert_eq!(text.parse(), Ok(id));
        let upper = format!("con_{}", text[4..].to_uppercase());
        let dashed = format!("con_{}", id.0.hyphenated());
        for wrong in ["", "con_", "x", &text[1..], &upper, &dashed, &format!("{text}0"), "con_../../x"] {
            assert_eq!(wrong.parse::<ConnectionId>(), Err(IdError), "{wrong}");
        }
    }

    #[test]
    fn a_name_is_one_visible_line() {
        assert_eq!(" 生产 · EU ".parse::<ConnectionName>().unwrap().as_str(), "生产 · EU");
        assert!("x".repeat(64).parse::<ConnectionName>().is_ok());
        for wrong in ["", "  ", "a\nb", "a\u{202e}b", "a\u{200b}b", &"x".repeat(65)] {
            assert!(wrong.parse::<ConnectionName>().is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn what_would_be_read_on_the_way_goes_through_no_proxy() {
        let draft: Draft = serde_json::from_str(
            r#"{"name":"A","colour":"teal","environment":"staging","proxy":"socks5h://proxy.example:1080"}"#,
        )
        .unwrap();
        let kept = draft.into_connection(ConnectionId::draw(), Place::ThisApp, TlsPolicy::System);
        assert!(kept.proxy_to(&"https://ai.example.com".parse().unwrap()).is_some());
        assert!(kept.proxy_to(&"http://127.0.0.1:8787".parse().unwrap()).is_none());
    }

    #[test]
    fn production_is_guarded_unless_the_operator_chose_otherwise() {
        let draft = |environment, write_guard| {
            let name = "Site".parse().unwrap();
            let draft = Draft { name, colour: Colour::Red, environment, write_guard, proxy: None };
            draft.into_connection(ConnectionId::draw(), Place::ThisApp, TlsPolicy::System).write_guard
        };
        assert_eq!(draft(Environment::Production, None), WriteGuard::Locked);
        assert_eq!(draft(Environment::Production, Some(WriteGuard::Open)), WriteGuard::Open);
        assert_eq!(draft(Environment::Staging, None), WriteGuard::Open);
    }
}
