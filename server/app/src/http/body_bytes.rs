//! The bytes of a request's body: bounded in number and in time, and unpacked where they come packed.

use std::io;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, header};
use futures_util::stream::try_unfold;
use http_body_util::BodyExt;
use thiserror::Error;
use tokio::io::AsyncReadExt;
use tokio::time::{Instant, timeout_at};
use tokio_util::io::StreamReader;
use waystation_relay::{Packing, UnknownPacking, Unpacked};

/// A caller that sends nothing of its body for so long has gone.
const STALL: Duration = Duration::from_secs(30);
/// And one that sends slower than this on the whole keeps a connection for nothing.
const BYTES_A_SECOND_MIN: u64 = 1_024;
/// So much is unpacked at once.
const UNPACKED_AT_ONCE: usize = 32 * 1024;
/// After so much, others have their turn.
const TURN_BYTES: usize = 1024 * 1024;
/// So long the room for a body of unknown length is doubled.
const DOUBLED_UP_TO: usize = 1024 * 1024;

/// What a caller may send packed, for the header `accept-encoding` of a refusal.
pub(crate) const ACCEPTED_CODINGS: &str = "gzip, deflate, br, zstd";

/// Why a body was not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub(crate) enum BodyError {
    /// It is larger than it may be, as it came or unpacked.
    #[error("the body is too large")]
    TooLarge,
    /// It did not come in time.
    #[error("the body did not come in time")]
    Late,
    /// It ended before its end.
    #[error("the body broke off")]
    Broken,
    /// It is not packed as its header says.
    #[error("the body cannot be unpacked")]
    Unreadable,
}

/// How a caller's body is packed, in one header with one name; none: not at all.
pub(crate) fn packing_of(headers: &HeaderMap) -> Result<Option<Packing>, UnknownPacking> {
    let mut values = headers.get_all(header::CONTENT_ENCODING).iter();
    let Some(value) = values.next() else { return Ok(None) };
    let packing = Packing::of_name(value.to_str().map_err(|_| UnknownPacking)?.trim())?;
    if values.next().is_some() { Err(UnknownPacking) } else { Ok(packing) }
}

/// Reads a body of at most `limit` bytes, both as it comes and unpacked. `announced` is its length as its head has it.
pub(crate) async fn read_body(
    body: Body,
    announced: Option<u64>,
    packing: Option<Packing>,
    limit: usize,
) -> Result<Bytes, BodyError> {
    let pieces = Pieces { body, limit, received: 0, begun: Instant::now() };
    match packing {
        None => read_plain(pieces, announced).await,
        Some(packing) => unpack(pieces, packing).await,
    }
}

/// A body as it comes.
struct Pieces {
    body: Body,
    limit: usize,
    received: usize,
    begun: Instant,
}

impl Pieces {
    async fn next(&mut self) -> Result<Option<Bytes>, BodyError> {
        loop {
            let received = u64::try_from(self.received).unwrap_or(u64::MAX);
            let late_at = self.begun + STALL + Duration::from_secs(received / BYTES_A_SECOND_MIN);
            let patience = late_at.min(Instant::now() + STALL);
            let frame = timeout_at(patience, self.body.frame()).await.map_err(|_| BodyError::Late)?;
            let Some(frame) = frame else { return Ok(None) };
            let Ok(piece) = frame.map_err(|_| BodyError::Broken)?.into_data() else { continue };
            if self.received + piece.len() > self.limit {
                return Err(BodyError::TooLarge);
            }
            self.received += piece.len();
            return Ok(Some(piece));
        }
    }
}

async fn read_plain(mut pieces: Pieces, announced: Option<u64>) -> Result<Bytes, BodyError> {
    // Most bodies come in one piece, which is then not copied.
    let Some(first) = pieces.next().await? else { return Ok(Bytes::new()) };
    let Some(second) = pieces.next().await? else { return Ok(first) };
    let announced = announced.and_then(|bytes| usize::try_from(bytes).ok()).unwrap_or(0);
    let mut whole = Vec::with_capacity(announced.min(pieces.limit).max(first.len() + second.len()));
    whole.extend_from_slice(&first);
    whole.extend_from_slice(&second);
    while let Some(piece) = pieces.next().await? {
        append(&mut whole, &piece, pieces.limit);
    }
    Ok(Bytes::from(whole))
}

/// Doubling would leave twice the body behind in memory that was touched. A large body gets all the room that it may
/// need at once; what it does not fill is never touched.
fn append(whole: &mut Vec<u8>, piece: &[u8], limit: usize) {
    let is_full = whole.capacity() - whole.len() < piece.len();
    if is_full && whole.len() >= DOUBLED_UP_TO {
        whole.reserve_exact(limit.saturating_sub(whole.len()).max(piece.len()));
    }
    whole.extend_from_slice(piece);
}

