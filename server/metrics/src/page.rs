//! The text that Prometheus reads (exposition format 0.0.4).

use std::fmt::{Display, Write};

use crate::count::{Counter, LabelledCounters};
use crate::histogram::{Histogram, Unit};

/// The media type of a page.
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// A page of metrics that is being written.
#[derive(Clone, Debug, Default)]
pub struct Page(String);

impl Page {
    /// Writes a counter.
    pub fn counter(&mut self, name: &str, help: &str, counter: &Counter) {
        self.head(name, help, "counter");
        self.line(name, &[], counter.value());
    }

    /// Writes counters that differ in one label.
    pub fn counters(&mut self, name: &str, help: &str, label: &str, counters: &LabelledCounters) {
        self.head(name, help, "counter");
        for (word, count) in counters.values() {
            self.line(name, &[(label, word)], count);
        }
    }

    /// Writes a number that grows elsewhere.
    pub fn growing(&mut self, name: &str, help: &str, value: impl Display) {
        self.head(name, help, "counter");
        self.line(name, &[], value);
    }

    /// Writes a number that may rise and fall.
    pub fn gauge(&mut self, name: &str, help: &str, value: impl Display) {
        self.gauge_with(name, help, &[], value);
    }

    /// Writes a number that may rise and fall, with labels.
    pub fn gauge_with(&mut self, name: &str, help: &str, labels: &[(&str, &str)], value: impl Display) {
        self.head(name, help, "gauge");
        self.line(name, labels, value);
    }

    /// Writes numbers that may rise and fall and differ in one label.
    pub fn gauges<'a>(
        &mut self,
        name: &str,
        help: &str,
        label: &str,
        values: impl IntoIterator<Item = (&'a str, i64)>,
    ) {
        self.head(name, help, "gauge");
        for (word, value) in values {
            self.line(name, &[(label, word)], value);
        }
    }

    /// Writes a histogram.
    pub fn histogram(&mut self, name: &str, help: &str, histogram: &Histogram) {
        self.head(name, help, "histogram");
        let unit = histogram.unit();
        let bucket = format!("{name}_bucket");
        let mut count = 0;
        for (bound, cumulated) in histogram.cumulated() {
            let bound = bound.map_or_else(|| "+Inf".to_owned(), |bound| in_unit(bound, unit));
            self.line(&bucket, &[("le", &bound)], cumulated);
            count = cumulated;
        }
        self.line(&format!("{name}_sum"), &[], in_unit(histogram.sum(), unit));
        self.line(&format!("{name}_count"), &[], count);
    }

    /// The page as text.
    pub fn into_text(self) -> String {
        self.0
    }

    fn head(&mut self, name: &str, help: &str, kind: &str) {
        // Writing to a String cannot fail.
        let _ = write!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}\n");
    }

    fn line(&mut self, name: &str, labels: &[(&str, &str)], value: impl Display) {
        self.0.push_str(name);
        for (place, (label, text)) in labels.iter().enumerate() {
            self.0.push(if place == 0 { '{' } else { ',' });
            let _ = write!(self.0, "{label}=\"");
            for character in text.chars() {
                match character {
                    '\\' => self.0.push_str("\\\\"),
                    '"' => self.0.push_str("\\\""),
                    '\n' => self.0.push_str("\\n"),
                    other => self.0.push(other),
                }
            }
            self.0.push('"');
        }
        if !labels.is_empty() {
            self.0.push('}');
        }
        let _ = writeln!(self.0, " {value}");
    }
}

fn in_unit(value: u64, unit: Unit) -> String {
    match unit {
        Unit::Count => value.to_string(),
        Unit::Microseconds => format!("{}.{:06}", value / 1_000_000, value % 1_000_000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_what_prometheus_reads() {
        let calls = LabelledCounters::new(&["2xx", "5xx"]);
        calls.increment("2xx");
        let times = Histogram::of_times();
        times.observe(120);
        times.observe(20_000_000);
        let mut page = Page::default();
        page.counters("calls_total", "Calls.", "class", &calls);
        page.gauge_with("build", "Build.", &[("version", "a\"\\\n")], 1);
        page.gauges("found", "Found.", "kind", [("one", 1), ("two", -2)]);
        page.histogram("wait_seconds", "Waiting.", &times);
        let text = page.into_text();
        assert!(text.starts_with(
            "# HELP calls_total Calls.\n# TYPE calls_total counter\ncalls_total{class=\"2xx\"} 1\ncalls_total{class=\"5xx\"} 0\n"
        ));
        assert!(text.contains("build{version=\"a\\\"\\\\\\n\"} 1\n"));
        assert!(text.contains("# TYPE found gauge\nfound{kind=\"one\"} 1\nfound{kind=\"two\"} -2\n"));
        assert!(text.contains("wait_seconds_bucket{le=\"0.000100\"} 0\n"));
        assert!(text.contains("wait_seconds_bucket{le=\"0.000250\"} 1\n"));
        assert!(text.ends_with(
            "wait_seconds_bucket{le=\"+Inf\"} 2\nwait_seconds_sum 20.000120\nwait_seconds_count 2\n"
        ));
    }
}
