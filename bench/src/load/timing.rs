//! How long things took, and what of many figures is told.

/// Each power of two is told apart in so many steps, so that no figure is off by more than a 512th.
const STEPS: u64 = 512;
const STEP_BITS: u32 = STEPS.trailing_zeros();

/// How often each duration occurred.
#[derive(Clone, Debug, Default)]
pub(crate) struct Timing {
    counts: Vec<u64>,
    total: u64,
}

impl Timing {
    /// Adds one duration.
    pub fn add(&mut self, nanos: u64) {
        let place = place_of(nanos);
        if place >= self.counts.len() {
            self.counts.resize(place + 1, 0);
        }
        self.counts[place] += 1;
        self.total += 1;
    }

    /// Adds all of another's.
    pub fn merge(&mut self, other: &Timing) {
        if other.counts.len() > self.counts.len() {
            self.counts.resize(other.counts.len(), 0);
        }
        for (count, more) in self.counts.iter_mut().zip(&other.counts) {
            *count += more;
        }
        self.total += other.total;
    }

    /// How many durations there are.
    pub fn count(&self) -> u64 {
        self.total
    }

    /// The duration that so many of a hundred do not exceed, in milliseconds; 0 when there is none.
    pub fn percentile_ms(&self, percentile: f64) -> f64 {
        let wanted = (self.total as f64 * percentile / 100.0).ceil().max(1.0) as u64;
        let mut seen = 0;
        for (place, count) in self.counts.iter().enumerate() {
            seen += count;
            if seen >= wanted {
                return middle_of(place) / 1e6;
            }
        }
        0.0
    }
}

/// Where a duration is counted: exactly while it is below two times the steps, then by its leading bits.
fn place_of(nanos: u64) -> usize {
    let shift = (u64::BITS - nanos.leading_zeros()).saturating_sub(STEP_BITS + 1);
    let place = u64::from(shift) * STEPS + (nanos >> shift);
    usize::try_from(place).unwrap_or(usize::MAX)
}

/// The middle of the durations that are counted at a place.
fn middle_of(place: usize) -> f64 {
    let place = place as u64;
    let shift = (place / STEPS).saturating_sub(1);
    let first = (place - shift * STEPS) << shift;
    first as f64 + ((1_u64 << shift) - 1) as f64 / 2.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_those_of_the_durations() {
        let mut timing = Timing::default();
        for microseconds in 1..=10_000_u64 {
            timing.add(microseconds * 1_000);
        }
        for (percentile, expected) in [(50.0, 5.0), (99.0, 9.9), (100.0, 10.0)] {
            let found = timing.percentile_ms(percentile);
            assert!((found / expected - 1.0).abs() < 0.002, "p{percentile}: {found} ms");
        }
    }

    #[test]
    fn merged_timings_count_both() {
        let (mut one, mut two) = (Timing::default(), Timing::default());
        one.add(1_000_000);
        two.add(90_000_000_000);
        one.merge(&two);
        assert_eq!(one.count(), 2);
        assert!(one.percentile_ms(100.0) > 89_000.0);
    }

    #[test]
    fn every_duration_is_told_within_a_five_hundred_and_twelfth() {
        for bits in 0..63 {
            for nanos in [(1_u64 << bits) - 1, 1 << bits, (1 << bits) + 1, (3 << bits) / 2] {
                let told = middle_of(place_of(nanos));
                assert!((told - nanos as f64).abs() <= nanos as f64 / 512.0, "{nanos} is told as {told}");
            }
        }
    }

    #[test]
    fn nothing_timed_is_zero() {
        assert_eq!(Timing::default().percentile_ms(99.0), 0.0);
    }
}
