//! Sessions and their users, remembered for a few seconds.

use std::sync::Arc;

use async_trait::async_trait;
use tokio::time::Instant;
use tracing::error;
use waystation_ids::{SessionId, UserId};
use waystation_store::{ChangeKind, Store};

use crate::auth::actor::{Actor, SignedIn};
use crate::changes::{ChangeListener, Freshness, Notice};
use crate::clock::now_ms;
use crate::error::error_chain;
use crate::remembered::{Answer, Forgotten, NOTHING_REMEMBERED, Remembered, Unread};

const SESSIONS_MAX: u64 = 10_000;

/// Who is signed in.
pub(crate) struct ActorDirectory {
    remembered: Remembered<SessionId, Option<Arc<SignedIn>>>,
    sessions: Forgotten<SessionId>,
    users: Forgotten<UserId>,
    everything: Forgotten<()>,
}

impl ActorDirectory {
    /// Nothing is remembered yet.
    pub(crate) fn new(freshness: Freshness) -> Self {
        ActorDirectory {
            remembered: Remembered::new(SESSIONS_MAX, freshness),
            sessions: Forgotten::default(),
            users: Forgotten::default(),
            everything: Forgotten::default(),
        }
    }

    /// The active user of a session that has not ended.
    pub(crate) async fn find_actor(
        &self,
        store: &Store,
        session: SessionId,
    ) -> Result<Option<Actor>, Unread> {
        let is_current = |answer: &Answer<Option<Arc<SignedIn>>>| {
            let read_at = answer.read_at;
            self.everything.is_current(&(), read_at)
                && self.sessions.is_current(&session, read_at)
                && match &answer.value {
                    Some(signed_in) => self.users.is_current(&signed_in.user.id, read_at),
                    None => read_at.elapsed() < NOTHING_REMEMBERED && self.users.is_all_current(read_at),
                }
        };
        let found =
            self.remembered.get_or_read(&session, is_current, || read_session(store, session)).await?;
        Ok(found.filter(|signed_in| signed_in.expires_at_ms > now_ms()).map(Actor::new))
    }
}

#[async_trait]
impl ChangeListener for ActorDirectory {
    async fn hear(&self, changes: &[Notice]) {
        for change in changes {
            match change.kind {
                ChangeKind::Session => match change.subject.parse() {
                    Ok(session) => self.sessions.forget(session),
                    Err(_) => self.everything.forget(()),
                },
                ChangeKind::User => match change.subject.parse() {
                    Ok(user) => self.users.forget(user),
                    Err(_) => self.everything.forget(()),
                },
                _ => {}
            }
        }
    }

    async fn hear_of_anything(&self) {
        self.everything.forget(());
    }
}

async fn read_session(store: &Store, session: SessionId) -> Result<Answer<Option<Arc<SignedIn>>>, Unread> {
    let read_at = Instant::now();
    match store.load_active_session(session).await {
        Ok(found) => {
            let value = found.map(|(session, user)| {
                Arc::new(SignedIn { session: session.id, user, expires_at_ms: session.expires_at_ms })
            });
            Ok(Answer { value, read_at })
        }
        Err(failure) => {
            error!(error = error_chain(&failure), "a session could not be read");
            Err(Unread)
        }
    }
}
