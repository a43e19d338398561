//! Times as JSON writes them.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use thiserror::Error;
use utoipa::ToSchema;

/// A time, RFC 3339 in UTC with milliseconds, as in `2026-11-21T04:00:00.000Z`. Inside: unix milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, ToSchema)]
#[schema(value_type = String, format = DateTime, example = "2026-11-21T04:00:00.000Z")]
pub struct Time(i64);

/// The text is not a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("not an RFC 3339 time such as 2026-11-21T04:00:00Z")]
pub struct TimeError;

impl Time {
    /// The time of so many unix milliseconds.
    pub const fn from_unix_ms(unix_ms: i64) -> Self {
        Time(unix_ms)
    }

    /// The time in unix milliseconds.
    pub const fn unix_ms(self) -> i64 {
        self.0
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_millisecond(self.0) {
            Ok(time) => write!(f, "{time:.3}"),
            // Beyond the year 9999; no time of ours is.
            Err(_) => f.write_str("9999-12-31T23:59:59.999Z"),
        }
    }
}

impl FromStr for Time {
    type Err = TimeError;

    fn from_str(text: &str) -> Result<Self, TimeError> {
        let time: jiff::Timestamp = text.parse().map_err(|_| TimeError)?;
        Ok(Time(time.as_millisecond()))
    }
}

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_written_in_utc_with_milliseconds() {
        let time = Time::from_unix_ms(1_795_233_600_000);
        assert_eq!(time.to_string(), "2026-11-21T04:00:00.000Z");
        assert_eq!(time.to_string().parse(), Ok(time));
        assert_eq!("2026-11-21T12:00:00+08:00".parse(), Ok(time));
    }

    #[test]
    fn a_text_without_a_zone_is_no_time() {
        for text in ["", "2026-11-21", "2026-11-21T04:00:00", "now"] {
            assert_eq!(text.parse::<Time>(), Err(TimeError), "{text}");
        }
    }
}
