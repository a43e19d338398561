//! Good requests and good answers with a few bytes changed at random: whatever becomes of them, nothing panics, nothing
//! is free and nothing stays held.
//!
//! `WAYSTATION_MUTATIONS` says how many of each are sent, `WAYSTATION_SEED` repeats an earlier run.

use std::sync::Arc;
use std::time::Duration;

use waystation_mutation::{Mutator, Random};
use waystation_tests::{
    Behaviour, DatabaseKind, Key, MockUpstream, RawConnection, World, WorldOptions, nanos, price,
};

use crate::{question, streamed_question};

/// How many callers send at a time, each with a model, a key and a customer of its own.
const CALLERS: usize = 16;

/// A request that was cut short gets no answer; longer than this is not waited for.
const PATIENCE: Duration = Duration::from_millis(200);

/// Words that the formats know.
const WORDS: [&str; 44] = [
    "\"model\":",
    "\"messages\":",
    "\"stream\":true,",
    "\"stream_options\":{\"include_usage\":true},",
    "\"max_tokens\":",
    "\"max_completion_tokens\":",
    "\"n\":",
    "\"tools\":[],",
    "\"usage\":",
    "\"prompt_tokens\":",
    "\"completion_tokens\":",
    "\"choices\":[],",
    "\"delta\":",
    "\"error\":",
    "\"content\":",
    "\"finish_reason\":",
    "null",
    "true",
    "{",
    "}",
    "[",
    "]",
    "\"",
    ",",
    ":",
    "\\",
    "\\ud800",
    "\\u0000",
    "\u{0}",
    "data: ",
    "data: [DONE]\n\n",
    "event: error\n",
    ": ping\n\n",
    "\n\n",
    "\r\n",
    "\r",
    "Content-Length: 5\r\n",
    "Transfer-Encoding: chunked\r\n",
    "Authorization: Bearer x\r\n",
    "HTTP/1.0",
    "GET",
    "%00",
    "-1",
    "18446744073709551616",
];

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().unwrap_or_else(|_| panic!("{name} is {text:?}")))
}

fn choose_seed() -> u64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    let seed = number("WAYSTATION_SEED", now.as_secs());
    println!("WAYSTATION_SEED={seed}");
    seed
}

fn words() -> Vec<Vec<u8>> {
    WORDS.iter().map(|word| word.as_bytes().to_vec()).collect()
}

/// A world with a model, a channel and a customer for each caller.
async fn populate(options: WorldOptions) -> (Arc<World>, MockUpstream, Vec<Key>) {
    let world = World::start_with(DatabaseKind::Sqlite, options);
    let mock = MockUpstream::start().await;
    let mut keys = Vec::new();
    let names: Vec<String> = (0..CALLERS).map(|caller| format!("m{caller}")).collect();
    for name in &names {
        world.add_model(name, price("2", "10", "0.001")).await;
        keys.push(world.add_customer("10000").await);
    }
    world.add_channel(&mock.base_url(), &names.iter().map(String::as_str).collect::<Vec<_>>(), 0).await;
    (Arc::new(world), mock, keys)
}

/// What a caller saw.
#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    answered: u64,
    refused: u64,
    silent: u64,
}

