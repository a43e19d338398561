//! Days of the site's time zone, as bounds in unix milliseconds.

use jiff::civil::Date;
use jiff::tz::{Offset, TimeZone};
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
/// An hour in milliseconds.
pub(crate) const HOUR_MS: i64 = 3_600_000;

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

/// A time between two full hours, as sums are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    /// The beginning.
    pub(crate) from_ms: i64,
    /// The end.
    pub(crate) until_ms: i64,
}

/// How long a [`Span`] may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SpanLength {
    /// The days up to the last one, unless the first is given.
    pub(crate) unless_given: SpanStart,
    /// The most days.
    pub(crate) days_max: i64,
}

/// Where a [`Span`] begins of which only the end is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SpanStart {
    /// So many days, the last one among them.
    Days(i64),
    /// So many months, the last one among them.
    Months(i64),
}

impl Span {
    /// The time of a query, widened to full hours; unless given, it ends with today.
    pub(crate) fn read(
        start_date: Option<&str>,
        end_date: Option<&str>,
        zone: &TimeZone,
        length: SpanLength,
        now_ms: i64,
    ) -> Result<Self, ApiError> {
        let beyond = || ApiError::internal("the clock is beyond the calendar");
        let until_ms = match end_date {
            Some(text) => read_end("end_date", text, zone)?,
            None => {
                let tomorrow = day_of(now_ms, zone).and_then(|today| today.checked_add(1.day()).ok());
                tomorrow.and_then(|day| first_moment(day, zone)).ok_or_else(beyond)?
            }
        };
        let from_ms = match start_date {
            Some(text) => read_start("start_date", text, zone)?,
            None => {
                let last = day_of(until_ms.saturating_sub(1), zone);
                let first = last.and_then(|last| length.unless_given.first_day(last));
                first.and_then(|day| first_moment(day, zone)).ok_or_else(|| not_a_day("end_date"))?
            }
        };
        if from_ms >= until_ms {
            return Err(ApiError::field("start_date", FieldCode::OutOfRange, "is after end_date"));
        }
        // A day of a change to winter time is an hour longer.
        let most_ms = length.days_max.saturating_mul(24).saturating_add(1).saturating_mul(HOUR_MS);
        if until_ms.saturating_sub(from_ms) > most_ms {
            let message = format!("is more than {} days before end_date", length.days_max);
            return Err(ApiError::field("start_date", FieldCode::OutOfRange, message));
        }
        // An hour counts for the day it begins in, where a zone is off by half an hour; of an hour that a time lies in
        // all counts.
        let is_time = start_date.is_some_and(|text| text.parse::<Timestamp>().is_ok());
        let from_ms = if is_time { full_hour(from_ms) } else { next_full_hour(from_ms) };
        Ok(Span { from_ms, until_ms: next_full_hour(until_ms) })
    }

    /// The days that begin in the time or in which it begins, with their first moments in it, up to `now_ms`.
    pub(crate) fn days(self, zone: &TimeZone, now_ms: i64) -> Vec<(i64, Date)> {
        let next_day = |day: Date| day.checked_add(1.day()).ok();
        self.steps(zone, now_ms, next_day, Some)
    }

    /// The months that begin in the time or in which it begins, by their first days.
    pub(crate) fn months(self, zone: &TimeZone, now_ms: i64) -> Vec<(i64, Date)> {
        let next_month = |day: Date| day.first_of_month().checked_add(1.month()).ok();
        self.steps(zone, now_ms, next_month, |day| Some(day.first_of_month()))
    }

    /// The hours of the time up to `now_ms`.
    pub(crate) fn hours(self, now_ms: i64) -> impl Iterator<Item = i64> {
        let last_ms = self.until_ms.min(now_ms.saturating_add(1));
        std::iter::successors(Some(self.from_ms), |hour_ms| hour_ms.checked_add(HOUR_MS))
            .take_while(move |hour_ms| *hour_ms < last_ms)
    }

    fn steps(
        self,
        zone: &TimeZone,
        now_ms: i64,
        next: impl Fn(Date) -> Option<Date>,
        of: impl Fn(Date) -> Option<Date>,
    ) -> Vec<(i64, Date)> {
        let mut steps = Vec::new();
        let mut step = day_of(self.from_ms, zone).and_then(&of);
        while let Some(day) = step {
            let Some(begins_ms) = first_moment(day, zone) else { break };
            if next_full_hour(begins_ms) >= self.until_ms || (begins_ms > now_ms && !steps.is_empty()) {
                break;
            }
            steps.push((begins_ms, day));
            step = next(day);
        }
        steps
    }
}

impl SpanStart {
    fn first_day(self, last: Date) -> Option<Date> {
        match self {
            SpanStart::Days(days) => last.checked_sub((days - 1).days()).ok(),
            SpanStart::Months(months) => last.first_of_month().checked_sub((months - 1).months()).ok(),
        }
    }
}

/// The beginning of the hour that a time lies in.
pub(crate) fn full_hour(unix_ms: i64) -> i64 {
    unix_ms.saturating_sub(unix_ms.rem_euclid(HOUR_MS))
}

/// The beginning of the first hour that begins at a time or after it.
fn next_full_hour(unix_ms: i64) -> i64 {
    full_hour(unix_ms.saturating_add(HOUR_MS - 1))
}

