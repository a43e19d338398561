//! Calls at fixed moments, whether or not earlier ones have been answered: latency without coordinated omission. What
//! a call waits for a free connection counts, because its time runs from the moment it was due.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::task::JoinSet;

use crate::clock::{ExactTimer, now_ns};
use crate::load::{CallFigures, Calls, Connection, Timing};

#[derive(Debug, Default)]
struct Due {
    moments: Mutex<(VecDeque<u64>, bool)>,
    changed: Notify,
}

impl Due {
    /// The next call that is due, once there is one; nothing when there will be none.
    async fn next(&self) -> Option<u64> {
        loop {
            let changed = self.changed.notified();
            {
                let mut moments = self.moments.lock().unwrap_or_else(PoisonError::into_inner);
                if let Some(moment) = moments.0.pop_front() {
                    return Some(moment);
                }
                if moments.1 {
                    return None;
                }
            }
            changed.await;
        }
    }

    fn add(&self, moment: u64) {
        self.moments.lock().unwrap_or_else(PoisonError::into_inner).0.push_back(moment);
        self.changed.notify_one();
    }

    fn end(&self) {
        self.moments.lock().unwrap_or_else(PoisonError::into_inner).1 = true;
        self.changed.notify_waiters();
    }
}

/// Sends this many calls a second for this long over this many connections, which are opened before.
pub(crate) async fn run_fixed_rate(
    calls: &Calls,
    per_second: u64,
    duration: Duration,
    connections: usize,
) -> io::Result<CallFigures> {
    let due = Arc::new(Due::default());
    let mut running = JoinSet::new();
    for number in 0..connections {
        if let Some(request) = calls.request(number) {
            let connection = Connection::open(calls.address).await?;
            running.spawn(answer_due(due.clone(), calls.address, connection, request));
        }
    }
    let timer = ExactTimer::new()?;
    let total = (duration.as_secs_f64() * per_second as f64) as u64;
    let start = now_ns();
    for number in 0..total {
        let moment = start + number * 1_000_000_000 / per_second;
        timer.wait_until(moment).await?;
        due.add(moment);
    }
    due.end();
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
    Ok(figures)
}

async fn answer_due(
    due: Arc<Due>,
    address: std::net::SocketAddr,
    connection: Connection,
    request: Arc<[u8]>,
) -> (u64, u64, Timing) {
    let (mut answered, mut failed, mut timing) = (0, 0, Timing::default());
    let mut connection = Some(connection);
    while let Some(moment) = due.next().await {
        let opened = match connection.take() {
            Some(open) => Ok(open),
            None => Connection::open(address).await,
        };
        let Ok(mut open) = opened else {
            failed += 1;
            continue;
        };
        match open.exchange(&request).await.map(|answer| answer.status) {
            Ok(200) => {
                answered += 1;
                timing.add(now_ns().saturating_sub(moment));
                connection = Some(open);
            }
            Ok(_) => {
                failed += 1;
                connection = Some(open);
            }
            Err(_) => failed += 1,
        }
    }
    (answered, failed, timing)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mock::serve_upstream;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    #[tokio::test]
    async fn every_call_that_was_due_is_made() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let calls = Calls::chat(listener.local_addr().unwrap(), &["secret".to_owned()], None);
        tokio::spawn(serve_upstream(listener));
        let figures = run_fixed_rate(&calls, 400, Duration::from_millis(250), 4).await.unwrap();
        assert_eq!((figures.answered, figures.failed), (100, 0));
    }

    #[tokio::test]
    async fn a_server_that_stalls_is_charged_for_all_calls_it_kept_waiting() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let calls = Calls::chat(listener.local_addr().unwrap(), &["secret".to_owned()], None);
        let stall = Duration::from_millis(200);
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let (mut buffer, mut is_first) = ([0; 4096], true);
            while stream.read(&mut buffer).await.unwrap() > 0 {
                if std::mem::take(&mut is_first) {
                    tokio::time::sleep(stall).await;
                }
                stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await.unwrap();
            }
        });
        // Twenty calls fall due within the stall of the first, on the one connection there is.
        let figures = run_fixed_rate(&calls, 1_000, Duration::from_millis(20), 1).await.unwrap();
        assert_eq!(figures.answered, 20);
        assert!(figures.timing.percentile_ms(1.0) >= 180.0, "{}", figures.timing.percentile_ms(1.0));
    }
}
