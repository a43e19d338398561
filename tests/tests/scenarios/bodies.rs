//! Bodies that are too deep, too large, no text, or say two things at once: refused clearly, in bounded memory, with the
//! books untouched.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use waystation_tests::{Behaviour, DatabaseKind, Key, MockUpstream, RawAnswer, RawConnection, World};

use crate::{MODEL, add_mock, question, streamed_question};

/// How deep the deep bodies are.
const LEVELS: usize = 100_000;

/// What a server may grow by while it refuses.
const GROWTH_MAX: u64 = 64 * 1024 * 1024;

const PATIENCE: Duration = Duration::from_secs(30);

/// A customer, and how the server stood before.
struct Scene {
    world: World,
    mock: MockUpstream,
    key: Key,
    memory: u64,
}

impl Scene {
    async fn set() -> Scene {
        let world = World::start(DatabaseKind::Sqlite);
        let mock = add_mock(&world).await;
        let key = world.add_customer("1").await;
        world.chat(&key.secret, streamed_question(MODEL)).await.expect(200);
        let memory = world.first_server().peak_resident_bytes();
        Scene { world, mock, key, memory }
    }

    async fn chat(&self, body: impl AsRef<[u8]>) -> RawAnswer {
        self.post("/v1/chat/completions", &self.key.secret, body.as_ref()).await
    }

    async fn post(&self, path: &str, secret: &str, body: &[u8]) -> RawAnswer {
        let mut wire = RawConnection::connect(self.world.first_server().address()).await.unwrap();
        let head = request_head(path, secret, &format!("content-length: {}\r\n", body.len()));
        wire.write(head.as_bytes()).await.unwrap();
        // A server that refuses early may close before all of it is written.
        let _ = wire.write(body).await;
        wire.read_answer(PATIENCE).await.expect("an answer")
    }

    /// Asserts that all was refused for free, in bounded memory, without a panic.
    async fn assert_untouched(&self, answered: usize) {
        let cost = answered as i64 * waystation_tests::nanos(crate::HONEST_COST);
        let left = waystation_tests::nanos("1") - cost;
        assert_eq!(self.mock.total_calls(), answered, "calls of the upstream");
        assert_eq!(self.world.balance(&self.key.user_id).await, (left, 0));
        let growth = self.world.first_server().peak_resident_bytes().saturating_sub(self.memory);
        println!("memory grew by {} KiB", growth / 1024);
        assert!(growth < GROWTH_MAX, "memory grew by {growth} bytes");
        self.world.first_server().assert_no_panic();
    }
}

fn request_head(path: &str, secret: &str, more: &str) -> String {
    format!(
        "POST {path} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {secret}\r\n\
         content-type: application/json\r\nconnection: close\r\n{more}\r\n"
    )
}

