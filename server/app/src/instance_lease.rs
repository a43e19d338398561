//! Whether this process may relay: only while the others believe that it lives.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Others believe in the lease for 30 s; a process that could not renew it stops well before.
const BELIEVED: Duration = Duration::from_secs(20);

/// When the instance's lease was last renewed, by this process's own steady clock.
#[derive(Debug)]
pub(crate) struct InstanceLease {
    started: Instant,
    /// Milliseconds from `started` to the start of the last renewal that succeeded, plus one; 0 before the first.
    renewed: AtomicU64,
}

impl Default for InstanceLease {
    fn default() -> Self {
        InstanceLease { started: Instant::now(), renewed: AtomicU64::new(0) }
    }
}

impl InstanceLease {
    /// Notes a renewal that was begun at `begun` and succeeded.
    pub(crate) fn note_renewal(&self, begun: Instant) {
        let millis = self.millis(begun).saturating_add(1);
        self.renewed.fetch_max(millis, Ordering::Relaxed);
    }

    /// Whether calls may be relayed.
    pub(crate) fn is_held(&self) -> bool {
        self.is_held_at(Instant::now())
    }

    fn is_held_at(&self, now: Instant) -> bool {
        let renewed = self.renewed.load(Ordering::Relaxed);
        let age = self.millis(now).saturating_add(1).saturating_sub(renewed);
        renewed > 0 && Duration::from_millis(age) < BELIEVED
    }

    fn millis(&self, at: Instant) -> u64 {
        u64::try_from(at.saturating_duration_since(self.started).as_millis()).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lease_is_held_for_20_seconds_after_the_start_of_its_renewal() {
        let lease = InstanceLease::default();
        assert!(!lease.is_held_at(lease.started));
        let begun = lease.started + Duration::from_secs(3);
        lease.note_renewal(begun);
        assert!(lease.is_held_at(begun + Duration::from_millis(19_999)));
        assert!(!lease.is_held_at(begun + Duration::from_millis(20_000)));
        lease.note_renewal(lease.started);
        assert!(
            lease.is_held_at(begun + Duration::from_millis(19_999)),
            "an older renewal takes nothing back"
        );
    }
}
