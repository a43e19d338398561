//! Answers that come compressed although they were asked for plain. Some proxies compress whatever passes; their
//! answers are read all the same, bit by bit, so that an event is there as soon as its last byte is.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::{Bytes, BytesMut};
use futures_util::TryStreamExt;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio_util::io::StreamReader;

use crate::failure::{Failure, FailureKind};
use crate::packing::{Packing, Unpacked};

/// So much is unpacked at a time.
const READ_BYTES: usize = 16 * 1024;
/// Up to here an answer may be as repetitive as it likes.
const FREE_BYTES: u64 = 1024 * 1024;
/// Beyond, it may unpack to so many times its size: many times what text does, far less than a bomb.
const RATIO_MAX: u64 = 200;

/// A body that is unpacked while it comes.
pub(crate) struct PackedBody {
    unpacked: Pin<Box<dyn AsyncRead + Send + Sync>>,
    packed_bytes: Arc<AtomicU64>,
    unpacked_bytes: u64,
}

impl PackedBody {
    /// Unpacks the body of an answer.
    pub fn new(body: Incoming, packing: Packing) -> Self {
        let packed_bytes = Arc::new(AtomicU64::new(0));
        let count = packed_bytes.clone();
        let chunks = body.into_data_stream().map_err(io::Error::other).inspect_ok(move |chunk| {
            count.fetch_add(chunk.len() as u64, Ordering::Relaxed);
        });
        let unpacked = Box::pin(Unpacked::new(StreamReader::new(chunks), packing));
        PackedBody { unpacked, packed_bytes, unpacked_bytes: 0 }
    }

    /// The next unpacked bytes, or nothing at the end. May be dropped while it waits without losing anything.
    pub async fn next(&mut self) -> Result<Option<Bytes>, Failure> {
        let mut unpacked = BytesMut::with_capacity(READ_BYTES);
        let read = self.unpacked.read_buf(&mut unpacked).await;
        let count = read.map_err(|error| garbage(&error.to_string()))?;
        self.unpacked_bytes = self.unpacked_bytes.saturating_add(count as u64);
        let packed_bytes = self.packed_bytes.load(Ordering::Relaxed);
        if self.unpacked_bytes > FREE_BYTES.max(packed_bytes.saturating_mul(RATIO_MAX)) {
            return Err(garbage("the answer unpacks to far more than its size"));
        }
        Ok((count > 0).then(|| unpacked.freeze()))
    }
}

fn garbage(text: &str) -> Failure {
    Failure::new(FailureKind::Garbage, Some(text.to_owned()))
}

impl std::fmt::Debug for PackedBody {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("PackedBody")
            .field("unpacked_bytes", &self.unpacked_bytes)
            .finish_non_exhaustive()
    }
}
