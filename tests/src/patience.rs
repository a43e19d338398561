//! Waiting for something to become true.

use std::process::Command;
use std::time::{Duration, Instant};

/// Asks again and again until there is an answer, and returns it with the time that took. Panics naming `what` when
/// none came within the limit.
pub async fn eventually<T>(
    what: &str,
    limit: Duration,
    mut ask: impl AsyncFnMut() -> Option<T>,
) -> (T, Duration) {
    let started = Instant::now();
    loop {
        if let Some(answer) = ask().await {
            return (answer, started.elapsed());
        }
        assert!(started.elapsed() < limit, "not within {limit:?}: {what}");
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
}

/// The time so many seconds from now, as the API writes times.
pub fn rfc3339_in(seconds: i64) -> String {
    let date = format!("@{}", now_seconds() + seconds);
    let output = Command::new("date").args(["-u", "-d", &date, "+%FT%T.000Z"]).output().expect("date runs");
    String::from_utf8(output.stdout).expect("date prints text").trim().to_owned()
}

fn now_seconds() -> i64 {
    let now =
        std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("the clock is past 1970");
    i64::try_from(now.as_secs()).expect("the clock is before the year 292277026596")
}
