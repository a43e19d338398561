//! Asking identity providers: no redirects, little time, small answers, and public hosts only unless a provider is
//! said to be in a private network.

use std::net::{IpAddr, SocketAddr};
use std::task::{Context, Poll};
use std::time::Duration;
use std::{io, vec};

use axum::http::{HeaderValue, Request, Response, header};
use bytes::Bytes;
use futures_util::future::BoxFuture;
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::dns::Name;
use hyper_util::client::legacy::{Client, Error as ClientError};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use thiserror::Error;
use tokio::net::lookup_host;
use tokio::time::timeout;
use tokio_rustls::rustls;
use tower::{BoxError, Service};
use url::{Host, Url};
use waystation_relay::is_public;

/// From the first step of connecting to the last byte.
const ANSWER_TIME: Duration = Duration::from_secs(10);
/// The largest answer.
const ANSWER_BYTES_MAX: usize = 1024 * 1024;
const IDLE_CONNECTION_TIME: Duration = Duration::from_secs(30);
const IDLE_CONNECTIONS_MAX: usize = 4;
/// GitHub answers nobody who does not say what it is.
const USER_AGENT: HeaderValue = HeaderValue::from_static("waystation");

/// Asks providers. Cheap to clone.
#[derive(Clone)]
pub(super) struct ProviderHttp {
    anywhere: HttpClient,
    public_only: HttpClient,
}

type HttpClient = Client<HttpsConnector<HttpConnector<HostResolver>>, Full<Bytes>>;

/// Which hosts a provider's addresses may name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reach {
    /// All of them, by `http` too.
    Anywhere,
    /// Those on the public network, by `https`.
    PublicOnly,
}

/// Why a provider gave no answer that can be looked at.
#[derive(Debug, Error)]
pub(super) enum AskError {
    /// The address is none that may be asked.
    #[error("the provider's address may not be asked")]
    NotAllowed,
    /// It took too long.
    #[error("the provider did not answer in time")]
    TimedOut,
    /// It cannot be reached.
    #[error("the provider cannot be reached")]
    Connection(#[source] ClientError),
    /// The answer is too large.
    #[error("the provider's answer is too large")]
    TooLarge,
    /// The answer broke off.
    #[error("the provider's answer broke off")]
    Body(#[source] BoxError),
}

impl ProviderHttp {
    /// Fails where the host's certificates cannot be used.
    pub(super) fn new() -> io::Result<Self> {
        Ok(ProviderHttp {
            anywhere: build_client(Reach::Anywhere)?,
            public_only: build_client(Reach::PublicOnly)?,
        })
    }

    /// Asks, and reads the answer, whatever its status.
    pub(super) async fn ask(
        &self,
        reach: Reach,
        request: Request<Vec<u8>>,
    ) -> Result<Response<Vec<u8>>, AskError> {
        timeout(ANSWER_TIME, self.ask_patiently(reach, request)).await.unwrap_or(Err(AskError::TimedOut))
    }

    async fn ask_patiently(
        &self,
        reach: Reach,
        request: Request<Vec<u8>>,
    ) -> Result<Response<Vec<u8>>, AskError> {
        let (mut parts, body) = request.into_parts();
        // Read as browsers do, so that an address has one meaning here and when connecting.
        let url = Url::parse(&parts.uri.to_string()).map_err(|_| AskError::NotAllowed)?;
        if !may_ask(reach, &url) {
            return Err(AskError::NotAllowed);
        }
        parts.uri = url.as_str().parse().map_err(|_| AskError::NotAllowed)?;
        parts.headers.insert(header::USER_AGENT, USER_AGENT);
        let client = match reach {
            Reach::Anywhere => &self.anywhere,
            Reach::PublicOnly => &self.public_only,
        };
        let request = Request::from_parts(parts, Full::new(Bytes::from(body)));
        let (parts, body) = client.request(request).await.map_err(AskError::Connection)?.into_parts();
        match Limited::new(body, ANSWER_BYTES_MAX).collect().await {
            Ok(body) => Ok(Response::from_parts(parts, body.to_bytes().to_vec())),
            Err(error) if error.is::<LengthLimitError>() => Err(AskError::TooLarge),
            Err(error) => Err(AskError::Body(error)),
        }
    }
}

/// Whether the address may be asked as it is written; names are judged when they are resolved.
fn may_ask(reach: Reach, url: &Url) -> bool {
    let is_private_literal = match url.host() {
        Some(Host::Ipv4(address)) => !is_public(IpAddr::V4(address)),
        Some(Host::Ipv6(address)) => !is_public(IpAddr::V6(address)),
        Some(Host::Domain(_)) => false,
        None => true,
    };
    match reach {
        Reach::Anywhere => matches!(url.scheme(), "http" | "https"),
        Reach::PublicOnly => url.scheme() == "https" && !is_private_literal,
    }
}

fn build_client(reach: Reach) -> io::Result<HttpClient> {
    let mut tcp = HttpConnector::new_with_resolver(HostResolver(reach));
    tcp.enforce_http(false);
    let provider = rustls::crypto::aws_lc_rs::default_provider();
    let tls = HttpsConnectorBuilder::new()
        .with_provider_and_platform_verifier(provider)?
        .https_or_http()
        .enable_http1()
        .wrap_connector(tcp);
    Ok(Client::builder(TokioExecutor::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(IDLE_CONNECTION_TIME)
        .pool_max_idle_per_host(IDLE_CONNECTIONS_MAX)
        .build(tls))
}

/// Resolves the names of hosts that may be reached. The check is made on the addresses that are connected to.
#[derive(Clone, Copy, Debug)]
struct HostResolver(Reach);

/// The name has an address that is not public.
#[derive(Debug, Error)]
#[error("the host is not on the public network")]
struct NotPublic;

impl Service<Name> for HostResolver {
    type Response = vec::IntoIter<SocketAddr>;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<Self::Response, BoxError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let HostResolver(reach) = *self;
        Box::pin(async move {
            let addresses: Vec<SocketAddr> = lookup_host((name.as_str(), 0)).await?.collect();
            let is_allowed =
                reach == Reach::Anywhere || addresses.iter().all(|address| is_public(address.ip()));
            if !is_allowed || addresses.is_empty() {
                return Err(NotPublic.into());
            }
            Ok(addresses.into_iter())
        })
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    fn get(url: &str) -> Request<Vec<u8>> {
        Request::get(url).body(Vec::new()).unwrap()
    }

    /// A server that answers one connection with these bytes and then says nothing more.
    async fn answering(answer: Vec<u8>) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let _ = stream.read(&mut [0; 4096]).await;
            let _ = stream.write_all(&answer).await;
            std::future::pending::<()>().await;
        });
        url
    }

