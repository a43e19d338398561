//! As many calls as a fixed number of callers can make, each waiting for its answer before it asks again: capacity.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;

use crate::clock::now_ns;
use crate::load::{CallFigures, Calls, Connection, Timing};

/// Lets this many callers call for this long. Calls under way at the end are finished and counted.
pub(crate) async fn run_closed_loop(calls: &Calls, callers: usize, duration: Duration) -> CallFigures {
    let mut running = JoinSet::new();
    let start = now_ns();
    let stop = start + u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX / 2);
    for number in 0..callers {
        if let Some(request) = calls.request(number) {
            running.spawn(call_until(calls.address, request, stop));
        }
    }
    let mut figures = CallFigures::default();
    while let Some(ended) = running.join_next().await {
        if let Ok((answered, failed, timing)) = ended {
            figures.answered += answered;
            figures.failed += failed;
            figures.timing.merge(&timing);
        } else {
            figures.failed += 1;
        }
    }
    figures.seconds = now_ns().saturating_sub(start) as f64 / 1e9;
    figures
}

async fn call_until(address: std::net::SocketAddr, request: Arc<[u8]>, stop: u64) -> (u64, u64, Timing) {
    let (mut answered, mut failed, mut timing) = (0, 0, Timing::default());
    let mut connection = None;
    let mut begun = now_ns();
    while begun < stop {
        let mut current = match connection.take() {
            Some(current) => current,
            None => match Connection::open(address).await {
                Ok(current) => current,
                Err(_) => {
                    failed += 1;
                    tokio::time::sleep(Duration::from_millis(10)).await;
                    begun = now_ns();
                    continue;
                }
            },
        };
        let status = current.exchange(&request).await.map(|answer| answer.status);
        let ended = now_ns();
        match status {
            Ok(200) => {
                answered += 1;
                timing.add(ended.saturating_sub(begun));
                connection = Some(current);
            }
            Ok(_) => {
                failed += 1;
                connection = Some(current);
            }
            // A broken connection is not used again.
            Err(_) => failed += 1,
        }
        begun = ended;
    }
    (answered, failed, timing)
}
