//! Thousands of connections that send or read next to nothing, and one client that wants its answers meanwhile.

use std::process::Command;
use std::time::{Duration, Instant};

use waystation_tests::{Behaviour, DatabaseKind, Key, RawConnection, World, price};

use crate::{MODEL, add_mock, question};

/// The model whose answers nobody reads.
const UNREAD: &str = "unread";

/// Sockets of each kind: they say nothing; a head that does not end; a body that does not end; an answer nobody reads.
const SILENT: usize = 1_700;
const SLOW_HEADS: usize = 1_500;
const SLOW_BODIES: usize = 1_500;
const UNREAD_ANSWERS: usize = 300;

/// What one such socket may cost the server, in bytes.
const BYTES_A_SOCKET_MAX: u64 = 64 * 1024;

/// Calls of the clean client before and during.
const CLEAN_CALLS: usize = 100;

#[tokio::test(flavor = "multi_thread")]
async fn five_thousand_slow_sockets_do_not_keep_a_clean_client_waiting_or_fill_the_memory() {
    let share = allow_open_files();
    let world = World::start(DatabaseKind::Sqlite);
    let mock = add_mock(&world).await;
    world.add_model(UNREAD, price("2", "10", "0.001")).await;
    world.add_channel(&mock.base_url(), &[UNREAD], 0).await;
    // More than the kernel keeps for a connection, but not much: it is kept once for each.
    let pieces = vec!["x".repeat(4 * 1024); 64];
    mock.script(UNREAD, Behaviour { pieces, ..Behaviour::default() });
    let clean = world.add_customer("10").await;
    let slow = world.add_customer("1000").await;
    let before = measure(&world, &clean).await;
    let memory = world.first_server().peak_resident_bytes();

    let mut sockets = Vec::new();
    let address = world.first_server().address();
    let scaled = |count: usize| (count as f64 * share).ceil() as usize;
    for _ in 0..scaled(SILENT) {
        sockets.push(open(address, "").await);
    }
    let (first_head, mut heads) = (sockets.len(), 0);
    for _ in 0..scaled(SLOW_HEADS) {
        sockets.push(open(address, "POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nx-slow: ").await);
        heads += 1;
    }
    let first_body = sockets.len();
    for _ in 0..scaled(SLOW_BODIES) {
        sockets.push(open(address, &format!("{}{{\"model\":", head(&slow, 100_000))).await);
    }
    let body = format!(
        r#"{{"model":"{UNREAD}","stream":true,"messages":[{{"role":"user","content":"x"}}],"max_tokens":99}}"#
    );
    for _ in 0..scaled(UNREAD_ANSWERS) {
        sockets.push(open(address, &format!("{}{body}", head(&slow, body.len()))).await);
    }
    let opened = sockets.len();

    // While the clean client is served, the slow ones go on: a byte each from time to time.
    let dripping = async {
        for _ in 0..4 {
            for socket in &mut sockets[first_head..first_body + scaled(SLOW_BODIES)] {
                let _ = socket.write(b" ").await;
            }
            tokio::time::sleep(Duration::from_millis(250)).await;
        }
    };
    let (during, ()) = tokio::join!(measure(&world, &clean), dripping);
    let growth = world.first_server().peak_resident_bytes().saturating_sub(memory);
    println!(
        "sockets={opened} clean_p50_before={:?} clean_p50_during={:?} clean_p99_before={:?} clean_p99_during={:?} \
         memory=+{}KiB bytes_a_socket={}",
        before.median,
        during.median,
        before.p99,
        during.p99,
        growth / 1024,
        growth / opened as u64
    );
    assert!(growth < opened as u64 * BYTES_A_SOCKET_MAX, "memory grew by {} KiB", growth / 1024);

    // A head that does not end is not waited for.
    for socket in &mut sockets[first_head..first_head + heads] {
        assert!(socket.is_closed_within(Duration::from_secs(60)).await, "a slow head is waited for");
    }
    drop(sockets);
    let calls = mock.call_count(UNREAD);
    assert_eq!(calls, scaled(UNREAD_ANSWERS));
    let settled = async || (world.balance(&slow.user_id).await.1 == 0).then_some(());
    waystation_tests::eventually("nothing is held", Duration::from_secs(90), settled).await;
    world.first_server().assert_no_panic();
}

struct Latency {
    median: Duration,
    p99: Duration,
}

/// Calls one after the other; each must be answered well.
async fn measure(world: &World, key: &Key) -> Latency {
    let mut taken = Vec::with_capacity(CLEAN_CALLS);
    for _ in 0..CLEAN_CALLS {
        let begun = Instant::now();
        world.chat(&key.secret, question(MODEL)).await.expect(200);
        taken.push(begun.elapsed());
    }
    taken.sort_unstable();
    Latency { median: taken[CLEAN_CALLS / 2], p99: taken[CLEAN_CALLS * 99 / 100] }
}

async fn open(address: &str, bytes: &str) -> RawConnection {
    let mut wire =
        RawConnection::connect(address).await.unwrap_or_else(|error| panic!("no connection: {error}"));
    wire.write(bytes.as_bytes()).await.unwrap();
    wire
}

fn head(key: &Key, length: usize) -> String {
    format!(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\n\
         content-type: application/json\r\ncontent-length: {length}\r\n\r\n",
        key.secret
    )
}

/// Lets this process and the servers it starts open enough files, and says which share of the sockets they suffice for.
fn allow_open_files() -> f64 {
    let wanted = SILENT + SLOW_HEADS + SLOW_BODIES + UNREAD_ANSWERS + 2_000;
    let process = std::process::id().to_string();
    let _ = Command::new("prlimit").args(["--pid", &process, &format!("--nofile={wanted}:")]).output();
    let limits = std::fs::read_to_string("/proc/self/limits").expect("a process knows its limits");
    let line =
        limits.lines().find_map(|line| line.strip_prefix("Max open files")).expect("files are limited");
    let allowed =
        line.split_whitespace().next().and_then(|soft| soft.parse::<usize>().ok()).unwrap_or(wanted);
    if allowed < wanted {
        println!("only {allowed} files may be open: fewer sockets are tried");
    }
    (allowed as f64 / wanted as f64).min(1.0)
}
