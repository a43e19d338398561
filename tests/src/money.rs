//! Amounts as whole numbers, so that tests compare them exactly.

/// A decimal of USD as nano-USD. Panics on anything else, and on more than nine digits after the point.
pub fn nanos(decimal: &str) -> i64 {
    let (sign, digits) = match decimal.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, decimal),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    assert!(fraction.len() <= 9, "{decimal} is finer than a nano-USD");
    let whole: i64 = whole.parse().unwrap_or_else(|_| panic!("{decimal:?} is no amount"));
    let fraction: i64 =
        format!("{fraction:0<9}").parse().unwrap_or_else(|_| panic!("{decimal:?} is no amount"));
    sign * (whole * 1_000_000_000 + fraction)
}

#[cfg(test)]
mod tests {
    use super::nanos;

    #[test]
    fn decimals_are_read_to_the_last_digit() {
        assert_eq!(nanos("0.000002150"), 2_150);
        assert_eq!(nanos("10"), 10_000_000_000);
        assert_eq!(nanos("-0.5"), -500_000_000);
    }
}
