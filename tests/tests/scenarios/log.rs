//! What the log says of calls, and what it must never say.

use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use reqwest::Method;
use serde_json::{Value, json};
use waystation_tests::{
    Behaviour, DatabaseKind, MockUpstream, Reply, World, WorldOptions, eventually, price,
};

use crate::{HONEST_COST, MODEL, add_mock, question, streamed_question};

const WITHIN: Duration = Duration::from_secs(10);

/// The log of the first server so far.
fn read_log(world: &mut World) -> String {
    let path = world.server(0).options().directory.join("server.log");
    String::from_utf8(fs::read(path).unwrap()).expect("the log is text")
}

/// The log's JSON lines about this request; waits until there is one with this message.
async fn lines_of(world: &mut World, request_id: &str, message: &str) -> Vec<Value> {
    let find = async || {
        let log = read_log(world);
        let lines: Vec<Value> = log.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
        let ours: Vec<Value> = lines.into_iter().filter(|line| line["request"] == request_id).collect();
        ours.iter().any(|line| line["message"] == message).then_some(ours)
    };
    eventually("the request is in the log", WITHIN, find).await.0
}

#[tokio::test(flavor = "multi_thread")]
async fn each_request_has_one_line_that_says_who_what_and_how_it_ended() {
    let options = WorldOptions::single().with("WAYSTATION_LOG_FORMAT", "json");
    let mut world = World::start_with(DatabaseKind::Sqlite, options);
    let mock = add_mock(&world).await;
    let key = world.add_customer("1").await;

    for body in [question(MODEL), streamed_question(MODEL)] {
        let streamed = body["stream"] == true;
        let reply = world.chat(&key.secret, body).await.expect(200);
        let lines = lines_of(&mut world, &reply.request_id(), "call").await;
        let [line] = &lines[..] else { panic!("{lines:?}") };
        let row = world.request_row(&reply.request_id()).await;
        assert_eq!(line["user"], key.user_id.as_str());
        assert_eq!(line["key"], key.id.as_str());
        assert_eq!(line["model"], MODEL);
        assert_eq!(line["channel"], row["channel_id"], "{row}");
        assert_eq!((&line["status"], &line["stream"]), (&json!(200), &json!(streamed)));
        assert_eq!((&line["input_tokens"], &line["output_tokens"]), (&json!(12), &json!(5)));
        assert_eq!(
            line["cost"].as_str().map(waystation_tests::nanos),
            Some(waystation_tests::nanos(HONEST_COST))
        );
        assert_eq!(line["client"], "127.0.0.1");
        assert!(line["ms"].is_u64() || line["ms"].is_i64(), "{line}");
    }

    // A call that fails after its hold has its line too, and only one.
    mock.script(MODEL, Behaviour::failing(500));
    let reply = world.chat(&key.secret, question(MODEL)).await.expect(502);
    let lines = lines_of(&mut world, &reply.request_id(), "call").await;
    let access: Vec<&Value> = lines.iter().filter(|line| line["target"] == "waystation::access").collect();
    assert_eq!(access.len(), 1, "{lines:?}");
    assert_eq!((&access[0]["status"], &access[0]["error"]), (&json!(502), &json!("upstream_error")));

    // What is refused before a hold is a request like any other.
    let reply = world.chat("sk-nonsense", question(MODEL)).await.expect(401);
    let lines = lines_of(&mut world, &reply.request_id(), "request").await;
    let [line] = &lines[..] else { panic!("{lines:?}") };
    assert_eq!((&line["status"], &line["path"]), (&json!(401), &json!("/v1/chat/completions")));
    let poor = world.add_customer("0").await;
    let reply = world.chat(&poor.secret, question(MODEL)).await.expect(402);
    let lines = lines_of(&mut world, &reply.request_id(), "request").await;
    assert!(lines.iter().any(|line| line["user"] == poor.user_id.as_str()), "{lines:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_that_callers_or_upstreams_write_makes_a_line_of_its_own() {
    const FORGED: &str = "FORGED-LINE";
    for format in ["text", "json"] {
        let options = WorldOptions::single()
            .with("WAYSTATION_LOG_FORMAT", format)
            .with("WAYSTATION_LOG_LEVEL", "debug");
        let mut world = World::start_with(DatabaseKind::Sqlite, options);
        let mock = add_mock(&world).await;
        let key = world.add_customer("1").await;
        for injected in [
            format!("a\r\n{FORGED} b"),
            format!("a\n{FORGED}"),
            format!("\u{1b}[2K\u{1b}[1G{FORGED}"),
            format!("\u{9b}2J{FORGED}\u{85}{FORGED}\u{2028}{FORGED}"),
            format!("\"}}\n{{\"level\":\"{FORGED}\"}}"),
        ] {
            // In the body, in each text that the server reads, and in names.
            let mut body = question(&injected);
            body["user"] = json!(injected);
            body["messages"][0]["name"] = json!(injected);
            world.chat(&key.secret, body).await;
            world
                .ask(Method::POST, "/api/admin/users", Some(&json!({ "email": injected, "role": injected })))
                .await;
            // In a path and a header, as far as HTTP lets them.
            let escaped: String = injected.bytes().fold(String::new(), |mut text, byte| {
                let _ = write!(text, "%{byte:02x}");
                text
            });
            world.relay_get(&format!("/v1/models/{escaped}?q={escaped}"), &key.secret).await;
            // In what the upstream says.
            for behaviour in [
                Behaviour::raw(
                    400,
                    &json!({ "error": { "message": injected, "code": injected } }).to_string(),
                ),
                Behaviour::raw(500, &injected),
                Behaviour {
                    error_event: Some(json!({ "error": { "message": injected } })),
                    ..Behaviour::default()
                },
            ] {
                mock.script(MODEL, behaviour);
                world.chat(&key.secret, question(MODEL)).await;
                world.chat(&key.secret, streamed_question(MODEL)).await;
            }
        }
        // Whatever was logged before this is written by the time this is.
        let last = world.chat("sk-nonsense", question(MODEL)).await.request_id();
        eventually("the last request is logged", WITHIN, async || {
            read_log(&mut world).contains(&last).then_some(())
        })
        .await;
        let log = read_log(&mut world);
        assert!(log.contains(FORGED), "the texts are in the log at all");
        for line in log.split('\n') {
            assert!(!line.trim_start().starts_with(FORGED), "{line:?}");
            let is_clean = line
                .chars()
                .all(|character| !character.is_control() && !matches!(character, '\u{2028}' | '\u{2029}'));
            assert!(is_clean, "{line:?}");
            if format == "json" && line.starts_with('{') {
                let event: Value =
                    serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
                assert_ne!(event["level"], FORGED);
            }
        }
    }
}

/// The ways in which a secret could show: as it is, by half, and in the usual encodings.
fn disguises(secret: &str) -> Vec<Vec<u8>> {
    let bytes = secret.as_bytes();
    let (left, right) = bytes.split_at(bytes.len() / 2);
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let mut all = vec![
        bytes.to_vec(),
        left.to_vec(),
        right.to_vec(),
        hex(bytes).into_bytes(),
        hex(bytes).to_uppercase().into_bytes(),
    ];
    // Base64 of a text around it depends on where it begins there; what is not touched by its neighbours is looked for.
    for start in 0..3 {
        let aligned = &bytes[start..start + (bytes.len() - start) / 3 * 3];
        all.push(STANDARD_NO_PAD.encode(aligned).into_bytes());
        all.push(URL_SAFE_NO_PAD.encode(aligned).into_bytes());
    }
    all
}

fn assert_absent(place: &str, content: &[u8], secrets: &[(&str, String)]) {
    for (name, secret) in secrets {
        for disguise in disguises(secret) {
            let found = content.windows(disguise.len()).any(|window| window == disguise);
            assert!(!found, "{place} shows {name} as {}", String::from_utf8_lossy(&disguise));
        }
    }
}

/// Everything a folder holds.
fn read_files(folder: &Path, found: &mut Vec<(String, Vec<u8>)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            read_files(&path, found);
        } else {
            found.push((path.display().to_string(), fs::read(&path).unwrap()));
        }
    }
}

