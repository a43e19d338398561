//! Whether this instance hears of changes.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Without having read the changes for so long, nothing remembered is believed.
const BELIEVED_FOR: Duration = Duration::from_secs(4);

/// Whether what is remembered may be believed: only while changes are being read. Cheap to clone; all clones agree.
#[derive(Clone, Debug)]
pub(crate) struct Freshness {
    started: Instant,
    /// Milliseconds from `started` to the last reading, and one more; 0: never.
    read_after_ms: Arc<AtomicU64>,
}

impl Freshness {
    /// Believes nothing until changes were read.
    pub(crate) fn new() -> Self {
        Freshness { started: Instant::now(), read_after_ms: Arc::default() }
    }

    /// Whether what is remembered may be believed.
    pub(crate) fn is_believable(&self) -> bool {
        self.is_believable_at(Instant::now())
    }

    fn is_believable_at(&self, now: Instant) -> bool {
        let read_after_ms = self.read_after_ms.load(Ordering::Acquire);
        let age_ms = (self.ms_until(now) + 1).saturating_sub(read_after_ms);
        read_after_ms > 0 && Duration::from_millis(age_ms) < BELIEVED_FOR
    }

    /// Every change that was committed before `begun` has been told, as far as the database had it.
    pub(crate) fn confirm(&self, begun: Instant) {
        self.read_after_ms.store(self.ms_until(begun) + 1, Ordering::Release);
    }

    fn ms_until(&self, time: Instant) -> u64 {
        let elapsed = time.saturating_duration_since(self.started);
        u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_believed_before_the_first_reading_and_4_seconds_after_the_last() {
        let freshness = Freshness::new();
        let begun = freshness.started + Duration::from_secs(9);
        assert!(!freshness.is_believable_at(begun));
        freshness.confirm(begun);
        assert!(freshness.is_believable_at(begun));
        assert!(freshness.is_believable_at(begun + Duration::from_millis(3_999)));
        assert!(!freshness.is_believable_at(begun + BELIEVED_FOR));
    }
}
