//! Answers of the database that are remembered for a few seconds, and forgotten as soon as they are known to be old.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{PoisonError, RwLock};
use std::time::Duration;

use moka::future::Cache;
use thiserror::Error;
use tokio::time::Instant;

use crate::changes::Freshness;

/// No answer is remembered for longer, so that what was forgotten before needs no mark any more.
const REMEMBERED_MAX: Duration = Duration::from_secs(5);
const MARKS_KEPT: Duration = Duration::from_secs(10);
const MARKS_PRUNED_AT: usize = 1_024;

/// That something is not there is remembered for less: it may come, and nobody may tell.
pub(crate) const NOTHING_REMEMBERED: Duration = Duration::from_secs(1);

/// The database could not be read; why was logged where it happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the database could not be read")]
pub(crate) struct Unread;

/// An answer and the time its reading began: what changed later it does not know.
#[derive(Clone, Debug)]
pub(crate) struct Answer<V> {
    /// What was read.
    pub(crate) value: V,
    /// When its reading began.
    pub(crate) read_at: Instant,
}

/// Answers by what was asked.
pub(crate) struct Remembered<K, V> {
    answers: Cache<K, Result<Answer<V>, Unread>>,
    freshness: Freshness,
}

impl<K, V> Remembered<K, V>
where
    K: Hash + Eq + Clone + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
{
    /// Remembers at most so many answers.
    pub(crate) fn new(capacity: u64, freshness: Freshness) -> Self {
        let answers = Cache::builder().max_capacity(capacity).time_to_live(REMEMBERED_MAX).build();
        Remembered { answers, freshness }
    }

    /// The answer to `key`: the remembered one if it is current, else what `read` gives. Those who ask for the same
    /// at once share one reading.
    pub(crate) async fn get_or_read<F, R>(
        &self,
        key: &K,
        is_current: impl Fn(&Answer<V>) -> bool + Send + Sync,
        read: R,
    ) -> Result<V, Unread>
    where
        F: Future<Output = Result<Answer<V>, Unread>> + Send,
        R: Fn() -> F + Send + Sync,
    {
        if self.freshness.is_believable() {
            let is_old = |kept: &Result<Answer<V>, Unread>| {
                kept.as_ref().map_or(true, |answer| answer.is_overdue() || !is_current(answer))
            };
            let answer =
                self.answers.entry_by_ref(key).or_insert_with_if(read(), is_old).await.into_value()?;
            if is_current(&answer) {
                return Ok(answer.value);
            }
            // A reading that was shared began before a change that has been heard of by now.
        }
        Ok(read().await?.value)
    }
}

impl<V> Answer<V> {
    fn is_overdue(&self) -> bool {
        self.read_at.elapsed() >= REMEMBERED_MAX
    }
}

/// Marks for what changed: an answer about it is current only if its reading began after the mark was made.
/// Taking answers out instead would miss those that are being read just now.
#[derive(Debug)]
pub(crate) struct Forgotten<K>(RwLock<Marks<K>>);

#[derive(Debug)]
struct Marks<K> {
    made_at: HashMap<K, Instant>,
    last_made_at: Option<Instant>,
}

impl<K> Default for Forgotten<K> {
    fn default() -> Self {
        Forgotten(RwLock::new(Marks { made_at: HashMap::new(), last_made_at: None }))
    }
}

impl<K: Hash + Eq> Forgotten<K> {
    /// What was read about `key` so far is old.
    pub(crate) fn forget(&self, key: K) {
        let mut marks = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if marks.made_at.len() >= MARKS_PRUNED_AT {
            marks.made_at.retain(|_, made_at| made_at.elapsed() < MARKS_KEPT);
        }
        let now = Instant::now();
        marks.made_at.insert(key, now);
        marks.last_made_at = Some(now);
    }

    /// Whether nothing is known to have changed about `key` since `read_at`.
    pub(crate) fn is_current(&self, key: &K, read_at: Instant) -> bool {
        let marks = self.0.read().unwrap_or_else(PoisonError::into_inner);
        marks.made_at.get(key).is_none_or(|made_at| read_at > *made_at)
    }

