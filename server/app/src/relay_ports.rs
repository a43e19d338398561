//! What the relay needs of the server, made of the store, the lanes and this host.

use std::io;
use std::sync::Arc;
use std::time::Instant;

use async_trait::async_trait;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use tracing::{error, info};
use waystation_ledger::{BudgetPeriod, Hold, Reserve, Settled, Settlement};
use waystation_relay::{Books, BudgetCalendar, BudgetSpan, Clock, Randomness, ReserveError, SettleError};
use waystation_store::LaneError;

use crate::access_log::log_call;
use crate::clock::now_ms;
use crate::error::error_chain;
use crate::random::fill_quickly;
use crate::state::App;

/// The books of this site.
pub(crate) struct SiteBooks(pub(crate) App);

#[async_trait]
impl Books for SiteBooks {
    async fn reserve(&self, call: Reserve) -> Result<Hold, ReserveError> {
        let (request, metrics, begun) = (call.request, &self.0.metrics, Instant::now());
        let (user, key, model) = (call.user, call.key, call.model.clone());
        let reserved = self.0.lanes.reserve(call).await;
        metrics.reserve_time.observe_time(begun.elapsed());
        metrics.reserves.increment(match &reserved {
            Ok(_) => "held",
            Err(LaneError::Refused(_)) => "refused",
            Err(_) => "unavailable",
        });
        reserved.map_err(|failure| match failure {
            LaneError::Refused(refusal) => {
                info!(%request, %user, %key, model, reason = %refusal, "a hold was refused");
                ReserveError::Refused(refusal)
            }
            LaneError::Unavailable(_) | LaneError::Closed => {
                error!(%request, error = error_chain(&failure), "a hold could not be made");
                ReserveError::Unavailable
            }
        })
    }

    async fn settle(&self, settlement: Arc<Settlement>) -> Result<Settled, SettleError> {
        let (request, metrics, begun) = (settlement.record.request, &self.0.metrics, Instant::now());
        let settled = self.0.lanes.settle(settlement.clone()).await;
        metrics.settle_time.observe_time(begun.elapsed());
        metrics.settlements.increment(match &settled {
            Ok(_) => "settled",
            Err(LaneError::Refused(_)) => "refused",
            Err(_) => "unavailable",
        });
        if let Ok(settled) = &settled {
            self.note_end(&settlement, Some(settled));
        }
        settled.map_err(|failure| match failure {
            LaneError::Refused(refusal) => SettleError::Refused(refusal),
            LaneError::Unavailable(_) | LaneError::Closed => {
                error!(%request, error = error_chain(&failure), "a call could not be settled");
                SettleError::Unavailable
            }
        })
    }

    fn keep_unsettled(&self, settlement: &Settlement) -> io::Result<()> {
        self.0.unsettled.keep(settlement)?;
        self.0.metrics.settlements.increment("kept");
        self.note_end(settlement, None);
        Ok(())
    }

    fn may_relay(&self) -> bool {
        self.0.instance_lease.is_held()
    }
}

impl SiteBooks {
    /// Counts and logs a call that has ended. Without `settled` its settlement waits for the database.
    fn note_end(&self, settlement: &Settlement, settled: Option<&Settled>) {
        self.0.metrics.count_call(&settlement.record, &settlement.attempts);
        if self.0.config.log_access {
            log_call(settlement, settled);
        }
    }
}

/// This host's clock.
pub(crate) struct HostClock;

impl Clock for HostClock {
    fn now_ms(&self) -> i64 {
        now_ms()
    }
}

/// Randomness of this process.
pub(crate) struct HostRandomness;

impl Randomness for HostRandomness {
    fn fill(&self, bytes: &mut [u8]) {
        fill_quickly(bytes);
    }
}

/// Days and months of the site's time zone.
pub(crate) struct SiteCalendar(pub(crate) TimeZone);

impl BudgetCalendar for SiteCalendar {
    fn span(&self, period: BudgetPeriod, now_ms: i64) -> BudgetSpan {
        self.find_span(period, now_ms).unwrap_or(BudgetSpan { start_ms: 0, end_ms: None })
    }
}

impl SiteCalendar {
    /// `None` for a total, and for times beyond the calendar, which no clock of ours shows.
    fn find_span(&self, period: BudgetPeriod, now_ms: i64) -> Option<BudgetSpan> {
        let today = Timestamp::from_millisecond(now_ms).ok()?.to_zoned(self.0.clone()).date();
        let (first, next) = match period {
            BudgetPeriod::Total => return None,
            BudgetPeriod::Day => (today, today.checked_add(1.day()).ok()?),
            BudgetPeriod::Month => {
                let first = today.first_of_month();
                (first, first.checked_add(1.month()).ok()?)
            }
        };
        Some(BudgetSpan { start_ms: self.first_moment(first)?, end_ms: Some(self.first_moment(next)?) })
    }

    /// A day may begin at one o'clock where a change of summer time swallows its midnight.
    fn first_moment(&self, day: Date) -> Option<i64> {
        Some(day.to_zoned(self.0.clone()).ok()?.start_of_day().ok()?.timestamp().as_millisecond())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(text: &str) -> i64 {
        text.parse::<Timestamp>().unwrap().as_millisecond()
    }

    fn span(zone: &str, period: BudgetPeriod, now: &str) -> (i64, Option<i64>) {
        let span = SiteCalendar(TimeZone::get(zone).unwrap()).span(period, ms(now));
        (span.start_ms, span.end_ms)
    }

    #[test]
    fn a_day_is_one_of_the_sites_time_zone() {
        let day = span("Asia/Shanghai", BudgetPeriod::Day, "2026-11-20T17:00:00Z");
        assert_eq!(day, (ms("2026-11-20T16:00:00Z"), Some(ms("2026-11-21T16:00:00Z"))));
    }

    #[test]
    fn a_day_of_25_hours_ends_an_hour_later() {
        let day = span("America/New_York", BudgetPeriod::Day, "2026-11-01T12:00:00Z");
        assert_eq!(day, (ms("2026-11-01T04:00:00Z"), Some(ms("2026-11-02T05:00:00Z"))));
    }

    #[test]
    fn a_month_ends_where_the_next_begins_and_a_total_never_does() {
        let month = span("UTC", BudgetPeriod::Month, "2026-12-31T23:59:59.999Z");
        assert_eq!(month, (ms("2026-12-01T00:00:00Z"), Some(ms("2027-01-01T00:00:00Z"))));
        assert_eq!(span("UTC", BudgetPeriod::Total, "2026-12-31T23:59:59Z"), (0, None));
    }
}