#[tokio::test(flavor = "multi_thread")]
async fn mutated_requests_are_answered_or_refused_and_each_call_of_the_upstream_is_booked() {
    let count = number("WAYSTATION_MUTATIONS", 3_000);
    let seed = choose_seed();
    let (world, mock, keys) = populate(WorldOptions::single()).await;
    let memory = world.first_server().peak_resident_bytes();
    let mut callers = tokio::task::JoinSet::new();
    for (caller, key) in keys.iter().cloned().enumerate() {
        let address = world.first_server().address().to_owned();
        let turns = (caller as u64..count).step_by(CALLERS);
        callers.spawn(async move {
            let mut seen = Seen::default();
            let mutator = request_mutator(caller, &key);
            for turn in turns {
                send_mutated(&address, &mutator, &key, Random::new(seed, turn), &mut seen).await;
            }
            seen
        });
    }
    let mut seen = Seen::default();
    while let Some(one) = callers.join_next().await {
        let one = one.unwrap();
        seen.answered += one.answered;
        seen.refused += one.refused;
        seen.silent += one.silent;
    }
    let growth = world.first_server().peak_resident_bytes().saturating_sub(memory) / 1024;
    println!(
        "mutations={count} seed={seed} answered={} refused={} silent={} memory=+{growth}KiB",
        seen.answered, seen.refused, seen.silent
    );
    assert!(seen.answered > 0 && seen.refused > 0);
    world.first_server().assert_no_panic();
    let mut tried = 0;
    for key in &keys {
        tried += settle_and_count(&world, key, nanos("10000")).await;
    }
    let called = mock.total_calls() as u64;
    assert_eq!(tried, called, "tries that were booked, and calls that the upstream counted");
    assert!(tried >= seen.answered);
    assert!(growth < 64 * 1024, "memory grew by {growth} KiB");
    println!("proof: mutated HTTP requests; {count}; {seed}");
}

/// Seeds are whole requests; those with a small body let mutations reach the head more often.
fn request_mutator(caller: usize, key: &Key) -> Mutator {
    let model = format!("m{caller}");
    let bodies = [question(&model), streamed_question(&model)];
    let seeds = bodies.iter().map(|body| request(&body.to_string(), &key.secret).into_bytes()).collect();
    Mutator::new(seeds, words(), 64 * 1024)
}

