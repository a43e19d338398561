//! Connections that are given to others or to another machine, without secrets.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::connections::{Book, BookError, Connection, ConnectionId, Place};

const FORMAT: &str = "waystation-connections";
const VERSION: u32 = 1;
const BYTES_MAX: usize = 1024 * 1024;

/// Connections in a file of their own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exchange {
    format: String,
    version: u32,
    connections: Vec<Connection>,
}

/// Why a file of connections cannot be taken in.
#[derive(Debug, Error)]
pub enum ExchangeError {
    /// It is too large.
    #[error("the file is too large")]
    TooLarge,
    /// It is no file of connections, or has something in it that belongs into none.
    #[error("the file is no export of Waystation's connections")]
    Unreadable(#[source] serde_json::Error),
    /// It is another file, or of a later version.
    #[error("the file is no export of Waystation's connections, or one of a later version")]
    Foreign,
    /// The same connection is in it twice.
    #[error("the file has the same connection twice")]
    Repeated,
    /// A connection could not be kept.
    #[error(transparent)]
    Book(#[from] BookError),
}

/// What taking a file in would do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Preview {
    /// Connection by connection, in the order of the file.
    pub connections: Vec<PreviewedConnection>,
}

/// What taking in one connection would do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PreviewedConnection {
    /// The connection as the file has it.
    pub connection: Connection,
    /// What would happen.
    pub change: Change,
    /// Whether this device would have to be paired with it, and the pairing that it has is given up.
    pub needs_pairing: bool,
}

/// What would happen to a connection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Change {
    /// It is new.
    Added,
    /// It is there and alike.
    None,
    /// It is there and some of it would change.
    Changed {
        /// What: names of fields.
        fields: Vec<&'static str>,
    },
}

impl Exchange {
    /// The connections of a book; the server of this app is of no use elsewhere and stays out.
    pub fn of(book: &Book) -> Self {
        let connections = book.list().iter().filter(|kept| kept.place != Place::ThisApp).cloned().collect();
        Exchange { format: FORMAT.to_owned(), version: VERSION, connections }
    }

    /// Reads a file.
    pub fn read(bytes: &[u8]) -> Result<Self, ExchangeError> {
        if bytes.len() > BYTES_MAX {
            return Err(ExchangeError::TooLarge);
        }
        let exchange: Exchange = serde_json::from_slice(bytes).map_err(ExchangeError::Unreadable)?;
        let has_own_server = exchange.connections.iter().any(|given| given.place == Place::ThisApp);
        if exchange.format != FORMAT || exchange.version != VERSION || has_own_server {
            return Err(ExchangeError::Foreign);
        }
        let mut ids: Vec<ConnectionId> = exchange.connections.iter().map(|given| given.id).collect();
        ids.sort_unstable();
        ids.dedup();
        if ids.len() == exchange.connections.len() { Ok(exchange) } else { Err(ExchangeError::Repeated) }
    }

    /// The file's content.
    pub fn write(&self) -> Result<Vec<u8>, serde_json::Error> {
        serde_json::to_vec_pretty(self)
    }

    /// A connection as the file has it.
    pub fn find(&self, id: ConnectionId) -> Option<&Connection> {
        self.connections.iter().find(|given| given.id == id)
    }

    /// Says what taking it in would do.
    pub fn preview(&self, book: &Book) -> Preview {
        let connections = self.connections.iter().map(|given| {
            let kept = book.find(given.id);
            let change = kept.map_or(Change::Added, |kept| compare(kept, given));
            let needs_pairing = kept.is_none_or(|kept| kept.binding() != given.binding());
            PreviewedConnection { connection: given.clone(), change, needs_pairing }
        });
        Preview { connections: connections.collect() }
    }

    /// Takes the chosen connections in. Gives those whose stored secret is to be forgotten, as they are elsewhere now.
    pub fn apply(self, book: &mut Book, chosen: &[ConnectionId]) -> Result<Vec<ConnectionId>, ExchangeError> {
        let mut moved = Vec::new();
        for given in self.connections.into_iter().filter(|given| chosen.contains(&given.id)) {
            match book.find(given.id) {
                None => book.add(given)?,
                Some(kept) => {
                    if kept.binding() != given.binding() {
                        moved.push(given.id);
                    }
                    book.update(given)?;
                }
            }
        }
        Ok(moved)
    }
}

