//! What the lanes count about themselves.

use waystation_metrics::{Counter, Histogram};

const BATCH_BOUNDS: &[u64] = &[1, 2, 4, 8, 16, 32, 64, 128, 256];

/// How the lanes run. Counting costs a batch a few additions.
#[derive(Debug)]
pub struct LaneMetrics {
    /// How many orders a batch has.
    pub batch_orders: Histogram,
    /// How long a batch takes, repeats included.
    pub batch_time: Histogram,
    /// Transactions that failed and were, or could have been, run again.
    pub repeats: Counter,
}

impl Default for LaneMetrics {
    fn default() -> Self {
        LaneMetrics {
            batch_orders: Histogram::of_counts(BATCH_BOUNDS),
            batch_time: Histogram::of_times(),
            repeats: Counter::default(),
        }
    }
}
