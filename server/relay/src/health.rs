//! Which channels and credentials are left alone for a while after they failed.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;
use waystation_ids::{ChannelId, CredentialId};

use crate::failure::Failure;

const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// A whole channel, or one of its credentials.
type Subject = (ChannelId, Option<CredentialId>);

/// What failed lately. A pause only changes the order in which ways are tried: while there is no other way, a
/// pausing one is used all the same, so one bad answer never disables a channel.
#[derive(Debug, Default)]
pub(crate) struct Health {
    pauses: Mutex<HashMap<Subject, Pause>>,
    /// How many subjects pause, so that a healthy site takes no lock.
    count: AtomicUsize,
}

#[derive(Clone, Copy, Debug)]
struct Pause {
    until: Instant,
    failures_in_a_row: u32,
}

impl Health {
    /// Whether the channel or this credential of it pauses.
    pub fn is_pausing(&self, channel: ChannelId, credential: Option<CredentialId>, now: Instant) -> bool {
        if self.count.load(Ordering::Relaxed) == 0 {
            return false;
        }
        let pauses = self.lock();
        let pausing = |subject: Subject| pauses.get(&subject).is_some_and(|pause| pause.until > now);
        pausing((channel, None)) || (credential.is_some() && pausing((channel, credential)))
    }

    /// Notes a failure. The pause doubles with each failure in a row, unless the upstream named one.
    pub fn record_failure(
        &self,
        channel: ChannelId,
        credential: Option<CredentialId>,
        failure: &Failure,
        now: Instant,
    ) {
        if !failure.is_worth_another_try() {
            return;
        }
        let subject = (channel, credential.filter(|_| !failure.is_of_channel()));
        let mut pauses = self.lock();
        let pause = pauses.entry(subject).or_insert(Pause { until: now, failures_in_a_row: 0 });
        let doubled = FIRST_PAUSE.saturating_mul(1 << pause.failures_in_a_row.min(8)).min(LONGEST_PAUSE);
        pause.failures_in_a_row = pause.failures_in_a_row.saturating_add(1);
        pause.until = now + failure.retry_after.unwrap_or(doubled);
        self.count.store(pauses.len(), Ordering::Relaxed);
    }

    /// Notes a success: what failed before is forgotten.
    pub fn record_success(&self, channel: ChannelId, credential: Option<CredentialId>) {
        if self.count.load(Ordering::Relaxed) == 0 {
            return;
        }
        let mut pauses = self.lock();
        pauses.remove(&(channel, None));
        pauses.remove(&(channel, credential));
        self.count.store(pauses.len(), Ordering::Relaxed);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Subject, Pause>> {
        // No code that holds the lock can leave the map half-changed.
        self.pauses.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::FailureKind;

    fn channel(number: u8) -> ChannelId {
        ChannelId::new(0, [number; 10])
    }

    fn credential(number: u8) -> Option<CredentialId> {
        Some(CredentialId::new(0, [number; 10]))
    }

    #[tokio::test(start_paused = true)]
    async fn pauses_double_up_to_half_a_minute_and_end_with_a_success() {
        let health = Health::default();
        let failure = Failure::new(FailureKind::ServerError, None);
        for seconds in [1, 2, 4, 8, 16, 30, 30] {
            let now = Instant::now();
            health.record_failure(channel(1), credential(1), &failure, now);
            let nearly = now + Duration::from_millis(seconds * 1000 - 1);
            assert!(health.is_pausing(channel(1), credential(2), nearly), "{seconds}");
            assert!(!health.is_pausing(channel(1), credential(2), now + Duration::from_secs(seconds)));
        }
        health.record_success(channel(1), credential(1));
        assert!(!health.is_pausing(channel(1), credential(1), Instant::now()));
    }

    #[tokio::test(start_paused = true)]
    async fn a_refused_credential_leaves_the_others_of_its_channel_alone() {
        let health = Health::default();
        let now = Instant::now();
        let wait = Some(Duration::from_secs(200));
        let failure = Failure { retry_after: wait, ..Failure::new(FailureKind::RateLimited, None) };
        health.record_failure(channel(1), credential(1), &failure, now);
        assert!(health.is_pausing(channel(1), credential(1), now + Duration::from_secs(199)));
        assert!(!health.is_pausing(channel(1), credential(2), now));
        assert!(!health.is_pausing(channel(2), credential(1), now));
    }
}
