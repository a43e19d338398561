//! S23: upstreams that compress though they were asked not to.

use async_compression::Level;
use async_compression::tokio::write::{BrotliEncoder, GzipEncoder, ZlibEncoder, ZstdEncoder};
use tokio::io::{AsyncWrite, AsyncWriteExt};
use waystation_tests::{Step, eventually, packed_head};

use super::Bed;
use super::events::{ANSWER, DONE, ROLE, STOP, USAGE, word};
use crate::{MODEL, question, streamed_question};

const CODINGS: [&str; 4] = ["gzip", "deflate", "br", "zstd"];

/// An encoder whose output can be looked at.
trait Packer: AsyncWrite + Unpin {
    fn packed(&self) -> &[u8];
}

macro_rules! packers {
    ($($encoder:ident)+) => {
        $(impl Packer for $encoder<Vec<u8>> {
            fn packed(&self) -> &[u8] {
                self.get_ref()
            }
        })+
    };
}

packers!(BrotliEncoder GzipEncoder ZlibEncoder ZstdEncoder);

fn packer(coding: &str) -> Box<dyn Packer> {
    match coding {
        "gzip" => Box::new(GzipEncoder::new(Vec::new())),
        "deflate" => Box::new(ZlibEncoder::new(Vec::new())),
        "zstd" => Box::new(ZstdEncoder::new(Vec::new())),
        // Its densest level takes the longest by far.
        _ => Box::new(BrotliEncoder::with_quality(Vec::new(), Level::Fastest)),
    }
}

/// The pieces packed as one body, each flushed, so that it can be read when it has come.
async fn pack(coding: &str, pieces: &[&[u8]]) -> Vec<Vec<u8>> {
    let mut packer = packer(coding);
    let mut ends = vec![0];
    for piece in pieces {
        packer.write_all(piece).await.unwrap();
        packer.flush().await.unwrap();
        ends.push(packer.packed().len());
    }
    packer.shutdown().await.unwrap();
    let packed = packer.packed();
    if let Some(last) = ends.last_mut() {
        *last = packed.len();
    }
    ends.windows(2).map(|pair| packed[pair[0]..pair[1]].to_vec()).collect()
}

/// The same without a flush amid it.
async fn pack_whole(coding: &str, pieces: &[&[u8]]) -> Vec<u8> {
    let mut packer = packer(coding);
    for piece in pieces {
        packer.write_all(piece).await.unwrap();
    }
    packer.shutdown().await.unwrap();
    packer.packed().to_vec()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_compressed_stream_is_read_event_by_event() {
    let bed = Bed::start().await;
    let (one, two) = (word("one"), word(" 你好"));
    let events = [ROLE, &one, &two, STOP, USAGE, DONE];
    for coding in CODINGS {
        let packed = pack(coding, &events.map(str::as_bytes)).await;
        let steps = packed.into_iter().flat_map(|piece| [Step::Permit, Step::Send(piece)]);
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
    assert_eq!(bed.raw.total_calls(), CODINGS.len());
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
            bed.raw.script(MODEL, vec![super::events::say(&head), Step::Send(packed[..length].to_vec())]);
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
async fn what_a_compressed_refusal_says_is_understood() {
    let bed = Bed::start().await;
    let told = b"{\"error\":{\"message\":\"m\",\"code\":\"context_length_exceeded\"}}";
    for (coding, code) in [
        ("gzip", "context_length_exceeded"),
        ("br", "context_length_exceeded"),
        ("compress", "invalid_request"),
    ] {
        let packed = pack(coding, &[told]).await.concat();
        let head = format!("HTTP/1.1 400 Bad Request\r\ncontent-encoding: {coding}\r\n\r\n");
        bed.raw.script(MODEL, vec![super::events::say(&head), Step::Send(packed)]);
        bed.ask(streamed_question(MODEL)).await.expect_free_error(400, code);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_packed_in_an_unknown_way_or_not_at_all_is_no_answer_and_free() {
    let bed = Bed::start().await;
    for coding in ["gzip, gzip", "compress", "gzip", "zstd"] {
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
        bed.raw.script(MODEL, vec![packed_head(coding), Step::Send(packed), Step::Hang]);
        let left = bed.raw.left();
        let outcome = bed.ask(streamed_question(MODEL)).await.expect_interrupted("upstream_error");
        assert_eq!(outcome.reply.streamed_text(), "one");
        let gone = async || (bed.raw.left() > left).then_some(());
        eventually("the upstream is left", std::time::Duration::from_secs(10), gone).await;
        let growth = bed.world.server(0).peak_resident_bytes() - before;
        assert!(growth < 64 * MEBIBYTE, "{coding}: {} MiB more", growth / MEBIBYTE);
    }
}
