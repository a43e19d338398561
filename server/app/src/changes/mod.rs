//! Changes of keys, users, sessions, models, prices and channels: told to everything in this process that
//! remembers such things, whichever instance made them.
//!
//! Each change is a row, written in its own transaction. Every instance reads the new rows each second; Redis, where
//! there is one, only makes it sooner. What was changed here is told here at once.

mod freshness;
mod messages;
mod poll;
mod window;

use std::fmt::{self, Display};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use waystation_ids::InstanceId;
use waystation_store::{ChangeKind, Store};

pub(crate) use crate::changes::freshness::Freshness;
use crate::changes::messages::Messages;
use crate::changes::poll::Poll;
use crate::redis::Redis;
use crate::tasks::Tasks;

const POLL_EVERY: Duration = Duration::from_secs(1);

/// Something that remembers what is in the database, and must hear when that changes.
#[async_trait]
pub(crate) trait ChangeListener: Send + Sync {
    /// These things changed. When this returns, nothing remembered is older than the changes.
    async fn hear(&self, changes: &[Notice]);

    /// Anything may have changed.
    async fn hear_of_anything(&self);
}

/// One thing that changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Notice {
    /// What kind of thing.
    pub(crate) kind: ChangeKind,
    /// Which one: its id or name as text.
    pub(crate) subject: String,
}

/// Tells of changes. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Changes {
    listeners: Arc<[Arc<dyn ChangeListener>]>,
    messages: Option<Messages>,
    freshness: Freshness,
}

impl Changes {
    /// Tells these listeners. `freshness` is what they ask whether to believe what they remember.
    pub(crate) fn new(
        listeners: Vec<Arc<dyn ChangeListener>>,
        freshness: Freshness,
        redis: Option<Redis>,
        instance: InstanceId,
        tasks: Tasks,
    ) -> Self {
        let messages = redis.map(|redis| Messages::new(redis, instance, tasks));
        Changes { listeners: listeners.into(), messages, freshness }
    }

    /// Tells of a change that was committed here: this process before it returns, the others soon.
    pub(crate) async fn announce(&self, kind: ChangeKind, subject: impl Display) {
        let notice = Notice { kind, subject: subject.to_string() };
        self.tell(std::slice::from_ref(&notice)).await;
        if let Some(messages) = &self.messages {
            messages.publish(&notice);
        }
    }

    /// Starts hearing of what other instances change.
    pub(crate) fn start(&self, store: &Store, tasks: &Tasks) {
        let poll = Arc::new(Poll::new(self.clone(), store.clone()));
        tasks.spawn_repeating("poll_changes", POLL_EVERY, move || {
            let poll = poll.clone();
            async move { poll.run().await }
        });
        if let Some(messages) = &self.messages {
            messages.start(self.clone(), tasks);
        }
    }

    async fn tell(&self, changes: &[Notice]) {
        if changes.is_empty() {
            return;
        }
        for listener in self.listeners.iter() {
            listener.hear(changes).await;
        }
    }

    async fn tell_of_anything(&self) {
        for listener in self.listeners.iter() {
            listener.hear_of_anything().await;
        }
    }
}

impl fmt::Debug for Changes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Changes").field("listeners", &self.listeners.len()).finish_non_exhaustive()
    }
}
