//! Asking an upstream: one request, its headers, and the body as it comes.

use std::error::Error;
use std::io;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::header::{ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CONTENT_TYPE, HeaderValue, USER_AGENT};
use http::{HeaderMap, Method, Request, StatusCode, Uri};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use waystation_protocol::openai::upstream_error::redact;

use crate::catalog::CredentialSecret;
use crate::demo::DemoAnswer;
use crate::failure::{Failure, FailureKind};
use crate::network_guard::{HostResolver, NotPublic};
use crate::packed_body::PackedBody;
use crate::packing::Packing;
use crate::upstream_client::{UpstreamClient, build_client};
use crate::upstream_url::UpstreamUrl;
use crate::ways::Way;

/// A document.
pub(crate) const JSON: HeaderValue = HeaderValue::from_static("application/json");
/// A stream of events.
pub(crate) const EVENT_STREAM: HeaderValue = HeaderValue::from_static("text/event-stream");
/// Of an error body so much is read; messages are at its beginning.
const ERROR_BYTES_MAX: usize = 64 * 1024;

/// The clients behind all channels. Compression is not asked for, and no header but ours is sent.
#[derive(Debug)]
pub(crate) struct Upstreams {
    anywhere: UpstreamClient,
    public_only: UpstreamClient,
}

/// An upstream that has begun to answer.
#[derive(Debug)]
pub(crate) struct UpstreamAnswer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: UpstreamBody,
}

/// The body of an answer, read chunk by chunk.
#[derive(Debug)]
pub(crate) enum UpstreamBody {
    Http(Incoming),
    Packed(Box<PackedBody>),
    Demo(DemoAnswer),
}

impl Upstreams {
    pub fn new(connect_time: Duration) -> io::Result<Self> {
        Ok(Upstreams {
            anywhere: build_client(HostResolver::Anywhere, connect_time)?,
            public_only: build_client(HostResolver::PublicOnly, connect_time)?,
        })
    }

    /// Sends a request and waits for the headers of its answer.
    pub async fn send(&self, way: &Way<'_>, body: Bytes, stream: bool) -> Result<UpstreamAnswer, Failure> {
        let channel = &way.route.channel;
        let accept = if stream { EVENT_STREAM } else { JSON };
        let secret = way.credential.map(|credential| &credential.secret);
        let mut request = write_request(channel.base_url.chat_completions(), accept, secret)?;
        put_body(&mut request, body);
        self.deliver(&channel.base_url, channel.allow_private_network, request).await
    }

    /// Sends what was written for an upstream of this address, and waits for the headers of the answer.
    pub async fn deliver(
        &self,
        base_url: &UpstreamUrl,
        allow_private_network: bool,
        request: Request<Full<Bytes>>,
    ) -> Result<UpstreamAnswer, Failure> {
        if base_url.names_private_address() && !allow_private_network {
            return Err(Failure::new(FailureKind::NotPublic, Some(NotPublic.to_string())));
        }
        let sent = match allow_private_network {
            true => self.anywhere.request(request),
            false => self.public_only.request(request),
        };
        let (head, body) = sent.await.map_err(|error| failure_of(&error, error.is_connect()))?.into_parts();
        let (status, headers) = (head.status, head.headers);
        let body = match Packing::of(&headers) {
            Ok(None) => UpstreamBody::Http(body),
            Ok(Some(packing)) => UpstreamBody::Packed(Box::new(PackedBody::new(body, packing))),
            Err(error) if status.is_success() => {
                return Err(Failure::new(FailureKind::Garbage, Some(error.to_string())));
            }
            // The status says enough.
            Err(_) => UpstreamBody::Http(body),
        };
        Ok(UpstreamAnswer { status, headers, body })
    }
}

/// A request without a body, with the headers that all of ours have and no other.
pub(crate) fn write_request(
    uri: &Uri,
    accept: HeaderValue,
    secret: Option<&CredentialSecret>,
) -> Result<Request<Full<Bytes>>, Failure> {
    let mut request = Request::new(Full::default());
    *request.uri_mut() = uri.clone();
    let headers = request.headers_mut();
    headers.insert(ACCEPT, accept);
    headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    headers.insert(USER_AGENT, HeaderValue::from_static(concat!("waystation/", env!("CARGO_PKG_VERSION"))));
    if let Some(secret) = secret {
        let text = format!("Bearer {}", secret.expose());
        let Ok(mut value) = HeaderValue::try_from(text) else {
            let text = "the credential cannot be sent in a header";
            return Err(Failure::new(FailureKind::Account, Some(text.into())));
        };
        value.set_sensitive(true);
        headers.insert(AUTHORIZATION, value);
    }
    Ok(request)
}

/// Makes a request one that posts this JSON.
pub(crate) fn put_body(request: &mut Request<Full<Bytes>>, body: Bytes) {
    *request.method_mut() = Method::POST;
    request.headers_mut().insert(CONTENT_TYPE, JSON);
    *request.body_mut() = Full::new(body);
}

impl UpstreamAnswer {
    /// The answer of the demo channel, which nobody has to be asked for.
    pub fn of_demo(answer: DemoAnswer) -> Self {
        let body = UpstreamBody::Demo(answer);
        UpstreamAnswer { status: StatusCode::OK, headers: HeaderMap::new(), body }
    }

    /// Whether the body says that it is a document rather than a stream of events.
    pub fn is_document(&self) -> bool {
        let kind = self.headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes).unwrap_or_default();
        let starts_with =
            |name: &[u8]| kind.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name));
        starts_with(b"application/json") || starts_with(b"text/html")
    }

    /// The beginning of a body that tells of an error. What breaks off still tells what it told before.
    pub async fn read_error_body(&mut self) -> Bytes {
        let mut read = BytesMut::new();
        while read.len() < ERROR_BYTES_MAX {
            match self.body.next().await {
                Ok(Some(chunk)) => read.extend_from_slice(&chunk),
                Ok(None) | Err(_) => break,
            }
        }
        read.truncate(ERROR_BYTES_MAX);
        read.freeze()
    }
}

impl UpstreamBody {
    /// The next chunk, or nothing at the end. May be dropped while it waits without losing anything.
    pub async fn next(&mut self) -> Result<Option<Bytes>, Failure> {
        match self {
            UpstreamBody::Http(body) => loop {
                match body.frame().await.transpose().map_err(|error| failure_of(&error, false))? {
                    None => return Ok(None),
                    Some(frame) => {
                        if let Ok(data) = frame.into_data() {
                            return Ok(Some(data));
                        }
                    }
                }
            },
            UpstreamBody::Packed(packed) => packed.next().await,
            UpstreamBody::Demo(answer) => Ok(answer.next().await),
        }
    }

    /// Reads past what little follows the end of an answer, so that its connection can be used again.
    pub async fn read_tail(mut self) {
        const TAIL_TIME: Duration = Duration::from_secs(1);
        const TAIL_CHUNKS_MAX: usize = 16;
        let tail = async {
            for _ in 0..TAIL_CHUNKS_MAX {
                if !matches!(self.next().await, Ok(Some(_))) {
                    break;
                }
            }
        };
        // Whether the tail ended or the patience did makes no difference.
        drop(tokio::time::timeout(TAIL_TIME, tail).await);
    }
}

fn failure_of(error: &dyn Error, while_connecting: bool) -> Failure {
    let mut kind = if while_connecting { FailureKind::Connect } else { FailureKind::Garbage };
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        if inner.is::<NotPublic>() {
            kind = FailureKind::NotPublic;
        }
        cause = inner.source();
    }
    Failure::new(kind, Some(redact(&text)))
}