fn compare(kept: &Connection, given: &Connection) -> Change {
    let fields: Vec<&'static str> = [
        ("name", kept.name != given.name),
        ("colour", kept.colour != given.colour),
        ("environment", kept.environment != given.environment),
        ("place", kept.place != given.place),
        ("tls", kept.tls != given.tls),
        ("proxy", kept.proxy != given.proxy),
        ("write_guard", kept.write_guard != given.write_guard),
    ]
    .into_iter()
    .filter_map(|(field, differs)| differs.then_some(field))
    .collect();
    if fields.is_empty() { Change::None } else { Change::Changed { fields } }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connections::book::tests::connection;
    use crate::trust::TlsPolicy;

    fn book(folder: &tempfile::TempDir, connections: &[Connection]) -> Book {
        let mut book = Book::open(folder.path().join(format!("{}.json", connections.len()))).unwrap();
        for connection in connections {
            book.add(connection.clone()).unwrap();
        }
        book
    }

    #[test]
    fn an_export_is_taken_in_elsewhere_and_says_before_what_it_does() {
        let folder = tempfile::tempdir().unwrap();
        let own = Connection { place: Place::ThisApp, ..connection("Own", "https://x.example.com") };
        let given = [connection("A", "https://a.example.com"), connection("B", "https://b.example.com"), own];
        let exchange = Exchange::of(&book(&folder, &given));
        let exchange = Exchange::read(&exchange.write().unwrap()).unwrap();

        let mut moved = given[1].clone();
        moved.place = Place::Site { address: "https://elsewhere.example.com".parse().unwrap() };
        moved.name = "Mine".parse().unwrap();
        let mut other = book(&folder, &[moved]);
        let preview = exchange.preview(&other).connections;
        assert_eq!(preview.len(), 2);
        assert_eq!((&preview[0].change, preview[0].needs_pairing), (&Change::Added, true));
        let changed = Change::Changed { fields: vec!["name", "place"] };
        assert_eq!((&preview[1].change, preview[1].needs_pairing), (&changed, true));

        // Only what was chosen is taken in, and a pairing with another place is given up.
        let chosen = [given[1].id];
        assert_eq!(exchange.clone().apply(&mut other, &chosen).unwrap(), chosen);
        assert_eq!(other.list(), &given[1..2]);
        assert_eq!(exchange.preview(&other).connections[1].change, Change::None);
        assert!(!exchange.preview(&other).connections[1].needs_pairing);
    }

    #[test]
    fn a_file_that_is_none_of_ours_or_holds_more_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let kept = connection("A", "https://a.example.com");
        let good = serde_json::to_value(Exchange::of(&book(&folder, std::slice::from_ref(&kept)))).unwrap();
        assert!(Exchange::read(&serde_json::to_vec(&good).unwrap()).is_ok());
        let change = |change: &dyn Fn(&mut serde_json::Value)| {
            let mut value = good.clone();
            change(&mut value);
            Exchange::read(&serde_json::to_vec(&value).unwrap())
        };
        assert!(change(&|value| value["format"] = "x".into()).is_err());
        assert!(change(&|value| value["version"] = 2.into()).is_err());
        assert!(change(&|value| value["token"] = "x".into()).is_err());
        assert!(change(&|value| value["connections"][0]["refresh_token"] = "wsr_x".into()).is_err());
        let plain = serde_json::json!({"kind": "site", "address": "http://a.example.com"});
        assert!(change(&|value| value["connections"][0]["place"] = plain.clone()).is_err());
        assert!(
            change(&|value| value["connections"][0]["place"] = serde_json::json!({"kind": "this_app"}))
                .is_err()
        );
        let twice = serde_json::json!([good["connections"][0], good["connections"][0]]);
        assert!(matches!(
            change(&|value| value["connections"] = twice.clone()),
            Err(ExchangeError::Repeated)
        ));
        assert!(Exchange::read(&vec![b' '; BYTES_MAX + 1]).is_err());
        assert!(Exchange::read(b"").is_err());
    }

    #[test]
    fn another_key_at_the_same_address_needs_a_new_pairing() {
        let folder = tempfile::tempdir().unwrap();
        let kept = connection("A", "https://a.example.com");
        let mut exchange = Exchange::of(&book(&folder, std::slice::from_ref(&kept)));
        let pinned = "0".repeat(64).parse().unwrap();
        exchange.connections[0].tls = TlsPolicy::PinnedKey { fingerprint: pinned };
        let mut other = Book::open(folder.path().join("other.json")).unwrap();
        other.add(kept).unwrap();
        let preview = exchange.preview(&other).connections.remove(0);
        assert_eq!(preview.change, Change::Changed { fields: vec!["tls"] });
        assert!(preview.needs_pairing);
    }
}
