//! Whole hours of unix milliseconds, as rows are kept by them.

use crate::ledger_lanes::HOUR_MS;

/// The most hours that one statement names: 32 days.
const HOURS_AT_ONCE: usize = 768;

/// The beginning of the hour that a time lies in.
pub(crate) fn hour_of(unix_ms: i64) -> i64 {
    unix_ms.saturating_sub(unix_ms.rem_euclid(HOUR_MS))
}

/// The hours that begin at `from_ms` or later and before `until_ms`, in order.
pub(crate) fn hours_between(from_ms: i64, until_ms: i64) -> Vec<i64> {
    let first = hour_of(from_ms.saturating_add(HOUR_MS - 1));
    std::iter::successors(Some(first), |hour| hour.checked_add(HOUR_MS))
        .take_while(|hour| *hour < until_ms)
        .collect()
}

/// Hours in lists that a statement can name.
pub(crate) fn chunks_of_hours(hours: &[i64]) -> impl Iterator<Item = &[i64]> {
    hours.chunks(HOURS_AT_ONCE)
}

/// The most hours that are looked at together.
pub(crate) fn hours_at_once() -> i64 {
    i64::try_from(HOURS_AT_ONCE).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_are_those_that_begin_between_two_times() {
        let hour = |number: i64| number * HOUR_MS;
        assert_eq!(hours_between(hour(2), hour(4)), [hour(2), hour(3)]);
        assert_eq!(hours_between(hour(2) + 1, hour(4) + 1), [hour(3), hour(4)]);
        assert_eq!(hours_between(hour(2) - 1, hour(2) - 1), Vec::<i64>::new());
        assert_eq!(hours_between(hour(-2), hour(0)), [hour(-2), hour(-1)]);
        assert_eq!((hour_of(hour(3) + 5), hour_of(-1)), (hour(3), hour(-1)));
    }
}
