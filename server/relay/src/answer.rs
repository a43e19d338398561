//! What a caller gets: a response whose body is whole, or comes from the call's task.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use http::{HeaderMap, HeaderName, Response, StatusCode};
use http_body::{Body, Frame, SizeHint};
use thiserror::Error;
use tokio::sync::mpsc;
use waystation_ids::RequestId;

/// The header that names the call; also on errors.
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// The header that names the output cap the relay set, where it is not the caller's.
pub(crate) const OUTPUT_CAP: HeaderName = HeaderName::from_static("x-waystation-output-cap");

/// The body of an answer.
#[derive(Debug)]
pub struct RelayBody(Content);

#[derive(Debug)]
enum Content {
    Whole(Option<Bytes>),
    Parts(mpsc::Receiver<Part>),
    Ended,
}

/// Stands among an answer's extensions when a hold was taken for it: the call then ends with a settlement, which the
/// books see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HasHold;

/// A piece of a streamed body.
#[derive(Debug)]
pub(crate) enum Part {
    Data(Bytes),
    /// The body ends here on purpose. A body whose task vanished never looks as if it had.
    End,
}

/// The task that made the body died; the connection must be broken off, so that the answer does not look whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the answer broke off")]
pub struct RelayBodyError;

impl RelayBody {
    /// A body that is there already.
    pub fn whole(bytes: Bytes) -> Self {
        RelayBody(Content::Whole(Some(bytes)))
    }

    pub(crate) fn parts(parts: mpsc::Receiver<Part>) -> Self {
        RelayBody(Content::Parts(parts))
    }
}

impl Body for RelayBody {
    type Data = Bytes;
    type Error = RelayBodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, RelayBodyError>>> {
        let next = match &mut self.0 {
            Content::Whole(bytes) => return Poll::Ready(bytes.take().map(|bytes| Ok(Frame::data(bytes)))),
            Content::Ended => return Poll::Ready(None),
            Content::Parts(parts) => match parts.poll_recv(context) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Some(Part::Data(bytes))) => return Poll::Ready(Some(Ok(Frame::data(bytes)))),
                Poll::Ready(Some(Part::End)) => None,
                Poll::Ready(None) => Some(Err(RelayBodyError)),
            },
        };
        self.0 = Content::Ended;
        Poll::Ready(next)
    }

    fn is_end_stream(&self) -> bool {
        matches!(self.0, Content::Whole(None) | Content::Ended)
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Content::Whole(bytes) => {
                SizeHint::with_exact(bytes.as_ref().map_or(0, |bytes| bytes.len() as u64))
            }
            Content::Parts(_) => SizeHint::default(),
            Content::Ended => SizeHint::with_exact(0),
        }
    }
}

/// A JSON answer.
pub(crate) fn json_response(status: StatusCode, request: RequestId, body: Bytes) -> Response<RelayBody> {
    let mut response = Response::new(RelayBody::whole(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    insert_request_id(headers, request);
    response
}

/// The head of a streamed answer, with its body.
pub(crate) fn stream_response(request: RequestId, parts: mpsc::Receiver<Part>) -> Response<RelayBody> {
    let mut response = Response::new(RelayBody::parts(parts));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream; charset=utf-8"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    // Asks nginx in front of us not to gather events.
    headers.insert(HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
    insert_request_id(headers, request);
    response
}

pub(crate) fn insert_output_cap(headers: &mut HeaderMap, cap: Option<u64>) {
    if let Some(cap) = cap {
        headers.insert(OUTPUT_CAP, HeaderValue::from(cap));
    }
}

pub(crate) fn insert_request_id(headers: &mut HeaderMap, request: RequestId) {
    if let Ok(value) = HeaderValue::try_from(request.to_string()) {
        headers.insert(REQUEST_ID, value);
    }
}
