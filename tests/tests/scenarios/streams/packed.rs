//! S23: upstreams that compress though they were asked not to.

use async_compression::tokio::write::{BrotliEncoder, GzipEncoder, ZlibEncoder};
use tokio::io::{AsyncWrite, AsyncWriteExt};
use waystation_tests::{Wire, eventually, packed_head};

use super::Bed;
use super::events::{ANSWER, DONE, ROLE, STOP, USAGE, word};
use crate::{MODEL, question, streamed_question};

const CODINGS: [&str; 3] = ["gzip", "deflate", "br"];

/// The pieces packed as one body, each flushed, so that it can be read when it has come.
async fn pack(coding: &str, pieces: &[&[u8]]) -> Vec<Vec<u8>> {
    match coding {
        "gzip" => {
            flush_each(
                GzipEncoder::new(Vec::new()),
                pieces,
                |packed| packed.get_ref().len(),
                |packed| packed.into_inner(),
            )
            .await
        }
        "deflate" => {
            flush_each(
                ZlibEncoder::new(Vec::new()),
                pieces,
                |packed| packed.get_ref().len(),
                |packed| packed.into_inner(),
            )
            .await
        }
        _ => {
            flush_each(
                BrotliEncoder::new(Vec::new()),
                pieces,
                |packed| packed.get_ref().len(),
                |packed| packed.into_inner(),
            )
            .await
        }
    }
}

async fn flush_each<E: AsyncWrite + Unpin>(
    mut encoder: E,
    pieces: &[&[u8]],
    length: impl Fn(&E) -> usize,
    finish: impl Fn(E) -> Vec<u8>,
) -> Vec<Vec<u8>> {
    let mut ends = vec![0];
    for piece in pieces {
        encoder.write_all(piece).await.unwrap();
        encoder.flush().await.unwrap();
        ends.push(length(&encoder));
    }
    encoder.shutdown().await.unwrap();
    let packed = finish(encoder);
    if let Some(last) = ends.last_mut() {
        *last = packed.len();
    }
    ends.windows(2).map(|pair| packed[pair[0]..pair[1]].to_vec()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_compressed_stream_is_read_event_by_event() {
    let bed = Bed::start().await;
    let (one, two) = (word("one"), word(" 你好"));
    let events = [ROLE, &one, &two, STOP, USAGE, DONE];
    for coding in CODINGS {
        let packed = pack(coding, &events.map(str::as_bytes)).await;
        let steps = packed.into_iter().flat_map(|piece| [Wire::Permit, Wire::Send(piece)]);
        bed.raw.script(MODEL, std::iter::once(packed_head(coding)).chain(steps).collect());
        bed.raw.permit(2);
        let (mut response, id) = bed.begin(streamed_question(MODEL)).await;
        let mut text = String::new();
        // Each event is there before the next has been sent.
        for event in &events[1..5] {
            while !text.contains(event) && !event.contains("usage") {
                text.push_str(&String::from_utf8_lossy(&response.chunk().await.unwrap().expect(event)));
            }
            bed.raw.permit(1);
        }
        while let Some(chunk) = response.chunk().await.unwrap() {
            text.push_str(&String::from_utf8_lossy(&chunk));
        }
        assert_eq!(text, [ROLE, &one, &two, STOP, DONE].concat(), "{coding}");
        let row = bed.world.request_row(&id).await;
        assert_eq!((&row["status"], &row["usage"]["source"]), (&"ok".into(), &"reported".into()), "{row}");
    }
    assert_eq!(bed.raw.total_calls(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_compressed_answer_is_read_whole_and_one_that_breaks_off_is_none() {
    let bed = Bed::start().await;
    for coding in CODINGS {
        let packed = pack(coding, &[ANSWER.as_bytes()]).await.concat();
        let head = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-encoding: {coding}\r\n\r\n"
        );
        for length in [packed.len(), packed.len() / 2, 1] {
            bed.raw.script(MODEL, vec![super::events::say(&head), Wire::Send(packed[..length].to_vec())]);
            let outcome = bed.ask(question(MODEL)).await;
            if length == packed.len() {
                assert_eq!(outcome.expect_honest().reply.text, ANSWER, "{coding}");
            } else {
                outcome.expect_free_error(502, "upstream_error");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_packed_in_an_unknown_way_or_not_at_all_is_no_answer_and_free() {
    let bed = Bed::start().await;
    for coding in ["zstd", "gzip, gzip", "compress", "gzip"] {
        for body in [question(MODEL), streamed_question(MODEL)] {
            // It says that it is packed, and is not.
            bed.raw.script(MODEL, vec![packed_head(coding), super::events::say(ANSWER)]);
            bed.ask(body).await.expect_free_error(502, "upstream_error");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_unpacks_to_far_more_than_its_size_is_refused_in_little_memory() {
    const MEBIBYTE: u64 = 1024 * 1024;
    let mut bed = Bed::start().await;
    // 256 MiB of comments, each far below the largest event.
    let comment = format!(": {}\n\n", " ".repeat(64 * 1024));
    for coding in CODINGS {
        let first = word("one");
        let mut pieces = vec![ROLE.as_bytes(), first.as_bytes()];
        pieces.extend(std::iter::repeat_n(comment.as_bytes(), 4_096));
        let packed = pack_whole(coding, &pieces).await;
        bed.ask(question(MODEL)).await;
        let before = bed.world.server(0).peak_resident_bytes();
        bed.raw.script(MODEL, vec![packed_head(coding), Wire::Send(packed), Wire::Hang]);
        let left = bed.raw.left();
        let outcome = bed.ask(streamed_question(MODEL)).await.expect_interrupted("upstream_error");
        assert_eq!(outcome.reply.streamed_text(), "one");
        let gone = async || (bed.raw.left() > left).then_some(());
        eventually("the upstream is left", std::time::Duration::from_secs(10), gone).await;
        let growth = bed.world.server(0).peak_resident_bytes() - before;
        assert!(growth < 64 * MEBIBYTE, "{coding}: {} MiB more", growth / MEBIBYTE);
    }
}

/// The same without a flush amid it.
async fn pack_whole(coding: &str, pieces: &[&[u8]]) -> Vec<u8> {
    match coding {
        "gzip" => fill(GzipEncoder::new(Vec::new()), pieces).await.into_inner(),
        "deflate" => fill(ZlibEncoder::new(Vec::new()), pieces).await.into_inner(),
        // The thinnest packing there is takes the longest, too.
        _ => fill(BrotliEncoder::with_quality(Vec::new(), async_compression::Level::Fastest), pieces)
            .await
            .into_inner(),
    }
}

async fn fill<E: AsyncWrite + Unpin>(mut encoder: E, pieces: &[&[u8]]) -> E {
    for piece in pieces {
        encoder.write_all(piece).await.unwrap();
    }
    encoder.shutdown().await.unwrap();
    encoder
}
