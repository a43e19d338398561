//! Numbers that only grow.

use std::sync::atomic::{AtomicU64, Ordering};

/// A number that only grows.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// Adds one.
    pub fn increment(&self) {
        self.add(1);
    }

    /// Adds so many.
    pub fn add(&self, count: u64) {
        self.0.fetch_add(count, Ordering::Relaxed);
    }

    /// How many there were.
    pub fn value(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// A number that rises and falls.
#[derive(Debug, Default)]
pub struct Gauge(AtomicU64);

impl Gauge {
    /// Makes it this.
    pub fn set(&self, value: u64) {
        self.0.store(value, Ordering::Relaxed);
    }

    /// Makes it one more.
    pub fn increment(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    /// Makes it one less.
    pub fn decrement(&self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }

    /// What it is.
    pub fn value(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// One counter for each of a few words that are known from the start.
#[derive(Debug)]
pub struct LabelledCounters {
    words: &'static [&'static str],
    counters: Box<[Counter]>,
    other: Counter,
}

impl LabelledCounters {
    /// Counters for these words.
    pub fn new(words: &'static [&'static str]) -> Self {
        LabelledCounters {
            words,
            counters: words.iter().map(|_| Counter::default()).collect(),
            other: Counter::default(),
        }
    }

    /// Adds one under this word; under `other` if it is none of them.
    pub fn increment(&self, word: &str) {
        let place = self.words.iter().position(|known| *known == word);
        place.and_then(|place| self.counters.get(place)).unwrap_or(&self.other).increment();
    }

    /// Each word with its count. `other` is there once it was needed.
    pub fn values(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let other = Some(("other", self.other.value())).filter(|(_, count)| *count > 0);
        self.words.iter().copied().zip(self.counters.iter().map(Counter::value)).chain(other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_word_makes_no_label_of_its_own() {
        let counters = LabelledCounters::new(&["ok", "failed"]);
        counters.increment("ok");
        assert_eq!(counters.values().collect::<Vec<_>>(), [("ok", 1), ("failed", 0)]);
        counters.increment("ok");
        counters.increment("a\"} 1\nb");
        counters.increment("surprise");
        assert_eq!(counters.values().collect::<Vec<_>>(), [("ok", 2), ("failed", 0), ("other", 2)]);
    }
}
