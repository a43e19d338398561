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
use memchr::memchr;
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
    /// A head that came since the last request names the length of its body.
    names_length: AtomicBool,
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

    /// Whether the head of the request that has just come names the length of its body. A head that also says that
    /// the body comes in chunks is taken for that by the server, and the length is dropped before anybody sees it:
    /// another program on the way may have believed the length.
    pub(crate) fn take_named_length(&self) -> bool {
        self.0.names_length.swap(false, Ordering::Relaxed)
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

/// How long a caller may take for its part of a connection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Times {
    /// For the first byte of all.
    first_byte: Duration,
    /// From the first byte of a head to its end.
    head: Duration,
    /// For taking anything of what is sent.
    write_stall: Duration,
}

impl Times {
    /// The server's times, with the one that can be set.
    pub(crate) fn new(write_stall: Duration) -> Self {
        Times { first_byte: Duration::from_secs(20), head: Duration::from_secs(10), write_stall }
    }
}

/// A stream whose reads fail once a head is late, and whose writes fail once the other end takes nothing.
pub(crate) struct TimedStream<S> {
    stream: S,
    activity: Activity,
    times: Times,
    /// Runs until the first byte of all, and from the first byte of a head to its end.
    late: Option<Pin<Box<Sleep>>>,
    /// Runs while the other end takes nothing.
    stalled: Option<Pin<Box<Sleep>>>,
    has_begun: bool,
    length_search: LengthSearch,
}

impl<S> TimedStream<S> {
    /// Sees to it that the other end keeps these times.
    pub(crate) fn new(stream: S, activity: Activity, times: Times) -> Self {
        TimedStream {
            stream,
            activity,
            times,
            late: None,
            stalled: None,
            has_begun: false,
            length_search: LengthSearch::default(),
        }
    }