/// A time zone that a query names, with the name that is answered: an IANA name or an offset such as `+08:00`.
pub(crate) fn read_zone(text: &str) -> Result<(TimeZone, String), ApiError> {
    let wrong = || {
        ApiError::field("time_zone", FieldCode::Invalid, "is no time zone such as Asia/Shanghai or +08:00")
    };
    // A plus sign that was not encoded has become a space on the way.
    let text = text.strip_prefix(' ').map_or_else(|| text.to_owned(), |rest| format!("+{rest}"));
    if text.starts_with(['+', '-']) {
        let offset_s = read_offset(&text).ok_or_else(wrong)?;
        let offset = Offset::from_seconds(offset_s).map_err(|_| wrong())?;
        return Ok((TimeZone::fixed(offset), text));
    }
    let zone = TimeZone::get(&text).map_err(|_| wrong())?;
    let name = zone.iana_name().unwrap_or("UTC").to_owned();
    Ok((zone, name))
}

/// The seconds of an offset such as `-03:30`.
fn read_offset(text: &str) -> Option<i32> {
    let (hours, minutes) = text.get(1..)?.split_once(':')?;
    let number = |digits: &str, most: i32| -> Option<i32> {
        let is_number = digits.len() == 2 && digits.bytes().all(|byte| byte.is_ascii_digit());
        digits.parse().ok().filter(|number| is_number && *number <= most)
    };
    let seconds = number(hours, 14)? * 3_600 + number(minutes, 59)? * 60;
    Some(if text.starts_with('-') { -seconds } else { seconds })
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

    const MONTH: SpanLength = SpanLength { unless_given: SpanStart::Days(30), days_max: 92 };

    #[test]
    fn a_span_is_days_of_a_zone_or_a_time_widened_to_full_hours() {
        let read = |start, end| Span::read(start, end, &shanghai(), MONTH, ms("2026-11-20T17:30:00Z"));
        let span = read(None, None).unwrap();
        assert_eq!((span.from_ms, span.until_ms), (ms("2026-10-22T16:00:00Z"), ms("2026-11-21T16:00:00Z")));
        let span = read(Some("2026-11-20T10:30:00Z"), Some("2026-11-20T11:00:01Z")).unwrap();
        assert_eq!((span.from_ms, span.until_ms), (ms("2026-11-20T10:00:00Z"), ms("2026-11-20T12:00:00Z")));
        assert_eq!(
            read(Some("2026-08-22"), Some("2026-11-21")).unwrap().days(&shanghai(), i64::MAX).len(),
            92
        );
        for (start, end) in [
            (Some("2026-11-22"), None),
            (Some("2026-08-21"), Some("2026-11-21")),
            (Some("x"), None),
            (None, Some("2026-13-01")),
            (None, Some("-009999-01-01")),
            (Some("-009999-01-02T01:59:59Z"), Some("2026-11-21")),
        ] {
            assert!(read(start, end).is_err(), "{start:?} {end:?}");
        }
    }

    #[test]
    fn the_steps_of_a_span_are_days_months_or_hours_up_to_now() {
        let zone = shanghai();
        let now_ms = ms("2026-11-20T17:30:00Z");
        let span = Span::read(Some("2026-11-19"), None, &zone, MONTH, now_ms).unwrap();
        let days: Vec<String> = span.days(&zone, now_ms).iter().map(|(_, day)| day.to_string()).collect();
        assert_eq!(days, ["2026-11-19", "2026-11-20", "2026-11-21"]);
        assert_eq!(span.days(&zone, now_ms)[1].0, ms("2026-11-19T16:00:00Z"));
        assert_eq!(span.days(&zone, ms("2026-11-19T00:00:00Z")).len(), 1);
        assert_eq!(span.hours(now_ms).count(), 50);
        assert_eq!(span.hours(now_ms).last(), Some(ms("2026-11-20T17:00:00Z")));
        let kolkata = TimeZone::get("Asia/Kolkata").unwrap();
        let span = Span::read(Some("2026-11-19"), Some("2026-11-20"), &kolkata, MONTH, now_ms).unwrap();
        assert_eq!((span.from_ms, span.until_ms), (ms("2026-11-18T19:00:00Z"), ms("2026-11-20T19:00:00Z")));
        assert_eq!(span.days(&kolkata, i64::MAX).len(), 2);
        let year = SpanLength { unless_given: SpanStart::Months(12), days_max: 366 };
        let span = Span::read(None, None, &zone, year, now_ms).unwrap();
        let months = span.months(&zone, now_ms);
        assert_eq!((months.len(), months[0].1.to_string()), (12, "2025-12-01".to_owned()));
        assert_eq!(months[0].0, span.from_ms);
    }

    #[test]
    fn a_zone_is_a_name_or_an_offset() {
        for (text, name, hours) in [
            ("Asia/Shanghai", "Asia/Shanghai", 8),
            ("asia/shanghai", "Asia/Shanghai", 8),
            ("+08:00", "+08:00", 8),
            (" 08:00", "+08:00", 8),
            ("-03:00", "-03:00", -3),
            ("UTC", "UTC", 0),
        ] {
            let (zone, named) = read_zone(text).unwrap();
            assert_eq!(named, name, "{text}");
            let offset = zone.to_offset(Timestamp::UNIX_EPOCH + 20_000_i64.hours());
            assert_eq!(offset.seconds(), hours * 3_600, "{text}");
        }
        for text in
            ["", "Mars/Base", "+8", "+15:00", "+08:60", "+0a:00", "../etc/passwd", "字", "+é:00", "-1"]
        {
            assert!(read_zone(text).is_err(), "{text}");
        }
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
