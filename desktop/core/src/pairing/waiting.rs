//! The proposal that waits for somebody's answer.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::pairing::{PairingLink, Proposal};

/// A code is good for so long.
const LASTS: Duration = Duration::from_secs(5 * 60);

/// The one proposal that is shown. Anybody can have a link opened, as often as they like: it takes the place of none that
/// somebody is about to answer, and only one such site is looked at at a time.
#[derive(Debug, Default)]
pub struct Waiting(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    is_looking: bool,
    kept: Option<Kept>,
}

#[derive(Debug)]
struct Kept {
    link: PairingLink,
    proposal: Proposal,
    since: Instant,
}

/// The leave to look at the site of a link that another program has opened. It ends when this is dropped.
#[derive(Debug)]
pub struct Look<'a>(&'a Waiting);

impl Waiting {
    /// Gives leave to look at the site of a link that another program has opened; none: one is looked at, or waits.
    pub fn admit(&self, now: Instant) -> Option<Look<'_>> {
        let mut state = self.state();
        if state.is_looking || state.waits(now) {
            return None;
        }
        state.is_looking = true;
        Some(Look(self))
    }

    /// Keeps what somebody has asked for in the window, in the place of any other.
    pub fn keep(&self, link: PairingLink, proposal: Proposal, now: Instant) {
        self.state().kept = Some(Kept { link, proposal, since: now });
    }

    /// The proposal that waits.
    pub fn proposal(&self) -> Option<Proposal> {
        self.state().kept.as_ref().map(|kept| kept.proposal.clone())
    }

    /// Takes what waits, to answer it.
    pub fn take(&self) -> Option<(PairingLink, Proposal)> {
        self.state().kept.take().map(|kept| (kept.link, kept.proposal))
    }

    /// Puts back what was taken and could not be answered, unless another waits by now.
    pub fn put_back(&self, link: PairingLink, proposal: Proposal, now: Instant) {
        self.state().kept.get_or_insert(Kept { link, proposal, since: now });
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn waits(&self, now: Instant) -> bool {
        self.kept.as_ref().is_some_and(|kept| now.saturating_duration_since(kept.since) < LASTS)
    }
}

impl Look<'_> {
    /// Keeps what was seen, unless somebody has asked for another meanwhile; whether it was kept.
    pub fn keep(self, link: PairingLink, proposal: Proposal, now: Instant) -> bool {
        let mut state = self.0.state();
        let is_free = !state.waits(now);
        if is_free {
            state.kept = Some(Kept { link, proposal, since: now });
        }
        is_free
    }
}

impl Drop for Look<'_> {
    fn drop(&mut self) {
        self.0.state().is_looking = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pairing::{Link, read_link};

    fn proposed(host: &str) -> (PairingLink, Proposal) {
        let text = format!("waystation://pair?u=https%3A%2F%2F{host}&c={}", "c".repeat(43));
        let Link::Pair(link) = read_link(&text).unwrap() else { panic!("{text}") };
        let (address, host) = (link.address.to_string(), link.address.host().to_owned());
        let proposal = Proposal {
            address,
            host,
            is_loopback: false,
            expected: None,
            seen: None,
            may_pair: false,
            tls: None,
            replaces: None,
        };
        (link, proposal)
    }

    fn host(waiting: &Waiting) -> Option<String> {
        waiting.proposal().map(|proposal| proposal.host)
    }

    #[test]
    fn a_link_takes_the_place_of_no_proposal_that_is_about_to_be_answered() {
        let (waiting, now) = (Waiting::default(), Instant::now());
        let (link, proposal) = proposed("good.example.com");
        let look = waiting.admit(now).unwrap();
        // A hundred links are one look.
        assert!(waiting.admit(now).is_none());
        assert!(look.keep(link, proposal, now));
        assert!(waiting.admit(now).is_none());
        assert_eq!(host(&waiting).as_deref(), Some("good.example.com"));
        // What was answered, or whose code has run out, is in nobody's way.
        assert!(waiting.admit(now + LASTS).is_some());
        assert!(waiting.take().is_some());
        assert!(waiting.admit(now).is_some());
    }

    #[test]
    fn what_somebody_asks_for_goes_before_what_a_link_brings() {
        let (waiting, now) = (Waiting::default(), Instant::now());
        let look = waiting.admit(now).unwrap();
        let (link, proposal) = proposed("asked.example.com");
        waiting.keep(link, proposal, now);
        let (link, proposal) = proposed("evil.example.com");
        assert!(!look.keep(link, proposal, now));
        assert_eq!(host(&waiting).as_deref(), Some("asked.example.com"));
    }
}
