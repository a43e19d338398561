//! What stands before changes at a site, held by the shell so that the window cannot go around it.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::calls::CallError;
use crate::connections::{Connection, ConnectionId, WriteGuard};

/// How long changes are open after the name was typed.
pub(super) const OPEN_TIME: Duration = Duration::from_secs(5 * 60);

/// Which sites are open for changes, and until when.
#[derive(Debug, Default)]
pub(super) struct OpenGuards(Mutex<HashMap<ConnectionId, Instant>>);

impl OpenGuards {
    /// Refuses a change that the connection's guard stands before.
    pub(super) fn check_change(&self, connection: &Connection, now: Instant) -> Result<(), CallError> {
        match connection.write_guard {
            WriteGuard::Open => Ok(()),
            WriteGuard::ReadOnly => Err(CallError::ReadOnly),
            WriteGuard::Locked => {
                let open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
                let is_open = open.get(&connection.id).is_some_and(|until| now < *until);
                if is_open { Ok(()) } else { Err(CallError::WritesLocked) }
            }
        }
    }

    /// Opens a site for changes if its name was typed as it is written.
    pub(super) fn open(&self, connection: &Connection, typed: &str, now: Instant) -> Result<(), CallError> {
        if connection.write_guard == WriteGuard::ReadOnly {
            return Err(CallError::ReadOnly);
        }
        if typed.trim() != connection.name.as_str() {
            return Err(CallError::WritesLocked);
        }
        let until = now.checked_add(OPEN_TIME).unwrap_or(now);
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(connection.id, until);
        Ok(())
    }

    /// Locks a site at once.
    pub(super) fn lock(&self, id: ConnectionId) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connections::Place;
    use crate::trust::TlsPolicy;

    fn connection(write_guard: &str) -> Connection {
        let text = format!(
            r#"{{"name":"Prod","colour":"red","environment":"production","write_guard":"{write_guard}"}}"#
        );
        let draft: crate::connections::Draft = serde_json::from_str(&text).unwrap();
        draft.into_connection(ConnectionId::draw(), Place::ThisApp, TlsPolicy::System)
    }

    #[test]
    fn a_locked_site_opens_for_five_minutes_when_its_name_is_typed() {
        let (guards, locked, now) = (OpenGuards::default(), connection("locked"), Instant::now());
        let code = |checked: Result<(), CallError>| checked.err().map(|error| error.code());
        assert_eq!(code(guards.check_change(&locked, now)), Some("writes_locked"));
        assert_eq!(code(guards.open(&locked, "prod", now)), Some("writes_locked"));
        assert_eq!(code(guards.open(&locked, " Prod ", now)), None);
        assert_eq!(code(guards.check_change(&locked, now)), None);
        assert_eq!(code(guards.check_change(&connection("locked"), now)), Some("writes_locked"));
        assert_eq!(code(guards.check_change(&locked, now + OPEN_TIME)), Some("writes_locked"));
        guards.lock(locked.id);
        assert_eq!(code(guards.check_change(&locked, now)), Some("writes_locked"));
    }

    #[test]
    fn a_site_for_looking_never_opens() {
        let (guards, site, now) = (OpenGuards::default(), connection("read_only"), Instant::now());
        assert!(guards.open(&site, "Prod", now).is_err());
        assert!(matches!(guards.check_change(&site, now), Err(CallError::ReadOnly)));
        assert!(guards.check_change(&connection("open"), now).is_ok());
    }
}