/// Unpacks as it comes: neither what is packed nor what is beyond the limit is ever held.
async fn unpack(pieces: Pieces, packing: Packing) -> Result<Bytes, BodyError> {
    let limit = pieces.limit;
    let packed = try_unfold(pieces, |mut pieces| async move {
        let next = pieces.next().await.map_err(io::Error::other)?;
        Ok::<_, io::Error>(next.map(|piece| (piece, pieces)))
    });
    let mut decoder = Unpacked::new(StreamReader::new(Box::pin(packed)), packing).to_the_end();
    let mut whole = Vec::new();
    let mut buffer = vec![0; UNPACKED_AT_ONCE];
    let mut turn = 0;
    loop {
        let read = decoder.read(&mut buffer).await.map_err(|error| body_error(&error))?;
        let Some(unpacked) = buffer.get(..read).filter(|unpacked| !unpacked.is_empty()) else { break };
        if whole.len() + unpacked.len() > limit {
            return Err(BodyError::TooLarge);
        }
        append(&mut whole, unpacked, limit);
        turn += read;
        if turn >= TURN_BYTES {
            turn = 0;
            tokio::task::yield_now().await;
        }
    }
    Ok(Bytes::from(whole))
}

/// An error of the body itself comes through the decoder; all others are the decoder's own.
fn body_error(error: &io::Error) -> BodyError {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<BodyError>());
    inner.copied().unwrap_or(BodyError::Unreadable)
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use async_compression::tokio::write::{BrotliEncoder, GzipEncoder, ZlibEncoder, ZstdEncoder};
    use axum::http::HeaderValue;
    use futures_util::stream::{iter, unfold};
    use tokio::io::{AsyncWrite, AsyncWriteExt};
    use tokio::time::sleep;

    use super::*;

    const LIMIT: usize = 1 << 20;
    const PACKINGS: [Packing; 4] = [Packing::Gzip, Packing::Deflate, Packing::Brotli, Packing::Zstd];

    /// A body of pieces of so many bytes, one every so many seconds.
    fn slow_body(pieces: usize, bytes: usize, seconds: u64) -> Body {
        Body::from_stream(unfold(pieces, move |left| async move {
            sleep(Duration::from_secs(seconds)).await;
            let piece = Ok::<_, Infallible>(Bytes::from(vec![b' '; bytes]));
            (left > 0).then(|| (piece, left - 1))
        }))
    }

    async fn write_into<W: AsyncWrite + Unpin>(mut encoder: W, bytes: &[u8]) -> W {
        encoder.write_all(bytes).await.unwrap();
        encoder.shutdown().await.unwrap();
        encoder
    }

    async fn pack(packing: Packing, bytes: &[u8]) -> Vec<u8> {
        match packing {
            Packing::Gzip => write_into(GzipEncoder::new(Vec::new()), bytes).await.into_inner(),
            Packing::Deflate => write_into(ZlibEncoder::new(Vec::new()), bytes).await.into_inner(),
            Packing::Brotli => write_into(BrotliEncoder::new(Vec::new()), bytes).await.into_inner(),
            Packing::Zstd => write_into(ZstdEncoder::new(Vec::new()), bytes).await.into_inner(),
        }
    }

    async fn unpack_pieces(
        packing: Packing,
        packed: &[u8],
        piece: usize,
        limit: usize,
    ) -> Result<Bytes, BodyError> {
        let pieces: Vec<Result<Bytes, Infallible>> =
            packed.chunks(piece.max(1)).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
        read_body(Body::from_stream(iter(pieces)), None, Some(packing), limit).await
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_may_come_slowly_but_not_drop_by_drop() {
        let whole = read_body(slow_body(20, 20_000, 10), None, None, LIMIT).await;
        assert_eq!(whole.unwrap().len(), 400_000);
        let dripping = read_body(slow_body(1_000, 1, 5), None, None, LIMIT).await;
        assert_eq!(dripping.unwrap_err(), BodyError::Late);
        let silent = read_body(slow_body(2, 100_000, 31), None, None, LIMIT).await;
        assert_eq!(silent.unwrap_err(), BodyError::Late);
        let packed = read_body(slow_body(1_000, 1, 5), None, Some(Packing::Gzip), LIMIT).await;
        assert!(matches!(packed.unwrap_err(), BodyError::Late | BodyError::Unreadable));
    }

    #[tokio::test]
    async fn a_plain_body_is_read_up_to_the_limit() {
        for pieces in 0..4 {
            let body = slow_body(pieces, 10, 0);
            assert_eq!(read_body(body, Some(u64::MAX), None, 30).await.unwrap().len(), pieces * 10);
        }
        assert_eq!(read_body(slow_body(4, 10, 0), None, None, 39).await, Err(BodyError::TooLarge));
    }

    #[tokio::test]
    async fn a_packed_body_is_unpacked_however_it_is_torn() {
        let text: Vec<u8> = (0..20_000_u32).flat_map(|number| (number * number).to_le_bytes()).collect();
        for packing in PACKINGS {
            let packed = pack(packing, &text).await;
            for piece in [1, 7, 1_000, usize::MAX] {
                assert_eq!(
                    unpack_pieces(packing, &packed, piece, LIMIT).await.unwrap(),
                    text,
                    "{packing:?} {piece}"
                );
            }
        }
    }

    #[tokio::test]
    async fn what_is_cut_or_no_packed_body_is_refused() {
        for packing in PACKINGS {
            let packed = pack(packing, &[b'x'; 5_000]).await;
            for end in [1, packed.len() / 2, packed.len() - 1] {
                let cut = unpack_pieces(packing, &packed[..end], 16, LIMIT).await;
                assert_eq!(cut, Err(BodyError::Unreadable), "{packing:?} cut at {end}");
            }
            for nonsense in [&b"{\"model\":\"echo\"}"[..], &[0; 64], &[0xff; 64]] {
                let read = unpack_pieces(packing, nonsense, 16, LIMIT).await;
                assert!(read.is_err() || read.as_ref().is_ok_and(Bytes::is_empty), "{packing:?} {read:?}");
            }
            let trailing = [&packed[..], b"{\"model\":\"echo\"}"].concat();
            assert_eq!(
                unpack_pieces(packing, &trailing, 16, LIMIT).await,
                Err(BodyError::Unreadable),
                "{packing:?}"
            );
        }
    }

    #[tokio::test]
    async fn a_bomb_goes_off_at_the_limit() {
        for packing in PACKINGS {
            // Packed twice it would be smaller still; packed once it is below a thousandth.
            let packed = pack(packing, &vec![0; 64 * LIMIT]).await;
            assert!(packed.len() < LIMIT, "{packing:?}");
            assert_eq!(
                unpack_pieces(packing, &packed, 4_096, LIMIT).await,
                Err(BodyError::TooLarge),
                "{packing:?}"
            );
            // One byte more than fits, and as much as fits.
            let packed = pack(packing, &vec![0; LIMIT + 1]).await;
            assert_eq!(
                unpack_pieces(packing, &packed, 4_096, LIMIT).await,
                Err(BodyError::TooLarge),
                "{packing:?}"
            );
            let packed = pack(packing, &vec![0; LIMIT]).await;
            assert_eq!(
                unpack_pieces(packing, &packed, 4_096, LIMIT).await.unwrap().len(),
                LIMIT,
                "{packing:?}"
            );
        }
    }

    #[tokio::test]
    async fn zstd_gets_no_window_beyond_that_of_http_and_no_endless_frames_of_nothing() {
        // A frame that asks for a window of 128 MiB: magic number, no content size, window descriptor 17 << 3.
        let large_window = [0x28, 0xb5, 0x2f, 0xfd, 0x00, 17 << 3, 0x01, 0x00, 0x00];
        assert_eq!(unpack_pieces(Packing::Zstd, &large_window, 16, LIMIT).await, Err(BodyError::Unreadable));
        // Frames to be skipped give nothing, but they count as they come.
        let skippable = [&[0x50, 0x2a, 0x4d, 0x18, 0xf8, 0x03, 0x00, 0x00][..], &[0; 1016]].concat();
        let endless = skippable.repeat(2 * LIMIT / skippable.len());
        assert_eq!(unpack_pieces(Packing::Zstd, &endless, 1_024, LIMIT).await, Err(BodyError::TooLarge));
    }
    #[test]
    fn one_known_packing_is_read_and_no_other() {
        let packing = |values: &[&'static str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(header::CONTENT_ENCODING, HeaderValue::from_static(value));
            }
            packing_of(&headers)
        };
        assert_eq!(packing(&[]), Ok(None));
        assert_eq!(packing(&["identity"]), Ok(None));
        assert_eq!(packing(&["GZIP"]), Ok(Some(Packing::Gzip)));
        assert_eq!(packing(&["zstd"]), Ok(Some(Packing::Zstd)));
        for refused in [&["compress"][..], &["gzip, gzip"], &["gzip", "br"], &["identity", "gzip"]] {
            assert_eq!(packing(refused), Err(UnknownPacking), "{refused:?}");
        }
    }
}
