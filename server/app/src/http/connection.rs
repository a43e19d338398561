//! One accepted connection: a caller who has begun a request must finish its head soon, while one who keeps an
//! unused connection open may keep it for longer. The server's own timer cannot tell these two apart, and closing
//! unused connections early makes proxies in front of us send into closed ones.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use axum::http::Version;
use hyper::body::{Frame, SizeHint};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

/// What the connection is doing, known by its stream and by its requests.
#[derive(Clone, Debug, Default)]
pub(crate) struct Activity(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    requests: AtomicUsize,
    /// HTTP/2 sends frames between requests, too: it has time limits of its own.
    is_multiplexed: AtomicBool,
}

/// A request under way; it ends when this is dropped.
#[derive(Debug)]
pub(crate) struct UnderWay(Activity);

impl Activity {
    /// Notes that the head of a request has come.
    pub(crate) fn begin_request(&self, version: Version) -> UnderWay {
        self.0.requests.fetch_add(1, Ordering::Relaxed);
        if version == Version::HTTP_2 {
            self.0.is_multiplexed.store(true, Ordering::Relaxed);
        }
        UnderWay(self.clone())
    }

    fn awaits_head(&self) -> bool {
        self.0.requests.load(Ordering::Relaxed) == 0 && !self.0.is_multiplexed.load(Ordering::Relaxed)
    }
}

impl UnderWay {
    /// Lets the request last until its answer has been sent or given up.
    pub(crate) fn until_sent(self, body: Body) -> TrackedBody {
        TrackedBody { body, _under_way: self }
    }
}

/// The body of an answer; its request is under way until it is dropped.
#[derive(Debug)]
pub(crate) struct TrackedBody {
    body: Body,
    _under_way: UnderWay,
}

impl HttpBody for TrackedBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.0.requests.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A stream whose reads fail once a head is late.
pub(crate) struct TimedStream<S> {
    stream: S,
    activity: Activity,
    limit: Duration,
    /// Runs from the first byte of a head to its end.
    late: Option<Pin<Box<Sleep>>>,
}

impl<S> TimedStream<S> {
    /// Gives each head so much time from its first byte on.
    pub(crate) fn new(stream: S, activity: Activity, limit: Duration) -> Self {
        TimedStream { stream, activity, limit, late: None }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for TimedStream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if !self.activity.awaits_head() {
            self.late = None;
        } else if let Some(late) = &mut self.late
            && late.as_mut().poll(context).is_ready()
        {
            return Poll::Ready(Err(io::Error::new(
                io::ErrorKind::TimedOut,
                "the head of a request is late",
            )));
        }
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(context, buffer);
        let has_come = buffer.filled().len() > before;
        if has_come && self.late.is_none() && self.activity.awaits_head() {
            let mut late = Box::pin(sleep(self.limit));
            // Polled once, so that this task is woken when the time is over.
            let _ = late.as_mut().poll(context);
            self.late = Some(late);
        }
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for TimedStream<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    use super::*;

    const LIMIT: Duration = Duration::from_secs(10);

    #[tokio::test(start_paused = true)]
    async fn a_head_that_is_begun_must_be_finished_soon() {
        let (mut caller, ours) = duplex(64);
        let mut stream = TimedStream::new(ours, Activity::default(), LIMIT);
        let mut buffer = [0; 8];
        // An unused connection waits for as long as it likes.
        assert!(tokio::time::timeout(LIMIT * 5, stream.read(&mut buffer)).await.is_err());
        caller.write_all(b"GET").await.unwrap();
        assert_eq!(stream.read(&mut buffer).await.unwrap(), 3);
        let error = stream.read(&mut buffer).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_may_come_slowly() {
        let (mut caller, ours) = duplex(64);
        let activity = Activity::default();
        let mut stream = TimedStream::new(ours, activity.clone(), LIMIT);
        let mut buffer = [0; 8];
        caller.write_all(b"POST").await.unwrap();
        assert_eq!(stream.read(&mut buffer).await.unwrap(), 4);
        let request = activity.begin_request(Version::HTTP_11);
        assert!(tokio::time::timeout(LIMIT * 2, stream.read(&mut buffer)).await.is_err());
        caller.write_all(b"body").await.unwrap();
        assert_eq!(stream.read(&mut buffer).await.unwrap(), 4);
        drop(request);
        assert!(tokio::time::timeout(LIMIT * 2, stream.read(&mut buffer)).await.is_err());
    }
}
