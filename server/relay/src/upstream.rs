//! Asking an upstream: one request, its headers, and the body as it comes.

use std::error::Error;
use std::io;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::header::{ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CONTENT_TYPE, HeaderValue, USER_AGENT};
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use waystation_protocol::openai::upstream_error::redact;

use crate::demo::DemoAnswer;
use crate::failure::{Failure, FailureKind};
use crate::network_guard::HostResolver;
use crate::packed_body::PackedBody;
use crate::packing::Packing;
use crate::settings::RelaySettings;
use crate::upstream_client::{UpstreamClient, build_client};
use crate::ways::Way;

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
    pub fn new(settings: &RelaySettings) -> io::Result<Self> {
        Ok(Upstreams {
            anywhere: build_client(HostResolver::Anywhere, settings.connect_time)?,
            public_only: build_client(HostResolver::PublicOnly, settings.connect_time)?,
        })
    }

    /// Sends a request and waits for the headers of its answer.
    pub async fn send(&self, way: &Way<'_>, body: Bytes, stream: bool) -> Result<UpstreamAnswer, Failure> {
        let channel = &way.route.channel;
        if channel.base_url.names_private_address() && !channel.allow_private_network {
            return Err(Failure::new(
                FailureKind::Connect,
                Some("the host is not on the public network".into()),
            ));
        }
        let request = write_request(way, body, stream)?;
        let sent = match channel.allow_private_network {
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

fn write_request(way: &Way<'_>, body: Bytes, stream: bool) -> Result<Request<Full<Bytes>>, Failure> {
    let accept = if stream { "text/event-stream" } else { "application/json" };
    let mut request = Request::new(Full::new(body));
    *request.method_mut() = Method::POST;
    *request.uri_mut() = way.route.channel.base_url.chat_completions().clone();
    let headers = request.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(ACCEPT, HeaderValue::from_static(accept));
    headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    headers.insert(USER_AGENT, HeaderValue::from_static(concat!("waystation/", env!("CARGO_PKG_VERSION"))));
    if let Some(credential) = way.credential {
        let text = format!("Bearer {}", credential.secret.expose());
        let Ok(mut value) = HeaderValue::try_from(text) else {
            let text = "the credential cannot be sent in a header";
            return Err(Failure::new(FailureKind::Account, Some(text.into())));
        };
        value.set_sensitive(true);
        headers.insert(AUTHORIZATION, value);
    }
    Ok(request)
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
    let kind = if while_connecting { FailureKind::Connect } else { FailureKind::Garbage };
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        cause = inner.source();
    }
    Failure::new(kind, Some(redact(&text)))
}
