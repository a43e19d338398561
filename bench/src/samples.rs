//! One figure measured in several rounds.

/// The values of all rounds.
#[derive(Clone, Debug, Default)]
pub(crate) struct Samples {
    values: Vec<f64>,
}

impl Samples {
    /// Adds a round's value.
    pub fn add(&mut self, value: f64) {
        self.values.push(value);
        self.values.sort_by(f64::total_cmp);
    }

    /// The one in the middle, or between the two in the middle; nothing when there is none.
    pub fn median(&self) -> Option<f64> {
        let count = self.values.len();
        let upper = *self.values.get(count / 2)?;
        let lower = *self.values.get(count.checked_sub(1)? / 2)?;
        Some((lower + upper) / 2.0)
    }

    /// The median with the range of all rounds behind it.
    pub fn text(&self, decimals: usize) -> String {
        match (self.median(), self.values.first(), self.values.last()) {
            (Some(median), Some(least), Some(most)) if self.values.len() > 1 => {
                format!("{median:.decimals$} ({least:.decimals$}–{most:.decimals$})")
            }
            (Some(median), _, _) => format!("{median:.decimals$}"),
            _ => "–".to_owned(),
        }
    }
}

/// The rise of a straight line through points (x, y), as least squares lay it.
pub(crate) fn slope(points: &[(f64, f64)]) -> f64 {
    let count = points.len().max(1) as f64;
    let middle_x = points.iter().map(|(x, _)| x).sum::<f64>() / count;
    let middle_y = points.iter().map(|(_, y)| y).sum::<f64>() / count;
    let spread: f64 = points.iter().map(|(x, _)| (x - middle_x).powi(2)).sum();
    let common: f64 = points.iter().map(|(x, y)| (x - middle_x) * (y - middle_y)).sum();
    if spread > 0.0 { common / spread } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn samples(values: &[f64]) -> Samples {
        let mut samples = Samples::default();
        values.iter().for_each(|value| samples.add(*value));
        samples
    }

    #[test]
    fn the_median_is_the_middle_of_all_rounds() {
        assert_eq!(samples(&[5.0, 1.0, 9.0]).median(), Some(5.0));
        assert_eq!(samples(&[5.0, 1.0, 9.0, 7.0]).median(), Some(6.0));
        assert_eq!(samples(&[]).median(), None);
    }

    #[test]
    fn several_rounds_show_their_range() {
        assert_eq!(samples(&[2.04, 1.0, 9.0]).text(1), "2.0 (1.0–9.0)");
        assert_eq!(samples(&[2.5]).text(2), "2.50");
        assert_eq!(samples(&[]).text(2), "–");
    }

    #[test]
    fn the_slope_is_that_of_the_line_through_the_points() {
        assert_eq!(slope(&[(0.0, 10.0), (500.0, 60.0), (1000.0, 110.0)]), 0.1);
        assert_eq!(slope(&[(3.0, 1.0)]), 0.0);
    }
}
