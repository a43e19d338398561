//! The link between a call's task and its caller, who may go away at any moment.

use std::time::Duration;

use bytes::Bytes;
use http::Response;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;
use waystation_ids::RequestId;

use crate::answer::{HasHold, Part, RelayBody, insert_output_cap, stream_response};
use crate::call_error::CallError;

/// Parts that may wait for a slow caller; beyond them the upstream is not read.
const PARTS_WAITING_MAX: usize = 16;
/// Larger pieces are sent in parts of this size, so that what waits is bounded in bytes (512 KiB) whatever the
/// size of events.
const PART_BYTES_MAX: usize = 32 * 1024;

/// The caller has gone, or refuses to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CallerGone;

/// The task's end of the link.
#[derive(Debug)]
pub(crate) struct CallerLink {
    head: Option<oneshot::Sender<Head>>,
    body: mpsc::Sender<Part>,
    has_hold: bool,
}

/// The caller's end of the link.
#[derive(Debug)]
pub(crate) struct WaitingCaller {
    head: oneshot::Receiver<Head>,
    body: mpsc::Receiver<Part>,
}

#[derive(Debug)]
enum Head {
    Whole(Response<RelayBody>),
    Stream { output_cap: Option<u64> },
}

/// Both ends of a new link.
pub(crate) fn link_caller() -> (CallerLink, WaitingCaller) {
    let (head_sender, head) = oneshot::channel();
    let (body_sender, body) = mpsc::channel(PARTS_WAITING_MAX);
    (CallerLink { head: Some(head_sender), body: body_sender, has_hold: false }, WaitingCaller { head, body })
}

impl WaitingCaller {
    /// The answer, once there is one.
    pub async fn answer(self, request: RequestId) -> Response<RelayBody> {
        match self.head.await {
            Ok(Head::Whole(response)) => response,
            Ok(Head::Stream { output_cap }) => {
                let mut response = stream_response(request, self.body);
                insert_output_cap(response.headers_mut(), output_cap);
                response.extensions_mut().insert(HasHold);
                response
            }
            // The task died; its hold is given back by its guard.
            Err(_) => CallError::internal_error().to_response(request),
        }
    }
}

impl CallerLink {
    /// Whether the caller has been given a head.
    pub fn has_begun(&self) -> bool {
        self.head.is_none()
    }

    /// Notes that a hold was taken, so that the answer says so.
    pub fn note_hold(&mut self) {
        self.has_hold = true;
    }

    /// Gives the caller its whole answer, unless it has gone.
    pub fn answer(&mut self, mut response: Response<RelayBody>) {
        if let Some(head) = self.head.take() {
            if self.has_hold {
                response.extensions_mut().insert(HasHold);
            }
            // A caller that has gone gets no answer, and there is nobody to tell.
            drop(head.send(Head::Whole(response)));
        }
    }

    /// Gives the caller the head of a stream. Cannot be taken back.
    pub fn begin_stream(&mut self, output_cap: Option<u64>) {
        if let Some(head) = self.head.take() {
            drop(head.send(Head::Stream { output_cap }));
        }
    }

    /// Sends a part of the stream. A caller that reads nothing for `stall` counts as gone.
    pub async fn send(&self, mut bytes: Bytes, stall: Duration) -> Result<(), CallerGone> {
        while bytes.len() > PART_BYTES_MAX {
            self.send_part(Part::Data(bytes.split_to(PART_BYTES_MAX)), stall).await?;
        }
        self.send_part(Part::Data(bytes), stall).await
    }

    /// Sends the last part and ends the stream on purpose. By now the call is settled, so whether a caller is there
    /// to see it changes nothing.
    pub async fn finish(&self, last: Bytes, stall: Duration) {
        if self.send(last, stall).await.is_ok() {
            self.send_part(Part::End, stall).await.ok();
        }
    }

    async fn send_part(&self, part: Part, stall: Duration) -> Result<(), CallerGone> {
        match self.body.try_send(part) {
            Ok(()) => Ok(()),
            Err(TrySendError::Closed(_)) => Err(CallerGone),
            Err(TrySendError::Full(part)) => match timeout(stall, self.body.send(part)).await {
                Ok(Ok(())) => Ok(()),
                _ => Err(CallerGone),
            },
        }
    }

    /// Returns when the caller has gone.
    pub async fn gone(&self) {
        self.body.closed().await;
    }

    /// Whether the caller has gone. Meaningless once a whole answer was given.
    pub fn is_gone(&self) -> bool {
        self.body.is_closed()
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_caller_that_does_not_read_holds_few_bytes_however_large_the_events_are() {
        const EVENT: usize = 4 * 1024 * 1024;
        let stall = Duration::from_secs(30);
        let (mut link, waiting) = link_caller();
        link.begin_stream(None);
        let mut body = waiting.answer(RequestId::new_cause(0, [0; 10])).await.into_body();
        assert_eq!(link.send(Bytes::from(vec![b'x'; EVENT]), stall).await, Err(CallerGone));
        drop(link);
        let mut received = 0;
        while let Some(Ok(frame)) = body.frame().await {
            received += frame.into_data().map_or(0, |bytes| bytes.len());
        }
        assert_eq!(received, PARTS_WAITING_MAX * PART_BYTES_MAX);
    }

    #[tokio::test]
    async fn a_large_event_arrives_unchanged() {
        let stall = Duration::from_secs(30);
        let (mut link, waiting) = link_caller();
        link.begin_stream(None);
        let body = waiting.answer(RequestId::new_cause(0, [0; 10])).await.into_body();
        let event: Bytes = (0..PART_BYTES_MAX * 20 + 7).map(|place| (place % 251) as u8).collect();
        let sending = async {
            link.send(event.clone(), stall).await.ok();
            link.finish(Bytes::from_static(b"end"), stall).await;
        };
        let (collected, ()) = tokio::join!(body.collect(), sending);
        assert_eq!(collected.unwrap().to_bytes(), [&event[..], b"end"].concat());
    }
}
