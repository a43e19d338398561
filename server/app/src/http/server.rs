//! The listener: connections, their time limits, and an orderly end.

use std::future::Future;
use std::io;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use futures_util::TryFutureExt;
use hyper::Request;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tower::ServiceExt;
use tracing::{debug, info, warn};

use crate::http::client_address::PeerAddress;
use crate::http::connection::{Activity, TimedStream};

/// How long a caller may take from the first byte of a request to the end of its head.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a connection may stay open without being used: longer than proxies keep theirs.
const IDLE_TIMEOUT: Duration = Duration::from_secs(75);

/// Answers connections until `stopping` ends, then lets those that are open finish for at most `drain`. Says
/// whether all of them did.
pub(crate) async fn serve(
    listener: TcpListener,
    router: Router,
    stopping: impl Future<Output = ()>,
    drain: Duration,
) -> bool {
    let mut server = Builder::new(TokioExecutor::new());
    server.http1().timer(TokioTimer::new()).header_read_timeout(IDLE_TIMEOUT).half_close(false);
    server
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(Some(Duration::from_secs(30)))
        .keep_alive_timeout(Duration::from_secs(20))
        .max_concurrent_streams(256)
        .max_header_list_size(64 * 1024);
    let connections = GracefulShutdown::new();
    tokio::pin!(stopping);
    loop {
        let stream = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut stopping => break,
        };
        match stream {
            Ok((stream, peer)) => {
                let peer = PeerAddress(peer);
                if let Err(error) = prepare(&stream) {
                    debug!(%error, "a connection was gone before it was answered");
                    continue;
                }
                let router = router.clone();
                let activity = Activity::default();
                let stream = TimedStream::new(stream, activity.clone(), HEAD_TIMEOUT);
                let service = service_fn(move |mut request: Request<Incoming>| {
                    let under_way = activity.begin_request(request.version());
                    request.extensions_mut().insert(peer);
                    let answering = router.clone().oneshot(request.map(Body::new));
                    answering.map_ok(|response| response.map(|body| under_way.until_sent(body)))
                });
                let connection = server.serve_connection(TokioIo::new(stream), service).into_owned();
                let connection = connections.watch(connection);
                // Not in the task set: the graceful end waits for these, and only for so long.
                tokio::spawn(async move {
                    if let Err(error) = connection.await {
                        debug!(%error, "a connection ended early");
                    }
                });
            }
            // Too many open files, most likely: wait for some to be closed.
            Err(error) => {
                warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
    drop(listener);
    info!(connections = connections.count(), "stopping: finishing what is open");
    tokio::time::timeout(drain, connections.shutdown()).await.is_ok()
}

/// Small writes go out at once: an event must not wait for the acknowledgement of the one before.
fn prepare(stream: &TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)
}
