//! How values are spread.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// What the values of a histogram are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Microseconds; written as seconds.
    Microseconds,
    /// Things that were counted.
    Count,
}

/// Counts values by the first bound that they do not exceed.
#[derive(Debug)]
pub struct Histogram {
    unit: Unit,
    bounds: &'static [u64],
    /// One for each bound, and one for what is beyond.
    buckets: Box<[AtomicU64]>,
    sum: AtomicU64,
}

/// 100 µs to 10 s.
const TIME_BOUNDS: &[u64] = &[
    100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000,
    2_500_000, 5_000_000, 10_000_000,
];

impl Histogram {
    /// A histogram of times.
    pub fn of_times() -> Self {
        Histogram::new(Unit::Microseconds, TIME_BOUNDS)
    }

    /// A histogram of counts, with these bounds in rising order.
    pub fn of_counts(bounds: &'static [u64]) -> Self {
        Histogram::new(Unit::Count, bounds)
    }

    fn new(unit: Unit, bounds: &'static [u64]) -> Self {
        let buckets = (0..=bounds.len()).map(|_| AtomicU64::new(0)).collect();
        Histogram { unit, bounds, buckets, sum: AtomicU64::new(0) }
    }

    /// Counts a value.
    pub fn observe(&self, value: u64) {
        let place = self.bounds.partition_point(|bound| *bound < value);
        if let Some(bucket) = self.buckets.get(place) {
            bucket.fetch_add(1, Ordering::Relaxed);
        }
        self.sum.fetch_add(value, Ordering::Relaxed);
    }

    /// Counts a time.
    pub fn observe_time(&self, time: Duration) {
        self.observe(u64::try_from(time.as_micros()).unwrap_or(u64::MAX));
    }

    /// What the values are.
    pub fn unit(&self) -> Unit {
        self.unit
    }

    /// The sum of all values.
    pub fn sum(&self) -> u64 {
        self.sum.load(Ordering::Relaxed)
    }

    /// How many values there were up to each bound; the last one, without a bound, counts all.
    pub fn cumulated(&self) -> impl Iterator<Item = (Option<u64>, u64)> {
        let bounds = self.bounds.iter().copied().map(Some).chain([None]);
        bounds.zip(self.buckets.iter()).scan(0, |before: &mut u64, (bound, bucket)| {
            *before += bucket.load(Ordering::Relaxed);
            Some((bound, *before))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_counts_up_to_its_bound_and_beyond() {
        let histogram = Histogram::of_counts(&[1, 4]);
        for value in [0, 1, 2, 4, 5] {
            histogram.observe(value);
        }
        assert_eq!(histogram.cumulated().collect::<Vec<_>>(), [(Some(1), 2), (Some(4), 4), (None, 5)]);
        assert_eq!(histogram.sum(), 12);
    }
}
