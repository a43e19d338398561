//! Days of the site's time zone, as bounds in unix milliseconds.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use waystation_api::error::FieldCode;

use crate::error::ApiError;

/// The days from `first` to `last`, both included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Days {
    /// The first day.
    pub(crate) first: Date,
    /// The last day.
    pub(crate) last: Date,
    /// The first moment of the first day.
    pub(crate) from_ms: i64,
    /// The first moment after the last day.
    pub(crate) until_ms: i64,
}

/// The most days that are looked at together.
const DAYS_MAX: i32 = 366;
const DAYS_UNLESS_GIVEN: i32 = 30;

impl Days {
    /// The days of a query; unless given, the last is today and the first 30 days before the last.
    pub(crate) fn read(
        start_date: Option<&str>,
        end_date: Option<&str>,
        zone: &TimeZone,
        now_ms: i64,
    ) -> Result<Self, ApiError> {
        let last = match end_date {
            Some(text) => read_date("end_date", text)?,
            None => {
                day_of(now_ms, zone).ok_or_else(|| ApiError::internal("the clock is beyond the calendar"))?
            }
        };
        let first = match start_date {
            Some(text) => read_date("start_date", text)?,
            None => last.saturating_sub(DAYS_UNLESS_GIVEN.days()),
        };
        if first > last {
            return Err(ApiError::field("start_date", FieldCode::OutOfRange, "is after end_date"));
        }
        if first.saturating_add(DAYS_MAX.days()) <= last {
            return Err(ApiError::field(
                "start_date",
                FieldCode::OutOfRange,
                format!("is more than {DAYS_MAX} days before end_date"),
            ));
        }
        let bound = |field, day| first_moment(day, zone).ok_or_else(|| not_a_day(field));
        let from_ms = bound("start_date", first)?;
        let until_ms = bound("end_date", last.saturating_add(1.day()))?;
        Ok(Days { first, last, from_ms, until_ms })
    }
}

/// The day that a time lies in.
pub(crate) fn day_of(unix_ms: i64, zone: &TimeZone) -> Option<Date> {
    Some(Timestamp::from_millisecond(unix_ms).ok()?.to_zoned(zone.clone()).date())
}

/// A bound from below: the first moment of a day, or a time.
pub(crate) fn read_start(field: &'static str, text: &str, zone: &TimeZone) -> Result<i64, ApiError> {
    match text.parse::<Timestamp>() {
        Ok(time) => Ok(time.as_millisecond()),
        Err(_) => first_moment(read_date(field, text)?, zone).ok_or_else(|| not_a_day(field)),
    }
}

/// A bound from above: the first moment after a day, or a time.
pub(crate) fn read_end(field: &'static str, text: &str, zone: &TimeZone) -> Result<i64, ApiError> {
    match text.parse::<Timestamp>() {
        Ok(time) => Ok(time.as_millisecond()),
        Err(_) => {
            let next = read_date(field, text)?.saturating_add(1.day());
            first_moment(next, zone).ok_or_else(|| not_a_day(field))
        }
    }
}

fn read_date(field: &'static str, text: &str) -> Result<Date, ApiError> {
    // The calendar's own reading would take a time for its day, whatever zone the time names.
    if text.len() == 10 { text.parse().map_err(|_| not_a_day(field)) } else { Err(not_a_day(field)) }
}

/// A day may begin at one o'clock where a change of summer time swallows its midnight.
fn first_moment(day: Date, zone: &TimeZone) -> Option<i64> {
    Some(day.to_zoned(zone.clone()).ok()?.start_of_day().ok()?.timestamp().as_millisecond())
}

fn not_a_day(field: &'static str) -> ApiError {
    ApiError::field(field, FieldCode::Invalid, "is not a day such as 2026-11-21")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(text: &str) -> i64 {
        text.parse::<Timestamp>().unwrap().as_millisecond()
    }

    fn shanghai() -> TimeZone {
        TimeZone::get("Asia/Shanghai").unwrap()
    }

    #[test]
    fn days_are_those_of_the_sites_time_zone() {
        let days = Days::read(Some("2026-11-01"), Some("2026-11-02"), &shanghai(), 0).unwrap();
        assert_eq!((days.from_ms, days.until_ms), (ms("2026-10-31T16:00:00Z"), ms("2026-11-02T16:00:00Z")));
        let today = Days::read(None, None, &shanghai(), ms("2026-11-20T17:00:00Z")).unwrap();
        assert_eq!(today.last.to_string(), "2026-11-21");
        assert_eq!(today.first.to_string(), "2026-10-22");
    }

    #[test]
    fn what_is_no_range_of_days_is_refused() {
        for (start, end) in [
            ("2026-11-02", "2026-11-01"),
            ("2025-11-01", "2026-11-02"),
            ("2026-13-01", "2026-11-02"),
            ("2026-11-01T00:00:00Z", "2026-11-02"),
            ("20261101", "2026-11-02"),
            ("", "2026-11-02"),
        ] {
            assert!(Days::read(Some(start), Some(end), &shanghai(), 0).is_err(), "{start} {end}");
        }
        assert!(Days::read(Some("2025-11-02"), Some("2026-11-02"), &shanghai(), 0).is_ok());
    }

    #[test]
    fn a_bound_is_a_day_or_a_time() {
        let zone = shanghai();
        assert_eq!(read_start("start_date", "2026-11-21", &zone).unwrap(), ms("2026-11-20T16:00:00Z"));
        assert_eq!(read_end("end_date", "2026-11-21", &zone).unwrap(), ms("2026-11-21T16:00:00Z"));
        for read in [read_start, read_end] {
            assert_eq!(read("x", "2026-11-21T04:00:00Z", &zone).unwrap(), ms("2026-11-21T04:00:00Z"));
            assert!(read("x", "yesterday", &zone).is_err());
        }
    }
}
