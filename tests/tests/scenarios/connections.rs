//! Connections as an attacker or a poor network makes them: seen byte by byte.

use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;
use waystation_tests::{Behaviour, DatabaseKind, World, WorldOptions, eventually};

use crate::{MODEL, add_mock, question, streamed_question};

const PATIENCE: Duration = Duration::from_secs(20);

fn address(world: &World) -> String {
    world.base_urls()[0].trim_start_matches("http://").to_owned()
}

async fn connect(world: &World) -> TcpStream {
    TcpStream::connect(address(world)).await.unwrap()
}

/// Sends the bytes and reads what comes until the server ends the connection.
async fn exchange(world: &World, bytes: &[u8]) -> String {
    let mut stream = connect(world).await;
    // A server that has answered already may have closed its side.
    let _ = stream.write_all(bytes).await;
    read_to_end(&mut stream).await
}

async fn read_to_end(stream: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    // A reset after the answer is an end like any other.
    let _ = timeout(PATIENCE, stream.read_to_end(&mut answer)).await.expect("the server ends the connection");
    String::from_utf8_lossy(&answer).into_owned()
}

fn status_of(answer: &str) -> u16 {
    answer
        .strip_prefix("HTTP/1.1 ")
        .and_then(|rest| rest.get(..3))
        .and_then(|code| code.parse().ok())
        .unwrap_or(0)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_of_two_lengths_is_refused_and_nothing_behind_it_is_answered() {
    let world = World::start(DatabaseKind::Sqlite);
    let mock = add_mock(&world).await;
    let key = world.add_customer("1").await;
    let body = question(MODEL).to_string();
    let length = body.len();
    let chunked = format!("{length:x}\r\n{body}\r\n0\r\n\r\n");
    let framings = [
        (format!("Content-Length: {length}\r\nTransfer-Encoding: chunked\r\n"), chunked.clone()),
        (format!("Transfer-Encoding: chunked\r\nContent-Length: {length}\r\n"), chunked.clone()),
        ("content-length: 5\r\nTRANSFER-ENCODING: CHUNKED\r\n".to_owned(), "0\r\n\r\n".to_owned()),
        (format!("Content-Length: {length}\r\nContent-Length: 3\r\n"), body.clone()),
        (format!("Content-Length: {length}, 3\r\n"), body.clone()),
        (format!("Content-Length: +{length}\r\n"), body.clone()),
        ("Content-Length: -1\r\n".to_owned(), body.clone()),
        (format!("Content-Length: 0x{length:x}\r\n"), body.clone()),
        ("Content-Length: 18446744073709551617\r\n".to_owned(), body.clone()),
        ("Transfer-Encoding: chunked, identity\r\n".to_owned(), chunked.clone()),
        ("Transfer-Encoding: identity\r\n".to_owned(), chunked.clone()),
        ("Transfer-Encoding: xchunked\r\n".to_owned(), chunked.clone()),
        (format!("Transfer-Encoding : chunked\r\nContent-Length: {length}\r\n"), chunked.clone()),
        (format!("Content-Length : {length}\r\n"), body.clone()),
        (format!("Transfer-Encoding:\r\n chunked\r\nContent-Length: {length}\r\n"), chunked.clone()),
        ("Transfer-Encoding: chunked\r\n".to_owned(), format!("zz\r\n{body}\r\n0\r\n\r\n")),
        ("Transfer-Encoding: chunked\r\n".to_owned(), format!("-5\r\n{body}\r\n0\r\n\r\n")),
        ("Transfer-Encoding: chunked\r\n".to_owned(), format!("1ffffffffffffffff\r\n{body}\r\n0\r\n\r\n")),
        ("Transfer-Encoding: chunked\r\n".to_owned(), format!("{length:x}\r\n{body}XX0\r\n\r\n")),
    ];
    for (headers, body) in framings {
        for version in ["1.1", "1.0"] {
            let request = format!(
                "POST /v1/chat/completions HTTP/{version}\r\nHost: h\r\nAuthorization: Bearer {}\r\n\
                 Content-Type: application/json\r\n{headers}\r\n{body}GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n",
                key.secret
            );
            let answer = exchange(&world, request.as_bytes()).await;
            // HTTP/1.0 has no chunks: some of these are a body that is cut, which is refused as well.
            let refused = status_of(&answer.replace("HTTP/1.0", "HTTP/1.1"));
            assert_eq!(refused, 400, "{headers:?} in {version}: {answer}");
            assert!(
                !answer.contains("\r\n\r\nok\n"),
                "the second request was answered: {headers:?} {answer}"
            );
        }
    }
    assert_eq!(mock.total_calls(), 0);
    world.assert_balance(&key.user_id, "1").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn heads_beyond_their_limits_are_refused() {
    let world = World::start(DatabaseKind::Sqlite);
    let get = |path: &str, headers: &str| {
        format!("GET {path} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n{headers}\r\n")
    };
    let many: String = (0..150).map(|number| format!("x-{number}: a\r\n")).collect();
    let long = format!("x-long: {}\r\n", "a".repeat(100_000));
    for (request, status) in [
        (get("/healthz", ""), 200),
        (get("/healthz", &many), 431),
        (get("/healthz", &long), 431),
        (get(&format!("/healthz?{}", "a".repeat(8_000)), ""), 200),
        (get(&format!("/healthz?{}", "a".repeat(9_000)), ""), 414),
        (get(&format!("/{}", "a".repeat(9_000)), ""), 414),
        (get(&format!("/{}", "a".repeat(70_000)), ""), 431),
        ("GARBAGE\r\n\r\n".to_owned(), 400),
        ("GET / HTTP/1.1\r\nbad header\r\n\r\n".to_owned(), 400),
        ("GET / HTTP/1.1\r\nHost: h\r\nx: a\0b\r\n\r\n".to_owned(), 400),
    ] {
        let answer = exchange(&world, request.as_bytes()).await;
        // The longest address is over the limit of the head as well, whichever is found first.
        let refused = status_of(&answer);
        let is_either = refused == status || (status == 431 && refused == 414);
        assert!(is_either, "{} gave {refused}, not {status}", &request[..request.len().min(80)]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_does_not_wait_for_the_acknowledgement_of_the_one_before() {
    let world = World::start(DatabaseKind::Sqlite);
    let mock = add_mock(&world).await;
    let key = world.add_customer("10").await;
    mock.script(
        MODEL,
        Behaviour {
            pieces: vec!["first".to_owned(), "second".to_owned()],
            piece_delay_ms: 5,
            ..Behaviour::default()
        },
    );
    let body = streamed_question(MODEL).to_string();
    let request = format!(
        "POST /v1/chat/completions HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        key.secret,
        body.len()
    );
    // On one connection that lasts: at the beginning of one, acknowledgements are not delayed.
    let mut stream = connect(&world).await;
    let mut gaps = Vec::new();
    for call in 0..60 {
        stream.write_all(request.as_bytes()).await.unwrap();
        let (mut read, mut begun) = (Vec::new(), None);
        let has = |read: &[u8], text: &str| read.windows(text.len()).any(|window| window == text.as_bytes());
        while !has(&read, "\r\n0\r\n\r\n") {
            assert!(timeout(PATIENCE, stream.read_buf(&mut read)).await.unwrap().unwrap() > 0);
            let begun = *begun.get_or_insert_with(Instant::now);
            if gaps.len() == call && has(&read, "second") {
                gaps.push(begun.elapsed());
            }
        }
    }
    gaps.sort_unstable();
    let median = gaps[gaps.len() / 2];
    // Nagle's algorithm against delayed acknowledgements makes it 40 ms; without, it is the upstream's own 5 ms.
    assert!(median < Duration::from_millis(30), "{gaps:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_that_does_not_read_is_dropped_and_its_call_is_settled() {
    let options = WorldOptions::single().with("WAYSTATION_LIMITS_WRITE_STALL_MS", "500");
    let world = World::start_with(DatabaseKind::Sqlite, options);
    let mock = add_mock(&world).await;
    let key = world.add_customer("100").await;
    let pieces = vec!["x".repeat(64 * 1024); 256];
    mock.script(MODEL, Behaviour { pieces, ..Behaviour::default() });
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4_096).unwrap();
    let mut stream = socket.connect(address(&world).parse().unwrap()).await.unwrap();
    let body = streamed_question(MODEL).to_string();
    let head = format!(
        "POST /v1/chat/completions HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        key.secret,
        body.len()
    );
    stream.write_all(format!("{head}{body}").as_bytes()).await.unwrap();
    let settled = async || (world.count_requests(&key.user_id).await == 1).then_some(());
    // The relay itself would wait for 30 s.
    eventually("the call is settled", Duration::from_secs(20), settled).await;
    let list = world.get(&format!("/api/admin/requests?user_id={}", key.user_id)).await;
    assert_eq!(list["items"][0]["status_code"], 499, "{list}");
    // What was on its way can still be read; then the connection is over, in the midst of the answer.
    let rest = read_to_end(&mut stream).await;
    assert!(!rest.contains("[DONE]"));
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_beyond_the_limit_are_told_to_come_again_and_may() {
    const LIMIT: usize = 30;
    let options = WorldOptions::single().with("WAYSTATION_LIMITS_CONNECTIONS_MAX", &LIMIT.to_string());
    let world = World::start_with(DatabaseKind::Sqlite, options);
    let request = b"GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n";
    let mut open = Vec::new();
    let told = loop {
        assert!(open.len() <= LIMIT, "more connections than the limit");
        let mut stream = connect(&world).await;
        let _ = stream.write_all(request).await;
        let mut buffer = [0; 1024];
        match timeout(PATIENCE, stream.read(&mut buffer)).await.unwrap() {
            Ok(read) if buffer[..read].starts_with(b"HTTP/1.1 200") => open.push(stream),
            // The end of the connection may overtake what was said.
            Ok(read) => break String::from_utf8_lossy(&buffer[..read]).into_owned(),
            Err(_) => break String::new(),
        }
    };
    assert!(told.is_empty() || (told.starts_with("HTTP/1.1 503") && told.contains("retry-after")), "{told}");
    assert!(open.len() >= LIMIT / 2, "{} were open", open.len());
    drop(open);
    let served =
        async || exchange(&world, b"GET /healthz HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n").await;
    let again = async || (status_of(&served().await) == 200).then_some(());
    eventually("there is room again", PATIENCE, again).await;
}

/// A frame of HTTP/2: length, type, flags, stream, payload.
fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let mut frame = vec![length[1], length[2], length[3], kind, flags];
    frame.extend_from_slice(&stream.to_be_bytes());
    frame.extend_from_slice(payload);
    frame
}

/// Sends the frames again and again until the server ends the connection; says how many bytes it took of them.
async fn flood(world: &World, mut frames: impl FnMut(u32) -> Vec<u8>, bytes_max: usize) -> usize {
    let mut stream = connect(world).await;
    let mut hello = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    hello.extend(frame(4, 0, 0, &[]));
    stream.write_all(&hello).await.unwrap();
    let (mut reader, mut writer) = stream.into_split();
    let reading = tokio::spawn(async move {
        let mut sink = Vec::new();
        let _ = timeout(PATIENCE, reader.read_to_end(&mut sink)).await;
    });
    let mut sent = 0;
    for number in 0.. {
        let bytes = frames(number);
        if reading.is_finished() || writer.write_all(&bytes).await.is_err() {
            break;
        }
        sent += bytes.len();
        assert!(sent < bytes_max, "the server took {sent} bytes");
    }
    timeout(PATIENCE, reading).await.expect("the server ends the connection").unwrap();
    sent
}

/// `GET /healthz` in header compression that needs no table of its own.
const HEADERS: &[u8] = b"\x82\x86\x04\x08/healthz\x01\x01h";

#[tokio::test(flavor = "multi_thread")]
async fn floods_of_http2_frames_end_the_connection_and_leave_the_server_well() {
    let mut world = World::start(DatabaseKind::Sqlite);
    let before = world.server(0).peak_resident_bytes();
    // Streams that are opened and reset at once.
    let reset = |number: u32| {
        let stream = number * 2 + 1;
        [frame(1, 0x5, stream, HEADERS), frame(3, 0, stream, &8_u32.to_be_bytes())].concat()
    };
    flood(&world, reset, 64 * 1024 * 1024).await;
    // A head that never ends.
    let endless = |number: u32| match number {
        0 => frame(1, 0, 1, HEADERS),
        _ => frame(9, 0, 1, &[0x00, 0x01, b'a', 0x01, b'b'].repeat(3_000)),
    };
    flood(&world, endless, 64 * 1024 * 1024).await;
    // A head of empty pieces.
    let empty = |number: u32| match number {
        0 => frame(1, 0, 1, HEADERS),
        _ => frame(9, 0, 1, &[]).repeat(1_000),
    };
    flood(&world, empty, 64 * 1024 * 1024).await;
    let grown = world.server(0).peak_resident_bytes() - before;
    assert!(grown < 64 * 1024 * 1024, "{grown} bytes more");
    let answer = exchange(&world, b"GET /readyz HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n").await;
    assert_eq!(status_of(&answer), 200, "{answer}");
}