    /// Whether nothing at all is known to have changed since `read_at`: an answer that found nothing may be about
    /// whatever did.
    pub(crate) fn is_all_current(&self, read_at: Instant) -> bool {
        let marks = self.0.read().unwrap_or_else(PoisonError::into_inner);
        marks.last_made_at.is_none_or(|made_at| read_at > made_at)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use tokio::sync::Notify;
    use tokio::time::advance;

    use super::*;

    struct Readings {
        remembered: Remembered<u8, u32>,
        forgotten: Forgotten<u8>,
        count: AtomicU32,
    }

    impl Readings {
        fn new() -> Self {
            let freshness = Freshness::new();
            freshness.confirm(std::time::Instant::now());
            Readings::with(freshness)
        }

        fn with(freshness: Freshness) -> Self {
            Readings {
                remembered: Remembered::new(10, freshness),
                forgotten: Forgotten::default(),
                count: AtomicU32::new(0),
            }
        }

        /// The number of the reading that answered.
        async fn get(&self) -> u32 {
            let is_current = |answer: &Answer<u32>| self.forgotten.is_current(&1, answer.read_at);
            let read = || async {
                let read_at = Instant::now();
                Ok(Answer { value: self.count.fetch_add(1, Ordering::Relaxed) + 1, read_at })
            };
            self.remembered.get_or_read(&1, is_current, read).await.unwrap()
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_is_read_again_after_five_seconds() {
        let readings = Readings::new();
        assert_eq!((readings.get().await, readings.get().await), (1, 1));
        advance(Duration::from_secs(5)).await;
        assert_eq!((readings.get().await, readings.get().await), (2, 2));
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_forgotten_is_read_again() {
        let readings = Readings::new();
        assert_eq!(readings.get().await, 1);
        readings.forgotten.forget(1);
        advance(Duration::from_millis(1)).await;
        assert_eq!((readings.get().await, readings.get().await), (2, 2));
        readings.forgotten.forget(7);
        advance(Duration::from_millis(1)).await;
        assert_eq!(readings.get().await, 2);
        let read_at = Instant::now();
        assert!(readings.forgotten.is_all_current(read_at));
        readings.forgotten.forget(8);
        assert!(!readings.forgotten.is_all_current(read_at));
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_is_remembered_while_changes_are_not_heard_of() {
        let readings = Readings::with(Freshness::new());
        assert_eq!((readings.get().await, readings.get().await), (1, 2));
    }

    #[tokio::test(start_paused = true)]
    async fn those_who_ask_at_once_share_one_reading() {
        let readings = Readings::new();
        let answers = futures_util::future::join_all((0..20).map(|_| readings.get())).await;
        assert_eq!(answers, [1; 20]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_reading_that_began_before_a_change_does_not_answer_after_it() {
        let readings = Readings::new();
        let started = Notify::new();
        let go_on = Notify::new();
        let slow = readings.remembered.get_or_read(
            &1,
            |answer| readings.forgotten.is_current(&1, answer.read_at),
            || async {
                let read_at = Instant::now();
                started.notify_one();
                go_on.notified().await;
                Ok(Answer { value: 99, read_at })
            },
        );
        let change = async {
            started.notified().await;
            readings.forgotten.forget(1);
            advance(Duration::from_millis(1)).await;
            go_on.notify_one();
            // The slow reading is repeated, as its first answer is old by now.
            started.notified().await;
            go_on.notify_one();
        };
        let (answer, ()) = tokio::join!(slow, change);
        assert_eq!(answer, Ok(99));
        assert_eq!(readings.get().await, 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_failed_reading_is_not_remembered() {
        let readings = Readings::new();
        let failed = readings.remembered.get_or_read(&1, |_| true, || async { Err(Unread) }).await;
        assert_eq!(failed, Err(Unread));
        assert_eq!(readings.get().await, 1);
    }
}