/// The behaviours of an upstream that says the secret wherever it can say anything.
fn echoes(secret: &str) -> Vec<Behaviour> {
    let told = json!({ "error": { "message": format!("Incorrect API key provided: {secret}."), "type": secret, "code": secret } });
    let mut all: Vec<Behaviour> = [400, 401, 403, 404, 413, 429, 500, 503]
        .map(|status| Behaviour::raw(status, &told.to_string()))
        .into();
    all.extend([
        Behaviour::raw(200, &told.to_string()),
        Behaviour::raw(200, secret),
        Behaviour::raw(500, &format!("<html>{secret}</html>")),
        Behaviour::raw(500, &json!({ "message": secret }).to_string()),
        Behaviour { error_event: Some(told), without_done: true, ..Behaviour::default() },
        Behaviour { cut_after: Some(2), ..Behaviour::default() },
        Behaviour {
            headers: vec![
                ("x-echo".to_owned(), secret.to_owned()),
                ("location".to_owned(), format!("/{secret}")),
            ],
            ..Behaviour::raw(302, "")
        },
        Behaviour { headers: vec![("x-request-id".to_owned(), secret.to_owned())], ..Behaviour::default() },
        Behaviour::default(),
    ]);
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_and_no_body_is_in_any_log_answer_or_file() {
    for format in ["text", "json"] {
        let master_key = "c0ffee0dd5ea51deba5eba11f005ba11".repeat(2);
        let upstream_secret = "Zq7VexDunkelQuartz9PhyloWaltzBrick4Jumps";
        let body_text = "Xylograph7BequeathMyzomela3Quixotry";
        let token = "Metr1cTokenVexingFjordWaltz8NymphSphinx";
        let options = WorldOptions::single()
            .with("WAYSTATION_LOG_FORMAT", format)
            .with("WAYSTATION_LOG_LEVEL", "trace,sqlx=warn")
            .with("WAYSTATION_MASTER_KEY", &master_key)
            .with("WAYSTATION_METRICS_TOKEN", token);
        let mut world = World::start_with(DatabaseKind::Sqlite, options);
        let mock = MockUpstream::start().await;
        world.add_model(MODEL, price("2", "10", "0.001")).await;
        let channel = json!({
            "name": "canary", "format": "openai", "base_url": mock.base_url(), "credentials": [upstream_secret],
            "models": [MODEL], "allow_private_network": true,
        });
        let mut answers =
            vec![world.ask(Method::POST, "/api/admin/channels", Some(&channel)).await.expect(201)];
        let key = world.add_customer("100").await;
        let poor = world.add_customer("0").await;

        let canary = |mut body: Value| {
            body["messages"][0]["content"] = json!(format!("Repeat this: {body_text}"));
            body["user"] = json!(body_text);
            body
        };
        let mut ids = Vec::new();
        for behaviour in echoes(upstream_secret) {
            mock.script(MODEL, behaviour);
            for body in [question(MODEL), streamed_question(MODEL)] {
                let reply = world.chat(&key.secret, canary(body)).await;
                ids.push(reply.request_id());
                answers.push(reply);
                // A channel that refuses our account is left alone for a while; its neighbours of this test are not.
                let id = answers[0].json()["id"].as_str().unwrap().to_owned();
                world.patch(&format!("/api/admin/channels/{id}"), json!({ "active": false })).await;
                world.patch(&format!("/api/admin/channels/{id}"), json!({ "active": true })).await;
            }
        }
        // Refused before anything is sent.
        answers.push(world.chat(&poor.secret, canary(question(MODEL))).await.expect(402));
        answers.push(world.chat(&key.secret, canary(question("no-such-model"))).await.expect(404));
        let mut wrong = canary(question(MODEL));
        wrong["max_tokens"] = json!(body_text);
        answers.push(world.chat(&key.secret, wrong).await.expect(400));
        let broken = format!("{{\"model\":\"{MODEL}\",\"messages\":[\"{body_text}");
        answers.push(
            Reply::read(world.send(0, "/v1/chat/completions", &key.secret, broken).await).await.expect(400),
        );
        let mut mistyped = key.secret.clone();
        mistyped.replace_range(20..21, if &mistyped[20..21] == "a" { "b" } else { "a" });
        answers.push(world.chat(&mistyped, canary(question(MODEL))).await.expect(401));
        answers.push(world.relay_get(&format!("/v1/models?key={}", key.secret), &key.secret).await);

        for path in [
            "/api/admin/channels",
            "/api/admin/requests?limit=100",
            "/api/admin/users",
            "/api/openapi.json",
            "/api/admin/models",
        ] {
            answers.push(world.ask(Method::GET, path, None).await.expect(200));
        }
        answers.push(world.ask(Method::GET, &format!("/api/admin/users/{}/keys", key.user_id), None).await);
        for id in ids.iter().filter(|id| !id.is_empty()) {
            answers.push(world.ask(Method::GET, &format!("/api/admin/requests/{id}"), None).await);
        }
        answers.push(world.relay_get("/metrics", token).await.expect(200));
        world.server(0).stop();

        let random_part = key.secret.trim_start_matches("sk-").to_owned();
        let secrets = [
            ("the key", random_part),
            ("the upstream's secret", upstream_secret.to_owned()),
            ("the body", body_text.to_owned()),
            ("the master key", master_key),
            ("the token of metrics", token.to_owned()),
        ];
        for answer in &answers {
            let text = format!("{:?} {}", answer.headers, answer.text);
            assert_absent("an answer", text.as_bytes(), &secrets);
        }
        let mut files = Vec::new();
        read_files(world.server(0).options().directory.parent().unwrap(), &mut files);
        let names =
            |end: &str| files.iter().any(|(name, content)| name.ends_with(end) && !content.is_empty());
        assert!(
            names("server.log") && files.iter().any(|(_, content)| content.starts_with(b"SQLite format 3"))
        );
        for (name, content) in &files {
            assert_absent(name, content, &secrets);
        }
        world.restart(0);
    }
}
