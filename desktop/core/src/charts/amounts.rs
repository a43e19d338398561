//! Amounts of money in a chart. They stay whole numbers of billionths of a dollar until they are letters.

pub(super) const NANOS: i64 = 1_000_000_000;

/// An amount with two places, such as `$1,234.50`; below a cent with as many as it takes, at most six.
pub(super) fn write_amount(nanos: i64) -> String {
    let places = match nanos.unsigned_abs() {
        0 => 2,
        less if less < 10_000_000 => 6,
        _ => 2,
    };
    write_with_places(nanos, places)
}

/// An amount at an axis whose marks are `step` apart: no more places than tell the marks apart.
pub(super) fn write_mark(nanos: i64, step: i64) -> String {
    let mut places = 0;
    let mut unit = NANOS;
    while unit > 1 && step % unit != 0 && places < 9 {
        unit /= 10;
        places += 1;
    }
    write_with_places(nanos, places)
}

fn write_with_places(nanos: i64, places: u32) -> String {
    let unit = 10_u64.pow(9 - places.min(9));
    let rounded = (nanos.unsigned_abs() + unit / 2) / unit;
    let base = 10_u64.pow(places.min(9));
    let whole = group_digits(rounded / base);
    let sign = if nanos < 0 && rounded > 0 { "−" } else { "" };
    match places {
        0 => format!("{sign}${whole}"),
        _ => format!("{sign}${whole}.{:0width$}", rounded % base, width = places as usize),
    }
}

/// A number with a comma before each three digits.
pub(super) fn group_digits(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_has_the_places_it_needs() {
        for (nanos, text) in [
            (0, "$0.00"),
            (1_234_500_000_000, "$1,234.50"),
            (-2_150_000_000, "−$2.15"),
            (2_150_000, "$0.002150"),
            (10_000_000, "$0.01"),
            (-1, "$0.000000"),
            (999_999_999, "$1.00"),
            (i64::MAX, "$9,223,372,036.85"),
            (i64::MIN, "−$9,223,372,036.85"),
        ] {
            assert_eq!(write_amount(nanos), text);
        }
    }

    #[test]
    fn marks_have_no_more_places_than_tell_them_apart() {
        assert_eq!(write_mark(40 * NANOS, 20 * NANOS), "$40");
        assert_eq!(write_mark(500_000_000, 500_000_000), "$0.5");
        assert_eq!(write_mark(20_000_000, 20_000_000), "$0.02");
        assert_eq!(write_mark(-2_000 * NANOS, 1_000 * NANOS), "−$2,000");
        assert_eq!(write_mark(0, 1), "$0.000000000");
    }
}