fn chat_body(members: &str) -> String {
    format!(r#"{{"model":"{MODEL}","messages":[{{"role":"user","content":"hello"}}]{members}}}"#)
}

fn assert_refused(answer: &RawAnswer, code: &str) {
    assert!((400..500).contains(&answer.status), "{} {}", answer.head, answer.text());
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or_else(|_| panic!("{}", answer.text()));
    assert_eq!(body["error"]["code"], code, "{body}");
    assert!(!answer.header("x-request-id").is_empty(), "{}", answer.head);
}

#[tokio::test(flavor = "multi_thread")]
async fn deep_nesting_is_refused_wherever_it_is() {
    let scene = Scene::set().await;
    for (open, close) in [("[", "]"), ("{\"a\":", "}"), ("[{\"a\":", "}]"), (" [ ", " ] ")] {
        let closed = format!("{}1{}", open.repeat(LEVELS), close.repeat(LEVELS));
        for deep in [&closed, &open.repeat(LEVELS)] {
            let bodies = [
                deep.to_string(),
                chat_body(&format!(",\"metadata\":{deep}")),
                chat_body(&format!(",\"unknown\":{deep}")),
                chat_body(&format!(",\"tools\":[{deep}]")),
                chat_body(&format!(",\"n\":{deep}")),
                format!(r#"{{"model":{deep},"messages":[]}}"#),
                format!(r#"{{"model":"{MODEL}","messages":{deep}}}"#),
                format!(r#"{{"model":"{MODEL}","messages":[{{"role":"user","content":{deep}}}]}}"#),
                format!(r#"{{"model":"{MODEL}","prediction":{deep},"messages":[]}}"#),
            ];
            for body in &bodies {
                assert_refused(&scene.chat(body).await, "invalid_request");
            }
            for body in
                [deep.to_string(), format!(r#"{{"name":{deep}}}"#), format!(r#"{{"budgets":{deep}}}"#)]
            {
                let reply = scene.world.ask_with_text(Method::POST, "/api/me/keys", Some(body)).await;
                assert!(matches!(reply.status, 400 | 413), "{} {}", reply.status, reply.text);
            }
        }
    }
    scene.assert_untouched(1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn deep_nesting_from_an_upstream_is_no_answer() {
    let scene = Scene::set().await;
    let deep = format!("{}1{}", "[".repeat(LEVELS), "]".repeat(LEVELS));
    let open = "{\"a\":".repeat(LEVELS);
    for raw in
        [deep.clone(), open.clone(), format!(r#"{{"choices":{deep}}}"#), format!(r#"{{"error":{deep}}}"#)]
    {
        for status in [200, 400, 500] {
            scene.mock.script(MODEL, Behaviour::raw(status, &raw));
            for body in [question(MODEL), streamed_question(MODEL)] {
                let reply = scene.world.chat(&scene.key.secret, body).await;
                assert!(matches!(reply.status, 400 | 502), "{status}: {} {}", reply.status, reply.text);
            }
        }
    }
    assert_eq!(scene.world.balance(&scene.key.user_id).await.1, 0);
    for data in [&deep, &open] {
        let events = format!("data: {{\"choices\":{data}}}\n\ndata: {data}\n\ndata: [DONE]\n\n");
        scene.mock.script(
            MODEL,
            Behaviour {
                headers: vec![("content-type".to_owned(), "text/event-stream".to_owned())],
                ..Behaviour::raw(200, &events)
            },
        );
        let reply = scene.world.chat(&scene.key.secret, streamed_question(MODEL)).await.expect(200);
        let charged = waystation_tests::nanos(
            scene.world.request_row(&reply.request_id()).await["charged"].as_str().unwrap(),
        );
        assert!(charged <= waystation_tests::nanos("0.004"), "{charged}");
    }
    scene.world.first_server().assert_no_panic();
}

#[tokio::test(flavor = "multi_thread")]
async fn oversize_bodies_are_refused_announced_or_not() {
    let scene = Scene::set().await;
    let address = scene.world.first_server().address().to_owned();
    for announced in ["33554433", "9223372036854775807", "18446744073709551615"] {
        let mut wire = RawConnection::connect(&address).await.unwrap();
        let head = request_head(
            "/v1/chat/completions",
            &scene.key.secret,
            &format!("content-length: {announced}\r\n"),
        );
        wire.write(head.as_bytes()).await.unwrap();
        // Not a byte of the body is needed to know.
        let answer = wire.read_answer(PATIENCE).await.expect("an answer");
        // A length near the end of 64 bits is more than the HTTP library reads.
        assert!(matches!(answer.status, 413 | 431), "{announced}: {}", answer.head);
    }
    let piece = vec![b' '; 64 * 1024];
    let chunk = [format!("{:x}\r\n", piece.len()).as_bytes(), &piece, b"\r\n"].concat();
    for (path, secret, mebibytes) in
        [("/v1/chat/completions", scene.key.secret.as_str(), 64), ("/v1/chat/completions", "sk-wrong", 1)]
    {
        let mut wire = RawConnection::connect(&address).await.unwrap();
        wire.write(request_head(path, secret, "transfer-encoding: chunked\r\n").as_bytes()).await.unwrap();
        for _ in 0..mebibytes * 16 {
            if wire.write(&chunk).await.is_err() {
                break;
            }
        }
        // A reset on the way may lose the answer, but not the server.
        if let Some(answer) = wire.read_answer(PATIENCE).await {
            assert!(matches!(answer.status, 401 | 413), "{}", answer.head);
        }
    }
    let large = format!("{{\"name\":\"{}\"}}", "a".repeat(2 * 1024 * 1024));
    let reply = scene.world.ask_with_text(Method::POST, "/api/me/keys", Some(large)).await;
    assert_eq!(reply.status, 413, "{}", reply.text);
    scene.assert_untouched(1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_that_are_no_text_are_refused() {
    let scene = Scene::set().await;
    let broken: [&[u8]; 8] = [
        b"\xff",
        b"\xc0\x80",
        b"\xed\xa0\x80",
        b"\xf4\x90\x80\x80",
        b"\xe4\xb8",
        b"\x80",
        b"\xf8\x88\x80\x80\x80",
        b"\0",
    ];
    for bytes in broken {
        for (before, after) in [
            (r#"{"model":"echo"#, r#"","messages":[{"role":"user","content":"x"}]}"#),
            (r#"{"model":"echo","messages":[{"role":"user","content":""#, r#""}]}"#),
            (r#"{"model":"echo","messages":[{"role":"user","content":"x"}],"a"#, r#"":1}"#),
            (r#"{"model":"echo","messages":[{"role":"user","content":"x"}]}"#, ""),
        ] {
            let body = [before.as_bytes(), bytes, after.as_bytes()].concat();
            assert_refused(&scene.chat(&body).await, "invalid_request");
        }
        let body = [br#"{"name":""#, bytes, br#""}"#].concat();
        let answer = scene.post("/api/me/keys", "wrong", &body).await;
        assert_eq!(answer.status, 401, "{}", answer.text());
    }
    scene.assert_untouched(1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn texts_that_readers_disagree_about_are_refused() {
    let scene = Scene::set().await;
    let refused = [
        format!("\u{feff}{}", chat_body("")),
        format!("{}\0", chat_body("")),
        format!("{}{}", chat_body(""), chat_body("")),
        chat_body(r#","model":"other""#),
        chat_body(r#","mod\u0065l":"other""#),
        chat_body(r#","Model":"other""#),
        chat_body(r#","messages":[]"#),
        chat_body(r#","stream":false,"stream":true"#),
        chat_body(r#","stream":true,"stream_options":{"include_usage":true,"include_usage":false}"#),
        chat_body(r#","STREAM":true"#),
        chat_body(r#","max_tokens":1,"max_to\u006bens":100000"#),
        chat_body(",\"max_to\u{212a}ens\":1"),
        r#"{"model":"echo\ud800","messages":[{"role":"user","content":"x"}]}"#.to_owned(),
        r#"{"model":"\udc00\ud800","messages":[{"role":"user","content":"x"}]}"#.to_owned(),
        chat_body(",\"a\u{0}\":1"),
        chat_body(",\"a\":\"\u{1f}\""),
        chat_body(",\"a\":'x'"),
        chat_body(",\"a\":1,"),
        chat_body(",/* a */\"a\":1"),
        chat_body(&format!(",\"max_tokens\":{}", "9".repeat(1024 * 1024))),
    ];
    for body in &refused {
        assert_refused(&scene.chat(body).await, "invalid_request");
    }
    let unknown = r#"{"model":"echo\u0000","messages":[{"role":"user","content":"x"}]}"#;
    assert_refused(&scene.chat(unknown).await, "model_not_found");
    for body in [
        r#"{"direction":"credit","amount":"1","amount":"1000","reason_code":"test","note":"x"}"#,
        r#"{"direction":"credit","amount":"1","reason_code":"test","note":"\ud800"}"#,
        "\u{feff}{\"direction\":\"credit\",\"amount\":\"1\",\"reason_code\":\"test\",\"note\":\"x\"}",
    ] {
        let path = format!("/api/admin/users/{}/adjustments", scene.key.user_id);
        let reply = scene.world.ask_with_text(Method::POST, &path, Some(body.to_owned())).await;
        assert_eq!(reply.status, 400, "{body}: {}", reply.text);
    }
    // Odd, but every reader reads the same: for the upstream to judge.
    let taken = [
        chat_body(r#","metadata":{"a":1,"a":2}"#),
        chat_body(r#","user":"\ud83d\ude42\u0000\u4e2d""#),
        chat_body(&format!(",\"seed\":{}", "9".repeat(18))),
        format!(" \r\n\t{} \n", chat_body("")),
    ];
    for body in &taken {
        let answer = scene.chat(body).await;
        assert_eq!(answer.status, 200, "{body:.200}: {}", answer.text());
    }
    scene.assert_untouched(1 + taken.len()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn long_texts_and_heads_are_bounded() {
    let scene = Scene::set().await;
    let long = "x".repeat(8 * 1024 * 1024);
    // The model reads 100,000 tokens at most, so this is for the upstream to refuse.
    let answer = scene.chat(chat_body(&format!(",\"user\":\"{long}\",\"max_tokens\":5"))).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_refused(
        &scene.chat(format!(r#"{{"model":"{long}","messages":[{{"role":"user","content":"x"}}]}}"#)).await,
        "model_not_found",
    );
    let address = scene.world.first_server().address().to_owned();
    let heads = [
        (0..10_000).map(|number| format!("x-{number}: 1\r\n")).collect::<String>(),
        format!("x-long: {}\r\n", "a".repeat(1024 * 1024)),
        format!("{}: 1\r\n", "a".repeat(1024 * 1024)),
    ];
    for more in &heads {
        let mut wire = RawConnection::connect(&address).await.unwrap();
        let _ = wire.write(request_head("/v1/chat/completions", &scene.key.secret, more).as_bytes()).await;
        // A reset on the way may lose the answer.
        if let Some(answer) = wire.read_answer(PATIENCE).await {
            assert!(matches!(answer.status, 400 | 431), "{}", answer.head);
        }
    }
    let address = format!("GET /{} HTTP/1.1\r\nhost: x\r\n\r\n", "a".repeat(256 * 1024));
    let mut wire = RawConnection::connect(scene.world.first_server().address()).await.unwrap();
    let _ = wire.write(address.as_bytes()).await;
    if let Some(answer) = wire.read_answer(PATIENCE).await {
        assert!(matches!(answer.status, 400 | 404 | 414 | 431), "{}", answer.head);
    }
    scene.assert_untouched(2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_packed_in_a_way_nobody_offered_are_refused_unopened() {
    let scene = Scene::set().await;
    let body = chat_body("");
    for coding in ["compress", "aes128gcm", "x", "gzip, gzip", "br, gzip", "identity, gzip"] {
        let mut wire = RawConnection::connect(scene.world.first_server().address()).await.unwrap();
        let more = format!("content-encoding: {coding}\r\ncontent-length: {}\r\n", body.len());
        let head = request_head("/v1/chat/completions", &scene.key.secret, &more);
        wire.write(format!("{head}{body}").as_bytes()).await.unwrap();
        let answer = wire.read_answer(PATIENCE).await.expect("an answer");
        assert_eq!(answer.status, 415, "{coding}: {}", answer.text());
    }
    let reply = scene.world.chat(&scene.key.secret, json!({ "model": MODEL, "messages": [] })).await;
    reply.expect_error(400, "invalid_request");
    scene.assert_untouched(1).await;
}
