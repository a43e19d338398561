//! Where the marks of an axis are.

/// An axis from `low` to `high`, both of them multiples of `step`, with zero between or at an end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Scale {
    pub(super) low: i64,
    pub(super) high: i64,
    pub(super) step: i64,
}

/// About so many marks.
const MARKS: i64 = 4;

impl Scale {
    /// The axis that all values fit on.
    pub(super) fn fit(values: impl IntoIterator<Item = i64>) -> Self {
        let (mut least, mut most) = (0_i64, 0_i64);
        for value in values {
            least = least.min(value);
            most = most.max(value);
        }
        // Beyond this steps would not fit; nobody has such an amount.
        let (least, most) = (least.max(i64::MIN / 8), most.min(i64::MAX / 8));
        let span = most.saturating_sub(least);
        if span == 0 {
            return Scale { low: 0, high: MARKS, step: 1 };
        }
        let step = round_step((span / MARKS).max(1));
        let low = least.div_euclid(step) * step;
        let high = (most + step - 1).div_euclid(step) * step;
        Scale { low, high: high.max(low + step), step }
    }

    /// The marks, from the lowest on.
    pub(super) fn marks(self) -> impl Iterator<Item = i64> {
        (0..=(self.high - self.low) / self.step).map(move |number| self.low + number * self.step)
    }

    /// How far along the axis a value is, in parts of `length`.
    pub(super) fn place(self, value: i64, length: i32) -> i32 {
        let span = i128::from(self.high) - i128::from(self.low);
        let along = i128::from(value.clamp(self.low, self.high)) - i128::from(self.low);
        i32::try_from(along * i128::from(length) / span.max(1)).unwrap_or(length)
    }
}

/// The next of 1, 2, 5, 10, 20 … that is not less.
fn round_step(least: i64) -> i64 {
    let mut power = 1_i64;
    loop {
        for factor in [1, 2, 5] {
            match power.checked_mul(factor) {
                Some(step) if step >= least => return step,
                Some(_) => {}
                None => return least,
            }
        }
        match power.checked_mul(10) {
            Some(next) => power = next,
            None => return least,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_round_and_hold_every_value_and_zero() {
        for (values, low, high, step) in [
            (vec![0, 3, 97], 0, 100, 50),
            (vec![12_300_000_000], 0, 15_000_000_000, 5_000_000_000),
            (vec![-30, 50], -40, 60, 20),
            (vec![-7], -7, 0, 1),
            (vec![], 0, 4, 1),
            (vec![1], 0, 1, 1),
        ] {
            let scale = Scale::fit(values.clone());
            assert_eq!(scale, Scale { low, high, step }, "{values:?}");
            assert!(scale.marks().any(|mark| mark == 0) && scale.marks().count() <= 9);
        }
    }

    #[test]
    fn the_largest_amounts_fit() {
        for values in [vec![i64::MAX], vec![i64::MIN], vec![i64::MIN, i64::MAX]] {
            let scale = Scale::fit(values);
            assert!(scale.marks().count() <= 9 && scale.low <= 0 && scale.high >= 0, "{scale:?}");
            assert_eq!(scale.place(i64::MAX, 1_000), 1_000);
            assert_eq!(scale.place(scale.low, 1_000), 0);
        }
    }

    #[test]
    fn a_value_is_as_far_along_as_it_is_large() {
        let scale = Scale { low: -50, high: 50, step: 25 };
        assert_eq!([-50, 0, 25, 50].map(|value| scale.place(value, 200)), [0, 100, 150, 200]);
    }
}
