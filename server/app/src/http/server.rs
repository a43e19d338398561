//! The listener: connections, their limits in number and time, and an orderly end.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderValue, Response, StatusCode, Version, header};
use futures_util::TryFutureExt;
use futures_util::future::{Either, ready};
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
use crate::http::connection::{Activity, TimedStream, Times};
use crate::http::connection_limits::{ConnectionLimits, Exceeded, Place};
use crate::state::App;

/// How long a connection may stay open without being used: longer than proxies keep theirs.
const IDLE_TIMEOUT: Duration = Duration::from_secs(75);
/// The longest head of a request, its address included. Beyond it: 431.
const HEAD_BYTES_MAX: usize = 64 * 1024;
/// The longest address of a request, its query included. Beyond it: 414.
const ADDRESS_BYTES_MAX: usize = 8 * 1024;
/// The most lines of a head. Beyond it: 431.
const HEADERS_MAX: usize = 100;
/// What one stream of HTTP/2 may hold of its answer while the caller takes none of it.
const STREAM_BYTES_WAITING_MAX: usize = 64 * 1024;
/// Told to who comes beyond the limit: it may come again soon.
const FULL: &[u8] =
    b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";

/// Answers connections until `stopping` ends, then lets those that are open finish until `given_up` ends. Says
/// whether all of them did.
pub(crate) async fn serve(
    app: &App,
    listener: TcpListener,
    router: Router,
    stopping: impl Future<Output = ()>,
    given_up: impl Future<Output = ()>,
) -> bool {
    let server = configure_server();
    let connections = GracefulShutdown::new();
    let times = Times::new(Duration::from_millis(app.config.limits_write_stall_ms));
    let limits = ConnectionLimits::new(
        app.config.limits_connections_max,
        app.config.limits_connections_per_peer_max,
        app.config.proxy_trusted.clone(),
    );
    tokio::pin!(stopping);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut stopping => break,
        };
        match accepted {
            Ok((stream, peer)) => {
                let Some((stream, place)) = admit(app, &limits, stream, peer) else { continue };
                let router = router.clone();
                let activity = Activity::default();
                let stream = TimedStream::new(stream, activity.clone(), times);
                let peer = PeerAddress(peer);
                let service = service_fn(move |mut request: Request<Incoming>| {
                    let under_way = activity.begin_request(request.version());
                    if let Some(refusal) = refuse_head(&request, activity.take_named_length()) {
                        return Either::Left(ready(Ok(refusal.map(|body| under_way.until_sent(body)))));
                    }
                    request.extensions_mut().insert(peer);
                    let answering = router.clone().oneshot(request.map(Body::new));
                    Either::Right(
                        answering.map_ok(|response| response.map(|body| under_way.until_sent(body))),
                    )
                });
                let connection = server.serve_connection(TokioIo::new(stream), service).into_owned();
                let connection = connections.watch(connection);
                let app = app.clone();
                app.metrics.connections.increment();
                // Not in the task set: the graceful end waits for these, and only for so long.
                tokio::spawn(async move {
                    if let Err(error) = connection.await {
                        debug!(%error, "a connection ended early");
                    }
                    app.metrics.connections.decrement();
                    drop(place);
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
    tokio::select! {
        () = connections.shutdown() => true,
        () = given_up => false,
    }
}

fn configure_server() -> Builder<TokioExecutor> {
    let mut server = Builder::new(TokioExecutor::new());
    server
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(IDLE_TIMEOUT)
        .half_close(false)
        .max_buf_size(HEAD_BYTES_MAX)
        .max_headers(HEADERS_MAX);
    server
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(Some(Duration::from_secs(30)))
        .keep_alive_timeout(Duration::from_secs(20))
        .max_concurrent_streams(256)
        .max_header_list_size(64 * 1024)
        .max_send_buf_size(STREAM_BYTES_WAITING_MAX)
        // Streams that a caller opens and resets at once, and resets that it provokes, end the connection.
        .max_pending_accept_reset_streams(Some(20))
        .max_local_error_reset_streams(Some(1_024));
    server
}

/// Refuses what is no head to go on with, before any route sees it. The connection ends with it: what follows on it
/// is not certain to be a request.
fn refuse_head(request: &Request<Incoming>, names_length: bool) -> Option<Response<Body>> {
    let address = request.uri().path_and_query().map_or(0, |address| address.as_str().len());
    let status = if names_length && request.headers().contains_key(header::TRANSFER_ENCODING) {
        StatusCode::BAD_REQUEST
    } else if address > ADDRESS_BYTES_MAX {
        StatusCode::URI_TOO_LONG
    } else {
        return None;
    };
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    if request.version() < Version::HTTP_2 {
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    Some(response)
}

/// Gives a new connection its place, or closes it.
fn admit(
    app: &App,
    limits: &ConnectionLimits,
    stream: TcpStream,
    peer: SocketAddr,
) -> Option<(TcpStream, Place)> {
    match limits.take_place(peer.ip()) {
        Ok(place) => match prepare(&stream) {
            Ok(()) => Some((stream, place)),
            Err(error) => {
                debug!(%error, "a connection was gone before it was answered");
                None
            }
        },
        Err(exceeded) => {
            let limit = match exceeded {
                Exceeded::All => "all",
                Exceeded::Peer => "peer",
            };
            app.metrics.refused_connections.increment(limit);
            debug!(%peer, limit, "a connection beyond the limit is closed");
            // Whoever does not hear it sees the end of the connection.
            let _ = stream.try_write(FULL);
            None
        }
    }
}

/// Small writes go out at once: an event must not wait for the acknowledgement of the one before.
fn prepare(stream: &TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)
}
