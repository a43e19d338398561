//! A body that is sent piece by piece and can break off.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body, Frame};
use tokio::sync::mpsc;

/// Bytes from a script; an error cuts the connection.
#[derive(Debug)]
pub(super) struct ScriptedBody {
    receiver: mpsc::Receiver<io::Result<Bytes>>,
}

/// Where a script writes its bytes.
pub(super) type BodySender = mpsc::Sender<io::Result<Bytes>>;

impl ScriptedBody {
    /// A body, and where its bytes come from. Dropping the sender ends the body properly.
    pub(super) fn channel() -> (BodySender, ScriptedBody) {
        let (sender, receiver) = mpsc::channel(1);
        (sender, ScriptedBody { receiver })
    }

    /// A body that is known already.
    pub(super) fn whole(text: String) -> ScriptedBody {
        let (sender, body) = ScriptedBody::channel();
        // The channel is new and holds one element.
        let _ = sender.try_send(Ok(Bytes::from(text)));
        body
    }
}

impl Body for ScriptedBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        self.receiver.poll_recv(context).map(|next| next.map(|bytes| bytes.map(Frame::data)))
    }
}
