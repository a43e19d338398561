use std::collections::{HashMap, VecDeque};

use crate::connections::ConnectionId;
use crate::notifications::Trouble;

/// How long a pause lasts, in milliseconds.
pub const PAUSE_MS: i64 = 60 * 60 * 1_000;
/// The same trouble is told again after so long.
const AGAIN_MS: i64 = 60 * 60 * 1_000;
/// So many are told of one connection within the window; then one line says that there are more.
const WINDOW_MS: i64 = 10 * 60 * 1_000;
const WINDOW_MAX: usize = 3;
/// Troubles that are remembered; the oldest are forgotten first.
const REMEMBERED_MAX: usize = 1_000;

/// Lets through what is new, and not too much of it. Times are unix milliseconds.
#[derive(Debug, Default)]
pub struct Gate {
    paused_until_ms: i64,
    told: HashMap<Trouble, i64>,
    recent: HashMap<ConnectionId, VecDeque<i64>>,
}

/// What becomes of a trouble.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Tell of it.
    Tell,
    /// Tell that there is more than can be told.
    TellOfMore,
    /// Say nothing.
    Silent,
}

impl Gate {
    /// Says nothing for an hour.
    pub fn pause(&mut self, now_ms: i64) {
        self.paused_until_ms = now_ms.saturating_add(PAUSE_MS);
    }

    /// Speaks again.
    pub fn resume(&mut self) {
        self.paused_until_ms = 0;
    }

    /// Whether it says nothing.
    pub fn is_paused(&self, now_ms: i64) -> bool {
        is_within(self.paused_until_ms.saturating_sub(PAUSE_MS), now_ms, PAUSE_MS)
    }

    /// Decides about a trouble.
    pub fn decide(&mut self, trouble: &Trouble, now_ms: i64) -> Decision {
        if self.is_paused(now_ms) {
            return Decision::Silent;
        }
        if self.told.get(trouble).is_some_and(|told_ms| is_within(*told_ms, now_ms, AGAIN_MS)) {
            return Decision::Silent;
        }
        self.told.retain(|_, told_ms| is_within(*told_ms, now_ms, AGAIN_MS));
        if self.told.len() < REMEMBERED_MAX {
            self.told.insert(trouble.clone(), now_ms);
        }
        let recent = self.recent.entry(trouble.connection).or_default();
        recent.retain(|told_ms| is_within(*told_ms, now_ms, WINDOW_MS));
        if recent.len() > WINDOW_MAX {
            return Decision::Silent;
        }
        recent.push_back(now_ms);
        if recent.len() > WINDOW_MAX { Decision::TellOfMore } else { Decision::Tell }
    }

    /// Forgets a trouble that is over, so that it is told when it comes again.
    pub fn note_over(&mut self, trouble: &Trouble) {
        self.told.remove(trouble);
    }
}

/// Whether `now_ms` is less than `span_ms` after a time. A time to come is none: the clock was wrong and was set back,
/// and would else keep the gate shut until then.
fn is_within(time_ms: i64, now_ms: i64, span_ms: i64) -> bool {
    (0..span_ms).contains(&now_ms.saturating_sub(time_ms))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notifications::TroubleKind;

    fn trouble(connection: ConnectionId, subject: &str) -> Trouble {
        Trouble { connection, kind: TroubleKind::ChannelFailing, subject: subject.to_owned() }
    }

    #[test]
    fn the_same_trouble_is_told_once_an_hour() {
        let (mut gate, site) = (Gate::default(), ConnectionId::draw());
        let down = trouble(site, "chn_1");
        assert_eq!(gate.decide(&down, 0), Decision::Tell);
        assert_eq!(gate.decide(&down, 1), Decision::Silent);
        assert_eq!(gate.decide(&down, AGAIN_MS - 1), Decision::Silent);
        assert_eq!(gate.decide(&down, AGAIN_MS), Decision::Tell);
        // One that was over and comes again is new.
        gate.note_over(&down);
        assert_eq!(gate.decide(&down, AGAIN_MS + 1), Decision::Tell);
    }

    #[test]
    fn a_flood_of_one_site_is_three_lines_and_one_more_and_silences_no_other() {
        let (mut gate, site, other) = (Gate::default(), ConnectionId::draw(), ConnectionId::draw());
        let decided: Vec<_> =
            (0..100).map(|number| gate.decide(&trouble(site, &number.to_string()), number)).collect();
        assert_eq!(decided[..3], [Decision::Tell; 3]);
        assert_eq!(decided[3], Decision::TellOfMore);
        assert!(decided[4..].iter().all(|decision| *decision == Decision::Silent));
        assert_eq!(gate.decide(&trouble(other, "x"), 200), Decision::Tell);
        assert_eq!(gate.decide(&trouble(site, "later"), WINDOW_MS + 3), Decision::Tell);
    }

    #[test]
    fn a_pause_is_silent_for_an_hour_and_can_be_ended() {
        let (mut gate, site) = (Gate::default(), ConnectionId::draw());
        gate.pause(1_000);
        assert!(gate.is_paused(1_000) && gate.is_paused(1_000 + PAUSE_MS - 1));
        assert_eq!(gate.decide(&trouble(site, "a"), 2_000), Decision::Silent);
        gate.resume();
        // What came in the pause is still to be told.
        assert_eq!(gate.decide(&trouble(site, "a"), 3_000), Decision::Tell);
        gate.pause(4_000);
        assert_eq!(gate.decide(&trouble(site, "b"), 4_000 + PAUSE_MS), Decision::Tell);
    }

    #[test]
    fn a_clock_that_is_set_back_does_not_keep_the_gate_shut() {
        let (mut gate, site) = (Gate::default(), ConnectionId::draw());
        let (later, now) = (300_000_000_000, 1_000);
        for number in 0..10 {
            gate.decide(&trouble(site, &number.to_string()), later);
        }
        assert_eq!(gate.decide(&trouble(site, "0"), now), Decision::Tell);
        gate.pause(later);
        assert!(!gate.is_paused(now));
    }

    #[test]
    fn what_is_remembered_does_not_grow_without_end() {
        let (mut gate, site) = (Gate::default(), ConnectionId::draw());
        for number in 0..10_000 {
            gate.decide(&trouble(site, &number.to_string()), 0);
        }
        assert!(gate.told.len() <= REMEMBERED_MAX && gate.recent[&site].len() <= WINDOW_MAX + 1);
    }
}
