//! Sessions and their users, remembered for a few seconds.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use moka::future::Cache;
use tokio::time::Instant;
use tracing::{debug, error};
use waystation_ids::{SessionId, UserId};
use waystation_store::{ChangeKind, Session, SessionKind};

use crate::auth::actor::SignedIn;
use crate::auth::browser_span;
use crate::changes::{ChangeListener, Freshness, Notice};
use crate::clock::now_ms;
use crate::error::{ApiError, error_chain};
use crate::remembered::{Answer, Forgotten, NOTHING_REMEMBERED, Remembered, Unread};
use crate::sign_in::lacks_required_second_factor;
use crate::state::App;

const SESSIONS_MAX: u64 = 10_000;
const NOTED_EVERY: Duration = Duration::from_secs(60);

/// Who is signed in.
pub(crate) struct ActorDirectory {
    remembered: Remembered<SessionId, Option<Arc<SignedIn>>>,
    /// Sessions whose use was noted within the last minute.
    used: Cache<SessionId, ()>,
    sessions: Forgotten<SessionId>,
    users: Forgotten<UserId>,
    everything: Forgotten<()>,
}

impl ActorDirectory {
    /// Nothing is remembered yet.
    pub(crate) fn new(freshness: Freshness) -> Self {
        ActorDirectory {
            remembered: Remembered::new(SESSIONS_MAX, freshness),
            used: Cache::builder().max_capacity(SESSIONS_MAX).time_to_live(NOTED_EVERY).build(),
            sessions: Forgotten::default(),
            users: Forgotten::default(),
            everything: Forgotten::default(),
        }
    }

    /// A session that has not ended, and its active user.
    pub(super) async fn find_session(
        &self,
        app: &App,
        session: SessionId,
    ) -> Result<Option<Arc<SignedIn>>, Unread> {
        let is_current = |answer: &Answer<Option<Arc<SignedIn>>>| {
            let read_at = answer.read_at;
            self.everything.is_current(&(), read_at)
                && self.sessions.is_current(&session, read_at)
                && match &answer.value {
                    Some(signed_in) => self.users.is_current(&signed_in.user.id, read_at),
                    None => read_at.elapsed() < NOTHING_REMEMBERED && self.users.is_all_current(read_at),
                }
        };
        let found = self.remembered.get_or_read(&session, is_current, || read_session(app, session)).await?;
        Ok(found.filter(|signed_in| signed_in.session.expires_at_ms > now_ms()))
    }

    /// Notes beside the call that a session is used; once a minute is enough.
    pub(super) async fn note_use(&self, app: &App, session: &Session) {
        if !self.used.entry(session.id).or_insert(()).await.is_fresh() {
            return;
        }
        let (store, id) = (app.store.clone(), session.id);
        let span = match session.kind {
            SessionKind::Browser => Some(browser_span(app)),
            // These go on by being refreshed, or not at all.
            SessionKind::Device | SessionKind::Cli => None,
        };
        app.tasks.spawn("touch_session", async move {
            if let Err(failure) = store.touch_session(id, span).await {
                debug!(error = error_chain(&failure), "the use of a session was not noted; the next one is");
            }
        });
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

async fn read_session(app: &App, session: SessionId) -> Result<Answer<Option<Arc<SignedIn>>>, Unread> {
    let read_at = Instant::now();
    match load_session(app, session).await {
        Ok(found) => Ok(Answer { value: found.map(Arc::new), read_at }),
        Err(failure) => {
            error!(error = failure.operator_text(), "a session could not be read");
            Err(Unread)
        }
    }
}

async fn load_session(app: &App, session: SessionId) -> Result<Option<SignedIn>, ApiError> {
    let Some((session, user)) = app.store.load_active_session(session).await? else { return Ok(None) };
    // Who runs commands at the server has proved more than a second factor does.
    let lacks_second_factor =
        session.kind != SessionKind::Cli && lacks_required_second_factor(app, &user).await?;
    Ok(Some(SignedIn { user, session, lacks_second_factor }))
}
