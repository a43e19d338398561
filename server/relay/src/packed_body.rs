//! Answers that come compressed although they were asked for plain. Some proxies compress whatever passes; their
//! answers are read all the same, bit by bit, so that an event is there as soon as its last byte is.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_compression::tokio::bufread::{BrotliDecoder, GzipDecoder, ZlibDecoder, ZstdDecoder};
use async_compression::zstd::DParameter;
use bytes::{Bytes, BytesMut};
use futures_util::TryStreamExt;
use http::HeaderMap;
use http::header::CONTENT_ENCODING;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use thiserror::Error;
use tokio::io::{AsyncBufRead, AsyncRead, AsyncReadExt};
use tokio_util::io::StreamReader;

use crate::failure::{Failure, FailureKind};

/// So much is unpacked at a time.
const READ_BYTES: usize = 16 * 1024;
/// Up to here an answer may be as repetitive as it likes.
const FREE_BYTES: u64 = 1024 * 1024;
/// Beyond, it may unpack to so many times its size: many times what text does, far less than a bomb.
const RATIO_MAX: u64 = 200;
/// The largest window of zstd, as the power of two: 8 MiB, which RFC 8878 asks every reader for. A sender may name
/// hundreds of times that.
const ZSTD_WINDOW_LOG_MAX: u32 = 23;

/// How a body is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Packing {
    Gzip,
    Deflate,
    Brotli,
    Zstd,
}

/// The body is packed in a way that is not known here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the answer is compressed, which was not asked for, and not in a way that can be read")]
pub(crate) struct UnknownPacking;

/// A body that is unpacked while it comes.
pub(crate) struct PackedBody {
    unpacked: Pin<Box<dyn AsyncRead + Send + Sync>>,
    packed_bytes: Arc<AtomicU64>,
    unpacked_bytes: u64,
}

impl Packing {
    /// What the headers say; nothing for a body that is as it is.
    pub fn of(headers: &HeaderMap) -> Result<Option<Self>, UnknownPacking> {
        let mut packing = None;
        for value in headers.get_all(CONTENT_ENCODING) {
            let value = value.to_str().map_err(|_| UnknownPacking)?;
            for name in value.split(',').map(str::trim) {
                let named = match name.to_ascii_lowercase().as_str() {
                    "" | "identity" => continue,
                    "gzip" | "x-gzip" => Packing::Gzip,
                    "deflate" => Packing::Deflate,
                    "br" => Packing::Brotli,
                    "zstd" => Packing::Zstd,
                    _ => return Err(UnknownPacking),
                };
                // What is packed twice is packed to do harm.
                if packing.replace(named).is_some() {
                    return Err(UnknownPacking);
                }
            }
        }
        Ok(packing)
    }
}

impl PackedBody {
    /// Unpacks the body of an answer.
    pub fn new(body: Incoming, packing: Packing) -> Self {
        let packed_bytes = Arc::new(AtomicU64::new(0));
        let count = packed_bytes.clone();
        let chunks = body.into_data_stream().map_err(io::Error::other).inspect_ok(move |chunk| {
            count.fetch_add(chunk.len() as u64, Ordering::Relaxed);
        });
        let unpacked = unpack(StreamReader::new(chunks), packing);
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

fn unpack(
    packed: impl AsyncBufRead + Send + Sync + 'static,
    packing: Packing,
) -> Pin<Box<dyn AsyncRead + Send + Sync>> {
    match packing {
        Packing::Gzip => {
            let mut decoder = GzipDecoder::new(packed);
            // Servers that pack each event by itself send one member an event.
            decoder.multiple_members(true);
            Box::pin(decoder)
        }
        Packing::Deflate => Box::pin(ZlibDecoder::new(packed)),
        Packing::Brotli => Box::pin(BrotliDecoder::new(packed)),
        Packing::Zstd => {
            let window = [DParameter::window_log_max(ZSTD_WINDOW_LOG_MAX)];
            let mut decoder = ZstdDecoder::with_params(packed, &window);
            decoder.multiple_members(true);
            Box::pin(decoder)
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn packing(values: &[&'static str]) -> Result<Option<Packing>, UnknownPacking> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(CONTENT_ENCODING, http::HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        Packing::of(&headers)
    }

    #[test]
    fn a_packing_is_known_by_any_of_its_names_and_used_once_only() {
        assert_eq!(packing(&[]), Ok(None));
        assert_eq!(packing(&["identity"]), Ok(None));
        assert_eq!(packing(&["GZIP"]), Ok(Some(Packing::Gzip)));
        assert_eq!(packing(&["x-gzip, identity"]), Ok(Some(Packing::Gzip)));
        assert_eq!(packing(&["deflate"]), Ok(Some(Packing::Deflate)));
        assert_eq!(packing(&["br"]), Ok(Some(Packing::Brotli)));
        assert_eq!(packing(&["zstd"]), Ok(Some(Packing::Zstd)));
        for unknown in [&["gzip, gzip"][..], &["gzip", "br"], &["compress"], &["\u{e9}"]] {
            assert_eq!(packing(unknown), Err(UnknownPacking), "{unknown:?}");
        }
    }
}
