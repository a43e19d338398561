//! Percentiles of samples that stand for different numbers of calls.

/// A measured value, and how many calls it stands for.
pub(super) type Weighed = (i64, u64);

/// The least value that `percent` of 100 calls do not exceed; none: there are no calls. `values` are in order.
pub(super) fn percentile(values: &[Weighed], percent: u64) -> Option<i64> {
    let all: u128 = values.iter().map(|(_, weight)| u128::from(*weight)).sum();
    let mut passed = 0_u128;
    values
        .iter()
        .find(|(_, weight)| {
            passed += u128::from(*weight);
            passed * 100 >= all * u128::from(percent)
        })
        .map(|(value, _)| *value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_the_value_that_so_many_calls_do_not_exceed() {
        let even: Vec<Weighed> = (1..=100).map(|value| (value, 1)).collect();
        assert_eq!((percentile(&even, 50), percentile(&even, 95)), (Some(50), Some(95)));
        assert_eq!(percentile(&[(7, 1)], 95), Some(7));
        assert_eq!(percentile(&[], 50), None);
    }

    #[test]
    fn a_value_counts_for_as_many_calls_as_it_stands_for() {
        let values = [(10, 1), (20, 98), (900, 1)];
        assert_eq!((percentile(&values, 1), percentile(&values, 50)), (Some(10), Some(20)));
        assert_eq!((percentile(&values, 99), percentile(&values, 100)), (Some(20), Some(900)));
    }
}
