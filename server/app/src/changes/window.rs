//! Which of the rows that were read are new.

use std::collections::BTreeMap;

use waystation_store::Change;

/// Rows may appear so much later than their time says: it is taken before the commit.
const LATE_MS: i64 = 10_000;

/// The rows of the last while. Reading them again and again is what finds those that were committed late: their
/// numbers and times lie before others that were seen already.
#[derive(Debug, Default)]
pub(super) struct ChangeWindow {
    /// When rows were last read, by the database's clock.
    read_at_ms: Option<i64>,
    /// The time of each row in the window, by number.
    seen: BTreeMap<i64, i64>,
}

impl ChangeWindow {
    /// From which time on to read at `now_ms`, both by the database's clock. A pause is read in full.
    pub(super) fn since_ms(&self, now_ms: i64) -> i64 {
        self.read_at_ms.map_or(now_ms, |read_at_ms| read_at_ms.min(now_ms)).saturating_sub(LATE_MS)
    }

    /// How long nothing was read until `now_ms`; the whole past at the first time.
    pub(super) fn pause_ms(&self, now_ms: i64) -> i64 {
        self.read_at_ms.map_or(i64::MAX, |read_at_ms| now_ms.saturating_sub(read_at_ms))
    }

    /// Those of the rows read at `now_ms` that were not seen before.
    pub(super) fn take_new(&mut self, now_ms: i64, read: Vec<Change>) -> Vec<Change> {
        self.read_at_ms = Some(now_ms);
        let new = read
            .into_iter()
            .filter(|change| self.seen.insert(change.id, change.created_at_ms).is_none())
            .collect();
        let next_since_ms = self.since_ms(now_ms);
        self.seen.retain(|_, created_at_ms| *created_at_ms >= next_since_ms);
        new
    }
}

#[cfg(test)]
mod tests {
    use waystation_store::ChangeKind;

    use super::*;

    fn change(id: i64, created_at_ms: i64) -> Change {
        Change { id, kind: Some(ChangeKind::Key), subject: id.to_string(), created_at_ms }
    }

    fn ids(changes: &[Change]) -> Vec<i64> {
        changes.iter().map(|change| change.id).collect()
    }

    #[test]
    fn a_row_is_new_once() {
        let mut window = ChangeWindow::default();
        let read = vec![change(1, 90_000), change(2, 95_000)];
        assert_eq!(ids(&window.take_new(100_000, read.clone())), [1, 2]);
        assert_eq!(ids(&window.take_new(101_000, read)), [] as [i64; 0]);
    }

    #[test]
    fn a_row_that_was_committed_late_is_new_although_later_ones_were_seen() {
        let mut window = ChangeWindow::default();
        assert_eq!(ids(&window.take_new(100_000, vec![change(8, 99_000)])), [8]);
        assert_eq!(window.since_ms(101_000), 90_000);
        let read = vec![change(7, 91_500), change(8, 99_000), change(9, 101_000)];
        assert_eq!(ids(&window.take_new(101_000, read)), [7, 9]);
    }

    #[test]
    fn a_pause_is_read_in_full() {
        let mut window = ChangeWindow::default();
        assert_eq!((window.since_ms(100_000), window.pause_ms(100_000)), (90_000, i64::MAX));
        window.take_new(100_000, Vec::new());
        assert_eq!((window.since_ms(160_000), window.pause_ms(160_000)), (90_000, 60_000));
    }

    #[test]
    fn a_clock_that_goes_back_hides_nothing() {
        let mut window = ChangeWindow::default();
        window.take_new(100_000, vec![change(1, 99_000)]);
        assert_eq!(window.since_ms(50_000), 40_000);
        assert_eq!(ids(&window.take_new(50_000, vec![change(1, 99_000), change(2, 49_000)])), [2]);
    }

    #[test]
    fn what_cannot_be_read_again_is_forgotten() {
        let mut window = ChangeWindow::default();
        window.take_new(100_000, (0..100).map(|id| change(id, 95_000)).collect());
        window.take_new(110_000, Vec::new());
        assert!(window.seen.is_empty());
    }
}
