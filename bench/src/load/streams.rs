//! Many streams at once: how late each chunk arrives.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::clock::now_ns;
use crate::load::connection::malformed;
use crate::load::{Calls, Connection, Timing};
use crate::message::{ChunkReader, Framing};
use crate::traffic::StampReader;

/// Streams under way.
#[derive(Debug)]
pub(crate) struct OpenStreams {
    running: JoinSet<io::Result<u64>>,
    shared: Arc<Shared>,
    opened: u64,
}

#[derive(Debug)]
struct Shared {
    is_observed: AtomicBool,
    begun: AtomicU64,
    /// Receipt less stamp of each chunk.
    observed: Mutex<Timing>,
    /// From the request to the first chunk's text.
    first: Mutex<Timing>,
    /// So many may wait for their first byte at once: this measures streams, not a rush at the door.
    opening: Semaphore,
}

impl OpenStreams {
    /// No streams yet.
    pub fn new() -> OpenStreams {
        let shared = Shared {
            is_observed: AtomicBool::new(false),
            begun: AtomicU64::new(0),
            observed: Mutex::default(),
            first: Mutex::default(),
            opening: Semaphore::new(64),
        };
        OpenStreams { running: JoinSet::new(), shared: Arc::new(shared), opened: 0 }
    }

    /// Opens this many more, spread over this time, and returns when all have had their first chunk; an error when
    /// one has not.
    pub async fn open(&mut self, calls: &Calls, count: u64, over: Duration) -> io::Result<()> {
        let pause = over.div_f64(count.max(1) as f64);
        let start = tokio::time::Instant::now();
        for number in 0..count {
            tokio::time::sleep_until(start + pause.mul_f64(number as f64)).await;
            let number = usize::try_from(self.opened).unwrap_or(0);
            if let Some(request) = calls.request(number) {
                self.running.spawn(follow_stream(calls.address, request, self.shared.clone()));
                self.opened += 1;
            }
        }
        let patience = tokio::time::Instant::now() + Duration::from_secs(30);
        while self.begun() < self.opened {
            if let Some(ended) = self.running.try_join_next() {
                ended??;
                return Err(io::Error::other("a stream ended before all had begun"));
            }
            if tokio::time::Instant::now() > patience {
                let (begun, opened) = (self.begun(), self.opened);
                return Err(io::Error::other(format!("only {begun} of {opened} streams began")));
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        Ok(())
    }

    /// How many streams have had their first chunk.
    pub fn begun(&self) -> u64 {
        self.shared.begun.load(Ordering::Relaxed)
    }

    /// How long the first chunk took from the request.
    pub fn first_chunk(&self) -> Timing {
        self.shared.first.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Times the chunks of so long a while: receipt less stamp.
    pub async fn observe(&self, duration: Duration) -> Timing {
        *self.shared.observed.lock().unwrap_or_else(PoisonError::into_inner) = Timing::default();
        self.shared.is_observed.store(true, Ordering::Relaxed);
        tokio::time::sleep(duration).await;
        self.shared.is_observed.store(false, Ordering::Relaxed);
        std::mem::take(&mut *self.shared.observed.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Waits for every stream's end; gives the number of chunks of all, or why one broke off.
    pub async fn finish(mut self) -> io::Result<u64> {
        let mut chunks = 0;
        while let Some(ended) = self.running.join_next().await {
            chunks += ended??;
        }
        Ok(chunks)
    }

    /// Hangs up on all.
    pub async fn abandon(mut self) {
        self.running.shutdown().await;
    }
}

/// Reads a stream to its end; gives the number of its chunks.
async fn follow_stream(
    address: std::net::SocketAddr,
    request: Arc<[u8]>,
    shared: Arc<Shared>,
) -> io::Result<u64> {
    let door = shared.opening.acquire().await.map_err(io::Error::other)?;
    let mut door = Some(door);
    let mut connection = Connection::open(address).await?;
    let asked_at = now_ns();
    let head = connection.begin(&request).await?;
    if head.status != 200 || head.body != Framing::Chunked {
        return Err(io::Error::other(format!("no stream but a {}", head.status)));
    }
    let (mut framing, mut stamps, mut chunks) = (ChunkReader::default(), StampReader::default(), 0);
    let mut piece = connection.behind(&head);
    loop {
        let received_at = now_ns();
        let ended = framing.read(piece, |data| {
            stamps.read(data, |sent_at| {
                chunks += 1;
                if chunks == 1 {
                    door = None;
                    shared.begun.fetch_add(1, Ordering::Relaxed);
                    let mut first = shared.first.lock().unwrap_or_else(PoisonError::into_inner);
                    first.add(received_at.saturating_sub(asked_at));
                }
                if shared.is_observed.load(Ordering::Relaxed) {
                    let mut observed = shared.observed.lock().unwrap_or_else(PoisonError::into_inner);
                    observed.add(received_at.saturating_sub(sent_at));
                }
            });
        });
        if ended.map_err(malformed)? {
            return Ok(chunks);
        }
        piece = connection.read_more().await?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mock::serve_upstream;
    use crate::traffic::StreamPlan;
    use tokio::net::TcpListener;

    #[tokio::test]
    async fn all_chunks_of_all_streams_arrive_and_are_timed() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let plan = StreamPlan::steady(40, 25);
        let calls = Calls::chat(listener.local_addr().unwrap(), &["secret".to_owned()], Some(plan));
        tokio::spawn(serve_upstream(listener));
        let mut streams = OpenStreams::new();
        streams.open(&calls, 5, Duration::from_millis(20)).await.unwrap();
        assert_eq!(streams.first_chunk().count(), 5);
        assert!(streams.observe(Duration::from_millis(100)).await.count() > 0);
        assert_eq!(streams.finish().await.unwrap(), 200);
    }
}
