//! Changes by Redis: sooner than by reading them, and nothing worse when it is down.

use std::time::Duration;

use redis::{PushInfo, PushKind, Value};
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;
use tracing::debug;
use waystation_ids::InstanceId;
use waystation_store::ChangeKind;

use crate::changes::{Changes, Notice};
use crate::redis::Redis;
use crate::tasks::Tasks;

const CHANNEL: &str = "ws:changes";
/// How often the subscription is asked for again; a connection that was lost is found out by it.
const SUBSCRIBE_EVERY: Duration = Duration::from_secs(5);
/// So many messages are told of at once.
const TOLD_AT_ONCE: usize = 256;

/// What is published about a change.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Message {
    from: InstanceId,
    kind: String,
    subject: String,
}

/// The way to other instances by Redis.
#[derive(Clone)]
pub(super) struct Messages {
    redis: Redis,
    instance: InstanceId,
    tasks: Tasks,
}

impl Messages {
    pub(super) fn new(redis: Redis, instance: InstanceId, tasks: Tasks) -> Self {
        Messages { redis, instance, tasks }
    }

    /// Publishes a change beside the caller, who need not wait for a Redis that is down.
    pub(super) fn publish(&self, notice: &Notice) {
        let message = Message {
            from: self.instance,
            kind: notice.kind.name().to_owned(),
            subject: notice.subject.clone(),
        };
        let Ok(text) = serde_json::to_string(&message) else {
            return;
        };
        let mut connection = self.redis.connection();
        self.tasks.spawn("publish_change", async move {
            let published =
                redis::cmd("PUBLISH").arg(CHANNEL).arg(text).query_async::<i64>(&mut connection).await;
            if let Err(error) = published {
                debug!(%error, "a change was not published; the others read it within a second");
            }
        });
    }

    /// Hears what other instances publish, until the server stops.
    pub(super) fn start(&self, changes: Changes, tasks: &Tasks) {
        let (sender, receiver) = mpsc::unbounded_channel();
        let subscriber = match self.redis.subscriber(sender) {
            Ok(subscriber) => subscriber,
            Err(error) => {
                debug!(%error, "changes are not heard by Redis, only read");
                return;
            }
        };
        tasks.spawn_repeating("subscribe_changes", SUBSCRIBE_EVERY, move || {
            let mut subscriber = subscriber.clone();
            async move {
                if let Err(error) = subscriber.subscribe(CHANNEL).await {
                    debug!(%error, "Redis does not answer; changes are read from the database alone");
                }
            }
        });
        let (own, stopping) = (self.instance, tasks.stopping().clone());
        tasks.spawn("hear_changes", async move {
            tokio::select! {
                () = stopping.cancelled() => {}
                () = hear(receiver, own, changes) => {}
            }
        });
    }
}

async fn hear(mut receiver: mpsc::UnboundedReceiver<PushInfo>, own: InstanceId, changes: Changes) {
    let mut pushed = Vec::new();
    while receiver.recv_many(&mut pushed, TOLD_AT_ONCE).await > 0 {
        let notices: Vec<Notice> = pushed.drain(..).filter_map(|push| read_message(&push, own)).collect();
        changes.tell(&notices).await;
    }
}

/// The change that another instance published. What cannot be read is left to the reading of rows.
fn read_message(push: &PushInfo, own: InstanceId) -> Option<Notice> {
    let (PushKind::Message, [_, Value::BulkString(text)]) = (&push.kind, push.data.as_slice()) else {
        return None;
    };
    let message: Message = serde_json::from_slice(text).ok()?;
    let kind = ChangeKind::from_name(&message.kind)?;
    (message.from != own).then_some(Notice { kind, subject: message.subject })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn push(from: InstanceId, kind: &str) -> PushInfo {
        let message = Message { from, kind: kind.to_owned(), subject: "key_1".to_owned() };
        let text = serde_json::to_vec(&message).unwrap();
        let data = vec![Value::BulkString(CHANNEL.into()), Value::BulkString(text)];
        PushInfo { kind: PushKind::Message, data }
    }

    #[test]
    fn what_another_instance_publishes_is_heard() {
        let (own, other) = (InstanceId::new(1, [1; 10]), InstanceId::new(1, [2; 10]));
        let notice = Notice { kind: ChangeKind::Key, subject: "key_1".to_owned() };
        assert_eq!(read_message(&push(other, "key"), own), Some(notice));
        assert_eq!(read_message(&push(own, "key"), own), None);
        assert_eq!(read_message(&push(other, "of a later version"), own), None);
    }

    #[test]
    fn what_is_no_message_of_ours_is_left_alone() {
        let own = InstanceId::new(1, [1; 10]);
        let garbage = Value::BulkString(b"{}".to_vec());
        for data in [vec![], vec![garbage.clone()], vec![garbage.clone(), garbage]] {
            assert_eq!(read_message(&PushInfo { kind: PushKind::Message, data }, own), None);
        }
    }
}
