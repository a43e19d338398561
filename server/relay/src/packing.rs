//! How bodies are packed (`content-encoding`), those of callers and those of upstreams.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use async_compression::tokio::bufread::{BrotliDecoder, GzipDecoder, ZlibDecoder, ZstdDecoder};
use async_compression::zstd::DParameter;
use http::HeaderMap;
use http::header::CONTENT_ENCODING;
use thiserror::Error;
use tokio::io::{AsyncBufRead, AsyncRead, ReadBuf};

/// The largest window of zstd, as the power of two: 8 MiB, which RFC 8878 asks every reader for. A sender may name
/// hundreds of times that.
const ZSTD_WINDOW_LOG_MAX: u32 = 23;

/// How a body is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Packing {
    /// `gzip`.
    Gzip,
    /// `deflate`, which is the form of zlib.
    Deflate,
    /// `br`.
    Brotli,
    /// `zstd`.
    Zstd,
}

/// The body is packed in a way that is not known here, or in several.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the body is compressed in a way that cannot be read")]
pub struct UnknownPacking;

/// A body as it was before it was packed, unpacked as it is read.
#[derive(Debug)]
pub enum Unpacked<R> {
    /// Packed with gzip.
    Gzip(GzipDecoder<R>),
    /// Packed with deflate.
    Deflate(ZlibDecoder<R>),
    /// Packed with Brotli.
    Brotli(BrotliDecoder<R>),
    /// Packed with zstd.
    Zstd(ZstdDecoder<R>),
}

impl Packing {
    /// What a name says; nothing for a body that is as it is.
    pub fn of_name(name: &str) -> Result<Option<Self>, UnknownPacking> {
        Ok(match name.to_ascii_lowercase().as_str() {
            "" | "identity" => None,
            "gzip" | "x-gzip" => Some(Packing::Gzip),
            "deflate" => Some(Packing::Deflate),
            "br" => Some(Packing::Brotli),
            "zstd" => Some(Packing::Zstd),
            _ => return Err(UnknownPacking),
        })
    }

    /// What an answer's headers say; nothing for a body that is as it is.
    pub(crate) fn of(headers: &HeaderMap) -> Result<Option<Self>, UnknownPacking> {
        let mut packing = None;
        for value in headers.get_all(CONTENT_ENCODING) {
            let value = value.to_str().map_err(|_| UnknownPacking)?;
            for name in value.split(',').map(str::trim) {
                let Some(named) = Packing::of_name(name)? else { continue };
                // What is packed twice is packed to do harm.
                if packing.replace(named).is_some() {
                    return Err(UnknownPacking);
                }
            }
        }
        Ok(packing)
    }
}

impl<R: AsyncBufRead> Unpacked<R> {
    /// Unpacks what `packed` reads. Servers that pack each event by itself send one member of gzip or frame of zstd an
    /// event; what stands behind the end of the others is left.
    pub fn new(packed: R, packing: Packing) -> Self {
        match packing {
            Packing::Gzip => {
                let mut decoder = GzipDecoder::new(packed);
                decoder.multiple_members(true);
                Unpacked::Gzip(decoder)
            }
            Packing::Deflate => Unpacked::Deflate(ZlibDecoder::new(packed)),
            Packing::Brotli => Unpacked::Brotli(BrotliDecoder::new(packed)),
            Packing::Zstd => {
                let window = [DParameter::window_log_max(ZSTD_WINDOW_LOG_MAX)];
                let mut decoder = ZstdDecoder::with_params(packed, &window);
                decoder.multiple_members(true);
                Unpacked::Zstd(decoder)
            }
        }
    }

    /// Leaves nothing: what stands behind the end of the packed body is part of it, and has to be packed alike.
    pub fn to_the_end(mut self) -> Self {
        match &mut self {
            // They read on anyway.
            Unpacked::Gzip(_) | Unpacked::Zstd(_) => {}
            Unpacked::Deflate(decoder) => decoder.multiple_members(true),
            Unpacked::Brotli(decoder) => decoder.multiple_members(true),
        }
        self
    }
}

impl<R: AsyncBufRead + Unpin> AsyncRead for Unpacked<R> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Unpacked::Gzip(decoder) => Pin::new(decoder).poll_read(context, buffer),
            Unpacked::Deflate(decoder) => Pin::new(decoder).poll_read(context, buffer),
            Unpacked::Brotli(decoder) => Pin::new(decoder).poll_read(context, buffer),
            Unpacked::Zstd(decoder) => Pin::new(decoder).poll_read(context, buffer),
        }
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
