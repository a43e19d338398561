//! Asking an upstream: one request, its headers, and the body as it comes.

use std::error::Error;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::header::{ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use http::{HeaderMap, StatusCode};
use reqwest::redirect::Policy;
use waystation_protocol::openai::upstream_error::redact;

use crate::demo::DemoAnswer;
use crate::failure::{Failure, FailureKind};
use crate::network_guard::{PublicResolver, is_private_literal};
use crate::packed_body::{PackedBody, Packing};
use crate::settings::RelaySettings;
use crate::ways::Way;

/// Idle connections are kept this long; providers close theirs after a minute or more.
const IDLE_CONNECTION_TIME: Duration = Duration::from_secs(90);
/// Of an error body so much is read; messages are at its beginning.
const ERROR_BYTES_MAX: usize = 64 * 1024;

/// The clients behind all channels. Redirects are refused, proxies from the environment ignored, compression not
/// asked for, and no header but ours is sent.
#[derive(Debug)]
pub(crate) struct Upstreams {
    anywhere: reqwest::Client,
    public_only: reqwest::Client,
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
    Http(Box<reqwest::Response>),
    Packed(Box<PackedBody>),
    Demo(DemoAnswer),
}

impl Upstreams {
    pub fn new(settings: &RelaySettings) -> Result<Self, reqwest::Error> {
        let client = || {
            reqwest::Client::builder()
                .redirect(Policy::none())
                .no_proxy()
                // On a shared HTTP/2 connection a few callers that do not read would stall all others, and
                // providers limit the streams on it; every call has a pooled connection of its own instead.
                .http1_only()
                .referer(false)
                .connect_timeout(settings.connect_time)
                .pool_idle_timeout(IDLE_CONNECTION_TIME)
                .pool_max_idle_per_host(usize::MAX)
                .tcp_nodelay(true)
                .user_agent(concat!("waystation/", env!("CARGO_PKG_VERSION")))
        };
        Ok(Upstreams {
            anywhere: client().build()?,
            public_only: client().dns_resolver(PublicResolver).build()?,
        })
    }

    /// Sends a request and waits for the headers of its answer.
    pub async fn send(&self, way: &Way<'_>, body: Bytes, stream: bool) -> Result<UpstreamAnswer, Failure> {
        let channel = &way.route.channel;
        let url = channel.base_url.chat_completions();
        let client = if channel.allow_private_network {
            &self.anywhere
        } else if is_private_literal(url) {
            return Err(Failure::new(
                FailureKind::Connect,
                Some("the host is not on the public network".into()),
            ));
        } else {
            &self.public_only
        };
        let accept = if stream { "text/event-stream" } else { "application/json" };
        let mut request = client
            .post(url.clone())
            .header(CONTENT_TYPE, HeaderValue::from_static("application/json"))
            .header(ACCEPT, HeaderValue::from_static(accept))
            .header(ACCEPT_ENCODING, HeaderValue::from_static("identity"))
            .body(body);
        if let Some(credential) = way.credential {
            let text = format!("Bearer {}", credential.secret.expose());
            let Ok(mut value) = HeaderValue::try_from(text) else {
                let text = "the credential cannot be sent in a header";
                return Err(Failure::new(FailureKind::Account, Some(text.into())));
            };
            value.set_sensitive(true);
            request = request.header(AUTHORIZATION, value);
        }
        match request.send().await {
            Ok(mut response) => {
                let (status, headers) = (response.status(), std::mem::take(response.headers_mut()));
                let body = match Packing::of(&headers) {
                    Ok(None) => UpstreamBody::Http(Box::new(response)),
                    Ok(Some(packing)) => UpstreamBody::Packed(Box::new(PackedBody::new(response, packing))),
                    Err(error) if status.is_success() => {
                        return Err(Failure::new(FailureKind::Garbage, Some(error.to_string())));
                    }
                    // The status says enough.
                    Err(_) => UpstreamBody::Http(Box::new(response)),
                };
                Ok(UpstreamAnswer { status, headers, body })
            }
            Err(error) => Err(failure_of(error)),
        }
    }
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
            UpstreamBody::Http(response) => response.chunk().await.map_err(failure_of),
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

fn failure_of(error: reqwest::Error) -> Failure {
    let kind = if error.is_connect() {
        FailureKind::Connect
    } else if error.is_timeout() {
        FailureKind::Timeout
    } else {
        FailureKind::Garbage
    };
    let error = error.without_url();
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        cause = inner.source();
    }
    Failure::new(kind, Some(redact(&text)))
}
