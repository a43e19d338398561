//! What stands before changes at a site, held by the shell so that the window cannot go around it.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use crate::calls::CallError;
use crate::connections::{Connection, ConnectionId, WriteGuard};

/// How long changes are open after the name was typed.
pub(super) const OPEN_TIME: Duration = Duration::from_secs(5 * 60);

/// A moment by both clocks: one of them may be set, and the other stands still while the computer sleeps.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment {
    steady: Instant,
    wall: SystemTime,
}

impl Moment {
    pub(super) fn now() -> Self {
        Moment { steady: Instant::now(), wall: SystemTime::now() }
    }

    fn after(self, time: Duration) -> Self {
        Moment {
            steady: self.steady.checked_add(time).unwrap_or(self.steady),
            wall: self.wall.checked_add(time).unwrap_or(self.wall),
        }
    }

    fn is_before(self, end: Moment) -> bool {
        self.steady < end.steady && self.wall < end.wall
    }
}

/// Which sites are open for changes, and until when.
#[derive(Debug, Default)]
pub(super) struct OpenGuards(Mutex<HashMap<ConnectionId, Moment>>);

impl OpenGuards {
    /// Refuses a change that the connection's guard stands before.
    pub(super) fn check_change(&self, connection: &Connection, now: Moment) -> Result<(), CallError> {
        match connection.write_guard {
            WriteGuard::Open => Ok(()),
            WriteGuard::ReadOnly => Err(CallError::ReadOnly),
            WriteGuard::Locked => {
                let open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
                let is_open = open.get(&connection.id).is_some_and(|until| now.is_before(*until));
                if is_open { Ok(()) } else { Err(CallError::WritesLocked) }
            }
        }
    }

    /// Refuses a weaker guard while the one there is closed: else it would be gone around. A site that is only looked
    /// at is locked before it is opened, as nothing else opens it.
    pub(super) fn check_guard(
        &self,
        connection: &Connection,
        guard: WriteGuard,
        now: Moment,
    ) -> Result<(), CallError> {
        match (connection.write_guard, guard) {
            (WriteGuard::Locked | WriteGuard::ReadOnly, WriteGuard::Open) => {
                self.check_change(connection, now)
            }
            _ => Ok(()),
        }
    }

    /// Opens a site for changes if its name was typed as it is written.
    pub(super) fn open(&self, connection: &Connection, typed: &str, now: Moment) -> Result<(), CallError> {
        if connection.write_guard == WriteGuard::ReadOnly {
            return Err(CallError::ReadOnly);
        }
        if typed.trim() != connection.name.as_str() {
            return Err(CallError::WritesLocked);
        }
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        open.insert(connection.id, now.after(OPEN_TIME));
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
        let (guards, locked, now) = (OpenGuards::default(), connection("locked"), Moment::now());
        let code = |checked: Result<(), CallError>| checked.err().map(|error| error.code());
        assert_eq!(code(guards.check_change(&locked, now)), Some("writes_locked"));
        assert_eq!(code(guards.open(&locked, "prod", now)), Some("writes_locked"));
        assert_eq!(code(guards.open(&locked, " Prod ", now)), None);
        assert_eq!(code(guards.check_change(&locked, now)), None);
        assert_eq!(code(guards.check_change(&connection("locked"), now)), Some("writes_locked"));
        assert_eq!(code(guards.check_change(&locked, now.after(OPEN_TIME))), Some("writes_locked"));
        // Of a night's sleep only the clock on the wall knows; that one may be set back, and the other runs on.
        let woken = Moment { wall: now.wall + OPEN_TIME, ..now };
        let set_back = Moment { steady: now.steady + OPEN_TIME, wall: now.wall - OPEN_TIME };
        for later in [woken, set_back] {
            assert_eq!(code(guards.check_change(&locked, later)), Some("writes_locked"));
        }
        guards.lock(locked.id);
        assert_eq!(code(guards.check_change(&locked, now)), Some("writes_locked"));
    }

    #[test]
    fn a_site_for_looking_never_opens() {
        let (guards, site, now) = (OpenGuards::default(), connection("read_only"), Moment::now());
        assert!(guards.open(&site, "Prod", now).is_err());
        assert!(matches!(guards.check_change(&site, now), Err(CallError::ReadOnly)));
        assert!(guards.check_change(&connection("open"), now).is_ok());
    }

    #[test]
    fn a_guard_is_taken_away_only_while_it_is_open() {
        let (guards, now) = (OpenGuards::default(), Moment::now());
        let locked = connection("locked");
        let code =
            |site: &Connection, guard| guards.check_guard(site, guard, now).err().map(|error| error.code());
        assert_eq!(code(&locked, WriteGuard::Open), Some("writes_locked"));
        assert_eq!(code(&locked, WriteGuard::ReadOnly), None);
        assert_eq!(code(&connection("read_only"), WriteGuard::Open), Some("read_only"));
        assert_eq!(code(&connection("read_only"), WriteGuard::Locked), None);
        assert_eq!(code(&connection("open"), WriteGuard::Locked), None);
        guards.open(&locked, "Prod", now).unwrap();
        assert_eq!(code(&locked, WriteGuard::Open), None);
    }
}
