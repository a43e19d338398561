//! How fast much is read.

use std::time::Duration;

use tokio::time::{Instant, sleep};

const REST_MAX: Duration = Duration::from_secs(2);

/// How fast pages of rows are read, one after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// Without a rest: somebody waits for the answer.
    AtOnce,
    /// A quarter of the time, so that whoever calls a model beside it hardly notices.
    Gentle,
}

impl Pace {
    /// Rests after a page whose reading began then.
    pub(crate) async fn rest(self, began: Instant) {
        if self == Pace::Gentle {
            sleep(began.elapsed().saturating_mul(3).min(REST_MAX)).await;
        }
    }
}
