//! The HTTP client that speaks to upstreams: HTTP/1.1 over TCP or TLS, with connections that are kept.

use std::io;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::Uri;
use http_body_util::Full;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use thiserror::Error;
use tokio::time::timeout;
use tokio_rustls::rustls;
use tower::{BoxError, Service};

use crate::network_guard::HostResolver;

/// Idle connections are kept this long; providers close theirs after a minute or more.
const IDLE_CONNECTION_TIME: Duration = Duration::from_secs(90);
/// After so long without a byte the kernel asks whether the other side is still there.
const PROBE_TIME: Duration = Duration::from_secs(15);

/// A client whose connections go where its resolver says. It follows no redirect, knows no proxy, and adds no header
/// but `host`.
pub(crate) type UpstreamClient =
    Client<TimedConnector<HttpsConnector<HttpConnector<HostResolver>>>, Full<Bytes>>;

/// Connects within a time, name and handshake included.
#[derive(Clone, Debug)]
pub(crate) struct TimedConnector<C> {
    inner: C,
    limit: Duration,
}

/// The upstream took too long to connect to.
#[derive(Debug, Error)]
#[error("no connection in time")]
struct ConnectTimedOut;

/// A client for this resolver. Fails where the host's certificates cannot be used.
pub(crate) fn build_client(resolver: HostResolver, connect_time: Duration) -> io::Result<UpstreamClient> {
    let mut tcp = HttpConnector::new_with_resolver(resolver);
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    tcp.set_keepalive(Some(PROBE_TIME));
    let provider = rustls::crypto::aws_lc_rs::default_provider();
    let tls = HttpsConnectorBuilder::new()
        .with_provider_and_platform_verifier(provider)?
        .https_or_http()
        // On a shared HTTP/2 connection a few callers that do not read would stall all others, and providers limit
        // the streams on it; every call has a pooled connection of its own instead.
        .enable_http1()
        .wrap_connector(tcp);
    Ok(Client::builder(TokioExecutor::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(IDLE_CONNECTION_TIME)
        .pool_max_idle_per_host(usize::MAX)
        .build(TimedConnector { inner: tls, limit: connect_time }))
}

impl<C> Service<Uri> for TimedConnector<C>
where
    C: Service<Uri>,
    C::Error: Into<BoxError>,
    C::Future: Send + 'static,
{
    type Response = C::Response;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<C::Response, BoxError>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(context).map_err(Into::into)
    }

    fn call(&mut self, address: Uri) -> Self::Future {
        let connecting = timeout(self.limit, self.inner.call(address));
        Box::pin(async move { connecting.await.map_err(|_| ConnectTimedOut)?.map_err(Into::into) })
    }
}