    #[test]
    fn only_public_https_addresses_may_be_asked_unless_a_private_network_is_allowed() {
        for url in [
            "http://example.com/",
            "https://127.0.0.1/",
            "https://2130706433/",
            "https://[::1]/",
            "https://10.0.0.1/",
            "https://169.254.169.254/latest",
            "file:///etc/passwd",
        ] {
            assert!(!may_ask(Reach::PublicOnly, &Url::parse(url).unwrap()), "{url}");
        }
        assert!(may_ask(Reach::PublicOnly, &Url::parse("https://example.com/").unwrap()));
        assert!(may_ask(Reach::Anywhere, &Url::parse("http://127.0.0.1/").unwrap()));
        assert!(!may_ask(Reach::Anywhere, &Url::parse("file:///etc/passwd").unwrap()));
    }

    #[tokio::test]
    async fn a_name_of_a_private_address_is_not_connected_to() {
        let http = ProviderHttp::new().unwrap();
        let error = http.ask(Reach::PublicOnly, get("https://localhost:1/")).await.unwrap_err();
        let AskError::Connection(error) = error else { panic!("{error:?}") };
        assert!(crate::error::error_chain(&error).contains("not on the public network"), "{error:?}");
    }

    #[tokio::test]
    async fn a_redirect_is_an_answer_and_is_not_followed() {
        let http = ProviderHttp::new().unwrap();
        let head = b"HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n";
        let url = answering(head.to_vec()).await;
        assert_eq!(http.ask(Reach::Anywhere, get(&url)).await.unwrap().status(), 302);
    }

    #[tokio::test]
    async fn a_huge_answer_is_given_up() {
        let http = ProviderHttp::new().unwrap();
        let mut answer = b"HTTP/1.1 200 OK\r\ncontent-length: 100000000\r\n\r\n".to_vec();
        answer.resize(3 * 1024 * 1024, b' ');
        let url = answering(answer).await;
        let refused = http.ask(Reach::Anywhere, get(&url)).await;
        assert!(matches!(refused, Err(AskError::TooLarge)), "{refused:?}");
    }

    #[tokio::test]
    async fn a_slow_answer_is_given_up_after_ten_seconds() {
        let http = ProviderHttp::new().unwrap();
        let url = answering(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n123".to_vec()).await;
        tokio::time::pause();
        let begun = tokio::time::Instant::now();
        let refused = http.ask(Reach::Anywhere, get(&url)).await;
        assert!(matches!(refused, Err(AskError::TimedOut)), "{refused:?}");
        assert_eq!(begun.elapsed().as_secs(), 10);
    }
}