    /// Passes on the result of a write, unless the other end has taken nothing for too long.
    fn watch_write<T>(
        &mut self,
        context: &mut Context<'_>,
        wrote: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if wrote.is_ready() {
            self.stalled = None;
            return wrote;
        }
        let limit = self.times.write_stall;
        let stalled = self.stalled.get_or_insert_with(|| Box::pin(sleep(limit)));
        match stalled.as_mut().poll(context) {
            Poll::Ready(()) => Poll::Ready(Err(io::Error::new(
                io::ErrorKind::TimedOut,
                "the caller takes nothing of its answer",
            ))),
            Poll::Pending => Poll::Pending,
        }
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
        let is_first = has_come && !self.has_begun;
        self.has_begun |= has_come;
        if has_come && self.activity.awaits_head() {
            let came = buffer.filled().get(before..).unwrap_or_default();
            if self.length_search.find_in(came) {
                self.activity.0.names_length.store(true, Ordering::Relaxed);
            }
        }
        let limit = if self.has_begun { self.times.head } else { self.times.first_byte };
        // Between two requests nothing runs; the server has a time limit of its own for that.
        let is_timed = has_come || !self.has_begun;
        if is_timed && (is_first || self.late.is_none()) && self.activity.awaits_head() {
            let mut late = Box::pin(sleep(limit));
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
        let wrote = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.watch_write(context, wrote)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(context);
        if flushed.is_ready() { flushed } else { self.watch_write(context, flushed) }
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
        let wrote = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.watch_write(context, wrote)
    }
}

/// Looks for the header that names a body's length, in heads that come in pieces.
#[derive(Clone, Copy, Debug, Default)]
struct LengthSearch {
    /// How much of the name the line has begun with; none: the line is another one.
    matched: Option<usize>,
}

impl LengthSearch {
    /// Whether these bytes end the name. What stands behind the end of a head is not looked at.
    fn find_in(&mut self, bytes: &[u8]) -> bool {
        const NAME: &[u8] = b"content-length";
        let mut rest = bytes;
        loop {
            let Some(matched) = self.matched else {
                let Some(end) = memchr(b'\n', rest) else { return false };
                rest = rest.get(end + 1..).unwrap_or_default();
                self.matched = Some(0);
                continue;
            };
            let Some((byte, behind)) = rest.split_first() else { return false };
            self.matched = None;
            if NAME.get(matched) == Some(&byte.to_ascii_lowercase()) {
                if matched + 1 == NAME.len() {
                    return true;
                }
                self.matched = Some(matched + 1);
                rest = behind;
            } else if matched == 0 && matches!(byte, b'\r' | b'\n') {
                return false;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    use super::*;

    const LIMIT: Duration = Duration::from_secs(10);

    fn timed<S>(stream: S, activity: &Activity) -> TimedStream<S> {
        TimedStream::new(stream, activity.clone(), Times::new(Duration::from_secs(30)))
    }

    #[tokio::test(start_paused = true)]
    async fn a_head_that_is_begun_must_be_finished_soon() {
        let (mut caller, ours) = duplex(64);
        let activity = Activity::default();
        let mut stream = timed(ours, &activity);
        let mut buffer = [0; 8];
        caller.write_all(b"GET").await.unwrap();
        assert_eq!(stream.read(&mut buffer).await.unwrap(), 3);
        drop(activity.begin_request(Version::HTTP_11));
        // Between two requests a connection waits for as long as it likes.
        let mut stream = stream;
        stream.late = None;
        assert!(tokio::time::timeout(LIMIT * 5, stream.read(&mut buffer)).await.is_err());
        caller.write_all(b"GET").await.unwrap();
        let begun = tokio::time::Instant::now();
        assert_eq!(stream.read(&mut buffer).await.unwrap(), 3);
        let error = stream.read(&mut buffer).await.unwrap_err();
        assert_eq!((error.kind(), begun.elapsed()), (io::ErrorKind::TimedOut, LIMIT));
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_that_never_says_anything_is_closed() {
        let (mut caller, ours) = duplex(64);
        let mut stream = timed(ours, &Activity::default());
        let mut buffer = [0; 8];
        let begun = tokio::time::Instant::now();
        let error = stream.read(&mut buffer).await.unwrap_err();
        assert_eq!((error.kind(), begun.elapsed()), (io::ErrorKind::TimedOut, LIMIT * 2));
        // Its first byte gives the head a time of its own.
        let (mut late_caller, ours) = duplex(64);
        let mut stream = timed(ours, &Activity::default());
        assert!(tokio::time::timeout(LIMIT, stream.read(&mut buffer)).await.is_err());
        late_caller.write_all(b"G").await.unwrap();
        let begun = tokio::time::Instant::now();
        assert_eq!(stream.read(&mut buffer).await.unwrap(), 1);
        assert!(stream.read(&mut buffer).await.is_err());
        assert_eq!(begun.elapsed(), LIMIT);
        caller.shutdown().await.unwrap();
    }

    #[test]
    fn a_named_length_is_found_in_heads_only_and_however_they_are_torn() {
        let finds = |head: &str, piece: usize| {
            let mut search = LengthSearch::default();
            head.as_bytes().chunks(piece).any(|piece| search.find_in(piece))
        };
        for piece in [1, 3, 1_000] {
            assert!(finds("POST / HTTP/1.1\r\nhost: h\r\nContent-LENGTH: 3\r\n\r\n", piece));
            assert!(finds("POST / HTTP/1.1\ncontent-length: 3\n\n", piece));
            assert!(!finds("POST /content-length HTTP/1.1\r\nx-content-length: 3\r\n\r\n", piece));
        }
        assert!(!finds("POST / HTTP/1.1\r\nhost: h\r\n\r\ncontent-length: 3\r\n", 1_000));
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_may_come_slowly() {
        let (mut caller, ours) = duplex(64);
        let activity = Activity::default();
        let mut stream = timed(ours, &activity);
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

    #[tokio::test(start_paused = true)]
    async fn a_caller_may_read_slowly_but_not_stop_reading() {
        let (mut caller, ours) = duplex(8);
        let mut stream = timed(ours, &Activity::default());
        let writing = tokio::spawn(async move {
            let begun = tokio::time::Instant::now();
            let error = stream.write_all(&[7; 80]).await.unwrap_err();
            (error.kind(), begun.elapsed())
        });
        let mut buffer = [0; 8];
        for _ in 0..5 {
            sleep(Duration::from_secs(29)).await;
            assert_eq!(caller.read(&mut buffer).await.unwrap(), 8);
        }
        let stopped = Duration::from_secs(5 * 29 + 30);
        assert_eq!(writing.await.unwrap(), (io::ErrorKind::TimedOut, stopped));
    }
}
