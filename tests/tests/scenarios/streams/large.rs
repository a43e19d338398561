//! S21 and S22: events that are large, and clients that read slowly or not at all.

use std::time::Duration;

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use waystation_tests::{Step, WorldOptions, eventually, nanos, stream_head};

use super::events::{DONE, ROLE, STOP, USAGE, say, stream, word};
use super::{Bed, amount};
use crate::{HONEST_COST, MODEL, question, streamed_question};

const MEBIBYTE: usize = 1024 * 1024;

/// An event whose data is so long, of content that costs next to nothing to count.
fn event_of(bytes: usize) -> String {
    let frame = "{\"images\":[\"\"]}".len();
    super::events::delta(&format!("{{\"images\":[\"{}\"]}}", "A".repeat(bytes - frame)))
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_of_megabytes_passes_whole_and_one_above_the_limit_ends_the_stream() {
    let mut bed = Bed::start().await;
    bed.raw.script(MODEL, stream(&[ROLE, &word("one"), STOP, USAGE, DONE]));
    bed.ask(streamed_question(MODEL)).await.expect_honest();
    let before = bed.world.server(0).peak_resident_bytes();
    for size in [1, 4, 15] {
        let large = event_of(size * MEBIBYTE);
        bed.raw.script(MODEL, stream(&[ROLE, &word("one"), &large, STOP, USAGE, DONE]));
        let outcome = bed.ask(streamed_question(MODEL)).await.expect_honest();
        assert!(outcome.reply.text == [ROLE, &word("one"), &large, STOP, DONE].concat(), "{size} MiB arrive");
    }
    let too_large = stream(&[ROLE, &word("one"), &event_of(17 * MEBIBYTE), STOP, USAGE, DONE]);
    let mut endless = stream(&[ROLE, &word("one"), "data: "]);
    endless.push(Step::Repeat(vec![b'A'; MEBIBYTE], 0));
    for script in [too_large, endless] {
        bed.raw.script(MODEL, script);
        let outcome = bed.ask(streamed_question(MODEL)).await.expect_interrupted("upstream_error");
        assert_eq!(outcome.reply.text.matches("AAAA").count(), 0, "nothing of it is passed on");
    }
    // Each of these grows by doubling, and what the last ones left is not given back at once.
    let growth = bed.world.server(0).peak_resident_bytes() - before;
    assert!(growth < 192 * MEBIBYTE as u64, "{} MiB more", growth / MEBIBYTE as u64);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_limit_of_an_event_can_be_set() {
    let bed = Bed::start_with(WorldOptions::single().with("WAYSTATION_RELAY_MAX_EVENT_BYTES", "10000")).await;
    for (size, passes) in [(9_000, true), (11_000, false)] {
        bed.raw.script(MODEL, stream(&[ROLE, &word("one"), &event_of(size), STOP, USAGE, DONE]));
        let outcome = bed.ask(streamed_question(MODEL)).await;
        if passes {
            outcome.expect_honest();
        } else {
            outcome.expect_interrupted("upstream_error");
        }
    }
    // Without content before it, nothing was given and nothing is paid.
    bed.raw.script(MODEL, stream(&[ROLE, &event_of(11_000), DONE]));
    bed.ask(streamed_question(MODEL)).await.expect_free_error(502, "upstream_error");
}

/// Begins a stream on a line that takes little, and reads the head of the answer.
async fn begin_narrow(bed: &Bed) -> (TcpStream, String) {
    let address = bed.world.base_urls()[0].trim_start_matches("http://").to_owned();
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4_096).unwrap();
    let mut line = socket.connect(address.parse().unwrap()).await.unwrap();
    let (body, secret) = (streamed_question(MODEL).to_string(), &bed.key.secret);
    let head = format!(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {secret}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    line.write_all(head.as_bytes()).await.unwrap();
    let mut seen = Vec::new();
    while !seen.windows(4).any(|window| window == b"\r\n\r\n") {
        assert!(line.read_buf(&mut seen).await.unwrap() > 0, "the answer begins");
    }
    let seen = String::from_utf8_lossy(&seen).into_owned();
    let id = seen.lines().find_map(|line| line.strip_prefix("x-request-id: ")).expect("it has an id");
    (line, id.trim().to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_that_do_not_read_hold_little_memory_and_count_as_gone() {
    const CLIENTS: usize = 8;
    let mut bed =
        Bed::start_with(WorldOptions::single().with("WAYSTATION_LIMITS_WRITE_STALL_MS", "1500")).await;
    bed.raw.script(MODEL, stream(&[ROLE, &word("one"), STOP, USAGE, DONE]));
    bed.ask(streamed_question(MODEL)).await.expect_honest();
    let before = bed.world.server(0).peak_resident_bytes();
    // 24 MiB a client, far more than the system keeps for a connection.
    let large = format!(": {}\n\n", "x".repeat(MEBIBYTE));
    let mut script = vec![stream_head(), say(ROLE), say(&word("one"))];
    script.extend(std::iter::repeat_n(say(&large), 24));
    script.extend([STOP, USAGE, DONE].map(say));
    bed.raw.script(MODEL, script);
    let mut clients = Vec::new();
    for _ in 0..CLIENTS {
        clients.push(begin_narrow(&bed).await);
    }
    for (_, id) in &clients {
        let row = bed.world.request_row(id).await;
        assert_eq!((&row["status"], &row["status_code"]), (&json!("cancelled"), &json!(499)), "{row}");
        // The upstream was read to its end all the same, and says what it cost.
        assert_eq!(amount(&row, "charged"), nanos(HONEST_COST), "{row}");
    }
    let growth = bed.world.server(0).peak_resident_bytes() - before;
    let each = growth / CLIENTS as u64;
    // An event that is sent, one that comes, and what may wait: half a mebibyte here and as much in the connection.
    assert!(each < 12 * MEBIBYTE as u64, "{} KiB more for each client", each / 1024);
    assert_eq!((bed.raw.total_calls(), bed.raw.left()), (CLIENTS + 1, 0));
    // The site serves others meanwhile and after.
    bed.world.add_model("other", waystation_tests::price("2", "10", super::FEE)).await;
    bed.world.add_channel(&bed.raw.base_url(), &["other"], 0).await;
    bed.raw.script("other", waystation_tests::document("200 OK", "", super::events::ANSWER));
    bed.ask(question("other")).await.expect_honest();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_reads_slowly_gets_all_of_its_stream() {
    let bed = Bed::start_with(WorldOptions::single().with("WAYSTATION_LIMITS_WRITE_STALL_MS", "3000")).await;
    let large = event_of(MEBIBYTE);
    let mut script = vec![stream_head(), say(ROLE)];
    script.extend(std::iter::repeat_n(say(&large), 3));
    script.extend([STOP, USAGE, DONE].map(say));
    bed.raw.script(MODEL, script);
    let (mut line, id) = begin_narrow(&bed).await;
    let (mut seen, mut buffer) = (0, vec![0; 64 * 1024]);
    let mut tail = Vec::new();
    loop {
        let read = tokio::time::timeout(Duration::from_secs(20), line.read(&mut buffer)).await;
        let count = read.expect("the stream goes on").unwrap();
        seen += count;
        tail.extend_from_slice(&buffer[..count]);
        tail.drain(..tail.len().saturating_sub(64));
        if tail.windows(6).any(|window| window == b"[DONE]") {
            break;
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    assert!(seen > 3 * MEBIBYTE, "{seen}");
    let settled = async || {
        let row = bed.world.request_row(&id).await;
        (row["status"] == "ok").then_some(row)
    };
    let (row, _) = eventually("the call is whole", Duration::from_secs(10), settled).await;
    assert_eq!(amount(&row, "charged"), nanos(HONEST_COST), "{row}");
}