fn request(body: &str, secret: &str) -> String {
    format!(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {secret}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}

async fn send_mutated(address: &str, mutator: &Mutator, key: &Key, mut random: Random, seen: &mut Seen) {
    let mut bytes = mutator.make_input(&mut random);
    // Three of four keep their head, so that the body is what is tried.
    if random.below(4) > 0
        && let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n")
    {
        let body = bytes.split_off(end + 4);
        bytes = request("", &key.secret).into_bytes();
        let length = format!("content-length: {}", body.len());
        bytes = String::from_utf8(bytes).unwrap().replace("content-length: 0", &length).into_bytes();
        bytes.extend_from_slice(&body);
    }
    let shown = bytes.escape_ascii();
    let Ok(mut wire) = RawConnection::connect(address).await else {
        panic!("the server takes no connection");
    };
    let _ = wire.write(&bytes).await;
    match wire.read_answer(PATIENCE).await {
        Some(answer) => {
            assert!(
                matches!(answer.status, 200 | 400..=499),
                "{} {} for {shown}",
                answer.head,
                answer.text()
            );
            if answer.status == 200 && answer.head.contains("x-request-id") {
                seen.answered += 1;
            } else {
                seen.refused += 1;
            }
        }
        None => seen.silent += 1,
    }
}

/// Waits until nothing of a customer's is held; checks that the rows explain the balance, and counts the tries at an
/// upstream.
async fn settle_and_count(world: &World, key: &Key, start: i64) -> u64 {
    let settled = async || {
        let (available, pending) = world.balance(&key.user_id).await;
        (pending == 0).then_some(available)
    };
    let (available, _) =
        waystation_tests::eventually("nothing is held", Duration::from_secs(60), settled).await;
    let mut cursor = String::new();
    let (mut sent, mut charged) = (0, 0);
    loop {
        let page = world.get(&format!("/api/admin/requests?user_id={}&limit=100{cursor}", key.user_id)).await;
        for row in page["items"].as_array().unwrap() {
            charged += nanos(row["charged"].as_str().unwrap());
            sent += row["attempt_count"].as_u64().unwrap();
        }
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(available, start - charged, "the rows do not explain the balance");
    sent
}

#[tokio::test(flavor = "multi_thread")]
async fn mutated_answers_reach_the_client_unchanged_or_not_at_all() {
    let count = number("WAYSTATION_MUTATIONS", 3_000) / 3;
    let seed = choose_seed();
    let (world, mock, keys) = populate(WorldOptions::single().with("WAYSTATION_RELAY_IDLE_MS", "2000")).await;
    let mut callers = tokio::task::JoinSet::new();
    for (caller, key) in keys.iter().cloned().enumerate() {
        let turns = (caller as u64..count).step_by(CALLERS);
        let (world, mock) = (Arc::clone(&world), mock.clone());
        callers.spawn(async move {
            let model = format!("m{caller}");
            for turn in turns {
                take_mutated_answer(&world, &mock, &key, &model, Random::new(seed, turn)).await;
            }
        });
    }
    while let Some(ended) = callers.join_next().await {
        ended.unwrap();
    }
    world.first_server().assert_no_panic();
    for key in &keys {
        settle_and_count(&world, key, nanos("10000")).await;
    }
    println!("proof: mutated answers of an upstream; {count}; {seed}");
}

async fn take_mutated_answer(world: &World, mock: &MockUpstream, key: &Key, model: &str, mut random: Random) {
    let streamed = random.below(2) == 0;
    let seeds = if streamed { stream_seeds(model) } else { plain_seeds(model) };
    let raw = Mutator::new(seeds, words(), 64 * 1024).make_input(&mut random);
    let kind = if streamed { "text/event-stream" } else { "application/json" };
    mock.script(
        model,
        Behaviour {
            headers: vec![("content-type".to_owned(), kind.to_owned())],
            raw_bytes: Some(raw.clone()),
            chunk_bytes: [0, 1, 7, 64][random.below(4)],
            ..Behaviour::default()
        },
    );
    let body = if streamed { streamed_question(model) } else { question(model) };
    let mut response = world.send(0, "/v1/chat/completions", &key.secret, body.to_string()).await;
    let status = response.status().as_u16();
    let mut shown = Vec::new();
    while let Ok(Some(bytes)) = response.chunk().await {
        shown.extend_from_slice(&bytes);
    }
    let told = || format!("{status} {} for {}", shown.escape_ascii(), raw.escape_ascii());
    assert!(matches!(status, 200 | 400..=499 | 502), "{}", told());
    let replacement = "\u{fffd}".as_bytes();
    let has = |bytes: &[u8], wanted: &[u8]| bytes.windows(wanted.len()).any(|window| window == wanted);
    assert!(!has(&shown, replacement) || has(&raw, replacement), "text was put in: {}", told());
    if streamed && has(&shown, b"[DONE]") {
        assert!(has(&raw, b"[DONE]"), "an end was made up: {}", told());
    }
    if !streamed && status == 200 {
        assert_eq!(shown, raw, "an answer was changed: {}", told());
    }
}

fn plain_seeds(model: &str) -> Vec<Vec<u8>> {
    let answer = |content: &str| {
        format!(
            r#"{{"id":"c","object":"chat.completion","created":1,"model":"{model}","choices":[{{"index":0,"message":{{"role":"assistant","content":"{content}"}},"finish_reason":"stop"}}],"usage":{{"prompt_tokens":12,"completion_tokens":5,"total_tokens":17,"prompt_tokens_details":{{"cached_tokens":3}}}}}}"#
        )
        .into_bytes()
    };
    vec![
        answer("one two three"),
        answer("\u{4f60}\u{597d} \u{1f642}"),
        br#"{"error":{"message":"no","code":500}}"#.to_vec(),
    ]
}

fn stream_seeds(model: &str) -> Vec<Vec<u8>> {
    let chunk = |content: &str| {
        format!(
            "data: {{\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"model\":\"{model}\",\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"{content}\"}},\"finish_reason\":null}}]}}\n\n"
        )
    };
    let end = "data: {\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n\
        data: {\"id\":\"c\",\"choices\":[],\"usage\":{\"prompt_tokens\":12,\"completion_tokens\":5,\"total_tokens\":17}}\n\n\
        data: [DONE]\n\n";
    let plain = format!("{}: ping\n\n{}{end}", chunk("one"), chunk("\u{4f60}\u{1f642}"));
    let failing = format!("{}data: {{\"error\":{{\"message\":\"overloaded\"}}}}\n\n", chunk("one"));
    vec![plain.clone().into_bytes(), plain.replace('\n', "\r\n").into_bytes(), failing.into_bytes()]
}
