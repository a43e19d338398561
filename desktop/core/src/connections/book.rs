//! The file of connections.

use std::io;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::connections::{Connection, ConnectionId};
use crate::files::{read_file, replace_file};

const VERSION: u32 = 1;
const FILE_BYTES_MAX: u64 = 1024 * 1024;
const CONNECTIONS_MAX: usize = 200;

/// The connections that this app knows, in the operator's order. Every change is on the disk before it counts.
#[derive(Debug)]
pub struct Book {
    path: PathBuf,
    content: Content,
}

/// Why the connections could not be read or changed.
#[derive(Debug, Error)]
pub enum BookError {
    /// The file could not be read.
    #[error("the file of connections could not be read")]
    Read(#[source] io::Error),
    /// The file could not be written; nothing has changed.
    #[error("the file of connections could not be written")]
    Write(#[source] io::Error),
    /// The file is not one of ours. It is left as it is.
    #[error("the file of connections is damaged")]
    Damaged(#[source] serde_json::Error),
    /// A later version of the app has written the file. It is left as it is.
    #[error("the file of connections was written by a later version of Waystation")]
    Newer,
    /// There is no such connection.
    #[error("there is no such connection")]
    Unknown,
    /// There are as many connections as there may be.
    #[error("there are too many connections")]
    Full,
    /// A connection of that id is there already.
    #[error("there is such a connection already")]
    Exists,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Content {
    version: u32,
    connections: Vec<Connection>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    selected: Option<ConnectionId>,
}

impl Book {
    /// Reads the file, which need not be there yet.
    pub fn open(path: PathBuf) -> Result<Self, BookError> {
        let content = match read_file(&path, FILE_BYTES_MAX).map_err(BookError::Read)? {
            Some(bytes) => read_content(&bytes)?,
            None => Content { version: VERSION, connections: Vec::new(), selected: None },
        };
        Ok(Book { path, content })
    }

    /// All connections, in the operator's order.
    pub fn list(&self) -> &[Connection] {
        &self.content.connections
    }

    /// The connection of that id.
    pub fn find(&self, id: ConnectionId) -> Option<&Connection> {
        self.content.connections.iter().find(|connection| connection.id == id)
    }

    /// The connection that is worked with.
    pub fn selected(&self) -> Option<&Connection> {
        self.content.selected.and_then(|id| self.find(id))
    }

    /// Refuses another connection where there are as many as there may be.
    pub fn check_room(&self) -> Result<(), BookError> {
        if self.content.connections.len() < CONNECTIONS_MAX { Ok(()) } else { Err(BookError::Full) }
    }

    /// Adds a connection at the end and works with it if it is the first.
    pub fn add(&mut self, connection: Connection) -> Result<(), BookError> {
        self.check_room()?;
        if self.find(connection.id).is_some() {
            return Err(BookError::Exists);
        }
        self.change(|content| {
            content.selected.get_or_insert(connection.id);
            content.connections.push(connection);
        })
    }

    /// Puts a connection in the place of the one with its id.
    pub fn update(&mut self, connection: Connection) -> Result<(), BookError> {
        self.require(connection.id)?;
        self.change(|content| {
            for kept in content.connections.iter_mut().filter(|kept| kept.id == connection.id) {
                *kept = connection.clone();
            }
        })
    }

    /// Takes a connection out.
    pub fn remove(&mut self, id: ConnectionId) -> Result<(), BookError> {
        self.require(id)?;
        self.change(|content| {
            content.connections.retain(|kept| kept.id != id);
            if content.selected == Some(id) {
                content.selected = content.connections.first().map(|first| first.id);
            }
        })
    }

    /// Works with another connection from now on.
    pub fn select(&mut self, id: ConnectionId) -> Result<(), BookError> {
        self.require(id)?;
        if self.content.selected == Some(id) {
            return Ok(());
        }
        self.change(|content| content.selected = Some(id))
    }

    /// Puts a connection at a place of the list, the last if there is no such place.
    pub fn move_to(&mut self, id: ConnectionId, place: usize) -> Result<(), BookError> {
        self.require(id)?;
        self.change(|content| {
            let (moved, mut rest): (Vec<_>, Vec<_>) =
                content.connections.drain(..).partition(|kept| kept.id == id);
            let place = place.min(rest.len());
            rest.splice(place..place, moved);
            content.connections = rest;
        })
    }

    fn require(&self, id: ConnectionId) -> Result<(), BookError> {
        self.find(id).map(drop).ok_or(BookError::Unknown)
    }

    fn change(&mut self, change: impl FnOnce(&mut Content)) -> Result<(), BookError> {
        let mut content = self.content.clone();
        change(&mut content);
        let bytes = serde_json::to_vec_pretty(&content).map_err(|error| BookError::Write(error.into()))?;
        replace_file(&self.path, &bytes).map_err(BookError::Write)?;
        self.content = content;
        Ok(())
    }
}

fn read_content(bytes: &[u8]) -> Result<Content, BookError> {
    #[derive(Deserialize)]
    struct Versioned {
        version: u32,
    }
    let versioned: Versioned = serde_json::from_slice(bytes).map_err(BookError::Damaged)?;
    if versioned.version > VERSION {
        return Err(BookError::Newer);
    }
    serde_json::from_slice(bytes).map_err(BookError::Damaged)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::connections::{Colour, Environment, Place, WriteGuard};
    use crate::trust::TlsPolicy;

    pub(crate) fn connection(name: &str, address: &str) -> Connection {
        Connection {
            id: ConnectionId::draw(),
            name: name.parse().unwrap(),
            colour: Colour::Teal,
            environment: Environment::Development,
            place: Place::Site { address: address.parse().unwrap() },
            tls: TlsPolicy::System,
            proxy: None,
            write_guard: WriteGuard::Open,
        }
    }

    fn names(book: &Book) -> Vec<&str> {
        book.list().iter().map(|kept| kept.name.as_str()).collect()
    }

    #[test]
    fn connections_are_there_again_in_their_order() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("connections.json");
        let mut book = Book::open(path.clone()).unwrap();
        let made: Vec<_> = ["A", "B", "C"].map(|name| connection(name, "https://ai.example.com")).to_vec();
        for connection in &made {
            book.add(connection.clone()).unwrap();
        }
        assert_eq!(book.selected().unwrap().name.as_str(), "A");
        book.select(made[2].id).unwrap();
        book.move_to(made[2].id, 0).unwrap();
        let mut renamed = made[1].clone();
        renamed.name = "B2".parse().unwrap();
        book.update(renamed).unwrap();

        let mut book = Book::open(path).unwrap();
        assert_eq!(names(&book), ["C", "A", "B2"]);
        assert_eq!(book.selected().unwrap().name.as_str(), "C");
        book.remove(made[2].id).unwrap();
        assert_eq!(book.selected().unwrap().name.as_str(), "A");
        book.move_to(made[0].id, 99).unwrap();
        assert_eq!(names(&book), ["B2", "A"]);
        assert!(matches!(book.add(made[0].clone()), Err(BookError::Exists)));
        assert!(matches!(book.remove(made[2].id), Err(BookError::Unknown)));
    }

    #[test]
    fn a_file_that_cannot_be_understood_is_left_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("connections.json");
        for (text, is_newer) in [
            ("", false),
            ("{", false),
            ("[]", false),
            (r#"{"version":1,"connections":[{"id":"con_1"}]}"#, false),
            (r#"{"version":1,"connections":[],"password":"x"}"#, false),
            (r#"{"version":2,"groups":[]}"#, true),
        ] {
            std::fs::write(&path, text).unwrap();
            let error = Book::open(path.clone()).unwrap_err();
            assert_eq!(matches!(error, BookError::Newer), is_newer, "{text}");
            assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
        }
    }

    #[test]
    fn a_change_that_cannot_be_written_does_not_count() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("connections.json");
        let mut book = Book::open(path.clone()).unwrap();
        book.add(connection("A", "https://ai.example.com")).unwrap();
        std::fs::remove_file(&path).unwrap();
        std::fs::create_dir_all(path.join("in the way")).unwrap();
        assert!(matches!(book.add(connection("B", "https://b.example.com")), Err(BookError::Write(_))));
        assert_eq!(names(&book), ["A"]);
    }
}
