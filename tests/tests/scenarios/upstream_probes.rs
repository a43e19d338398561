//! Upstreams asked before and after they are entered: every failure has its code, no secret comes back, and nothing is
//! changed but what was asked for.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use waystation_tests::{Behaviour, DatabaseKind, Hang, MODEL_LIST, MockUpstream, World, eventually, price};

use crate::MODEL;
use crate::packed_bodies::gzip;

/// Like no vendor's, so that nothing but knowing it can hide it.
const SECRET: &str = "canary-plain-upstream-words";

/// The body of a test of a channel that is not entered.
fn draft(mock: &MockUpstream) -> Value {
    json!({
        "format": "openai", "base_url": mock.base_url(), "allow_private_network": true,
        "credential": SECRET, "model": MODEL,
    })
}

fn without_model(mut draft: Value) -> Value {
    draft.as_object_mut().unwrap().remove("model");
    draft
}

async fn ask(world: &World, path: &str, body: Value) -> Value {
    let reply = world.ask(Method::POST, path, Some(&body)).await.expect(200);
    // Nor half of it, from either side.
    assert!(!reply.text.contains(&SECRET[..14]) && !reply.text.contains(&SECRET[14..]), "{}", reply.text);
    reply.json()
}

async fn refused(world: &World, path: &str, body: Value) -> (u16, String) {
    let reply = world.ask(Method::POST, path, Some(&body)).await;
    let field = reply.json()["error"]["fields"][0]["field"].as_str().unwrap_or_default().to_owned();
    (reply.status, field)
}

/// An upstream that begins every answer with this head, and then sends this again and again, each time after so many
/// milliseconds, until the other side has had enough; its base URL.
async fn endless(head: &'static str, piece: &'static [u8], every_ms: u64) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((line, _)) = listener.accept().await {
            // It ends when the other side goes away.
            tokio::spawn(async move { drop(feed(line, head, piece, every_ms).await) });
        }
    });
    format!("http://{address}/v1")
}

async fn feed(mut line: TcpStream, head: &str, piece: &[u8], every_ms: u64) -> std::io::Result<()> {
    let mut asked = Vec::new();
    while !asked.windows(4).any(|window| window == b"\r\n\r\n") {
        if line.read_buf(&mut asked).await? == 0 {
            return Ok(());
        }
    }
    line.write_all(head.as_bytes()).await?;
    loop {
        line.write_all(piece).await?;
        if every_ms > 0 {
            tokio::time::sleep(Duration::from_millis(every_ms)).await;
        }
    }
}

fn list_of(names: impl IntoIterator<Item = String>) -> Behaviour {
    let data: Vec<Value> = names.into_iter().map(|name| json!({ "id": name, "object": "model" })).collect();
    Behaviour::raw(200, &json!({ "object": "list", "data": data }).to_string())
}

fn names_of(models: &Value, field: &str) -> Vec<String> {
    let models = models.as_array().unwrap().iter();
    models.map(|model| model[field].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_channel_is_tested_before_and_after_it_is_entered() {
    for kind in DatabaseKind::available() {
        let world = World::start(kind);
        let mock = MockUpstream::start().await;
        mock.script(MODEL, Behaviour { head_delay_ms: 20, piece_delay_ms: 5, ..Behaviour::default() });
        let outcome = ask(&world, "/api/admin/channels/test", draft(&mock)).await;
        assert_eq!((&outcome["ok"], &outcome["status"]), (&json!(true), &json!(200)), "{outcome}");
        assert_eq!((&outcome["code"], &outcome["message"]), (&Value::Null, &Value::Null));
        let (first, whole) =
            (outcome["first_byte_ms"].as_u64().unwrap(), outcome["latency_ms"].as_u64().unwrap());
        assert!((20..=whole).contains(&first), "{outcome}");
        let seen = mock.last_call(MODEL).unwrap();
        let body: Value = serde_json::from_str(&seen.body).unwrap();
        assert_eq!((&body["max_tokens"], &body["stream"]), (&json!(16), &json!(true)), "{body}");
        assert_eq!(seen.headers["authorization"], format!("Bearer {SECRET}"));
        assert_eq!(world.get("/api/admin/channels").await["items"], json!([]), "nothing was kept");

        let model = world.add_model(MODEL, price("2", "10", "0")).await;
        let cap = json!({ "output_cap_parameter": "max_completion_tokens" });
        world.patch(&format!("/api/admin/models/{model}"), cap).await;
        let channel = world.add_channel(&mock.base_url(), &[MODEL], 0).await;
        let path = format!("/api/admin/channels/{channel}");
        world.post(&format!("{path}/credentials"), json!({ "secret": SECRET })).await;
        let tested = ask(&world, &format!("{path}/test"), json!({})).await;
        let results = tested["results"].as_array().unwrap();
        assert_eq!(results.len(), 2, "with each secret: {tested}");
        assert!(results.iter().all(|result| result["ok"] == true && result["model"] == MODEL), "{tested}");
        let body: Value = serde_json::from_str(&mock.last_call(MODEL).unwrap().body).unwrap();
        assert_eq!((&body["max_completion_tokens"], &body["max_tokens"]), (&json!(16), &Value::Null));

        mock.script(MODEL, Behaviour::failing(503));
        let one = json!({ "credential_id": results[1]["credential_id"] });
        let tested = ask(&world, &format!("{path}/test"), one).await;
        assert_eq!(tested["results"].as_array().unwrap().len(), 1);
        let shown = world.get(&path).await;
        assert_eq!(
            (&shown["last_test"]["ok"], &shown["last_test"]["code"]),
            (&json!(false), &json!("server_error"))
        );
        assert_eq!(shown["last_test"], tested["channel"]["last_test"]);
        let unknown = json!({ "model": "another" });
        assert_eq!(refused(&world, &format!("{path}/test"), unknown).await, (400, "model".to_owned()));
        let audited = world.get("/api/admin/audit-logs?action=channel.test").await;
        assert_eq!(audited["items"].as_array().unwrap().len(), 3);
        assert!(!audited.to_string().contains(SECRET));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_failure_of_a_test_has_its_code_and_shows_no_secret() {
    let world = World::start(DatabaseKind::Sqlite);
    let (mock, sink) = (MockUpstream::start().await, MockUpstream::start().await);
    let told = |status: u16, code: &str| {
        let message = format!("Incorrect API key {SECRET}, or '{}…' of http://10.0.0.7/v1", &SECRET[..14]);
        Behaviour::raw(status, &json!({ "error": { "message": message, "code": code } }).to_string())
    };
    let redirect = Behaviour {
        headers: vec![("location".to_owned(), format!("{}/chat/completions", sink.base_url()))],
        ..Behaviour::raw(307, "")
    };
    let failing_event = Behaviour {
        pieces: Vec::new(),
        error_event: Some(json!({ "error": { "message": SECRET, "code": "invalid_api_key" } })),
        without_done: true,
        ..Behaviour::default()
    };
    for (script, code, status) in [
        (told(401, "invalid_api_key"), "credential_refused", json!(401)),
        (told(403, "forbidden"), "credential_refused", json!(403)),
        (told(402, "no_money"), "no_credit", json!(402)),
        (told(429, "insufficient_quota"), "no_credit", json!(429)),
        (told(429, "slow_down"), "rate_limited", json!(429)),
        (told(404, "model_not_found"), "model_not_found", json!(404)),
        (told(400, "bad"), "request_rejected", json!(400)),
        (told(500, "oops"), "server_error", json!(500)),
        (redirect, "redirected", json!(307)),
        (failing_event, "credential_refused", json!(200)),
        (Behaviour::raw(200, "<html>Welcome to the hotel's network</html>"), "not_an_answer", json!(200)),
        (Behaviour::raw(200, "{\"choices\":[{\"mess"), "not_an_answer", json!(200)),
        (Behaviour { cut_after: Some(0), ..Behaviour::default() }, "not_an_answer", json!(200)),
    ] {
        mock.script(MODEL, script.clone());
        let outcome = ask(&world, "/api/admin/channels/test", draft(&mock)).await;
        assert_eq!((&outcome["ok"], &outcome["code"]), (&json!(false), &json!(code)), "{script:?} {outcome}");
        assert_eq!(outcome["status"], status, "{script:?} {outcome}");
        assert!(
            !outcome.to_string().contains("10.0.0.7") && !outcome.to_string().contains("hotel"),
            "{outcome}"
        );
    }
    assert_eq!(sink.total_calls(), 0, "a redirect is not followed");
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let nobody = json!({
        "format": "openai", "base_url": format!("http://{closed}/v1"), "allow_private_network": true, "model": "x",
    });
    let outcome = ask(&world, "/api/admin/channels/test", nobody.clone()).await;
    assert_eq!((&outcome["code"], &outcome["status"]), (&json!("connect_failed"), &Value::Null), "{outcome}");
    let mut without_leave = nobody;
    without_leave["allow_private_network"] = json!(false);
    for path in ["/api/admin/channels/test", "/api/admin/channels/fetch-models"] {
        let mut body = without_leave.clone();
        if path.ends_with("fetch-models") {
            body = without_model(body);
        }
        assert_eq!(refused(&world, path, body).await, (400, "base_url".to_owned()));
    }
    assert!(!world.first_server().log().contains(SECRET));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upstream_that_takes_the_other_output_cap_is_asked_by_that() {
    let world = World::start(DatabaseKind::Sqlite);
    let mock = MockUpstream::start().await;
    let message = "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead.";
    let error = json!({ "error": { "message": message, "code": "unsupported_parameter" } });
    mock.script(MODEL, Behaviour::raw(400, &error.to_string()));
    let outcome = ask(&world, "/api/admin/channels/test", draft(&mock)).await;
    assert_eq!((&outcome["code"], mock.call_count(MODEL)), (&json!("request_rejected"), 2), "{outcome}");
    let body: Value = serde_json::from_str(&mock.last_call(MODEL).unwrap().body).unwrap();
    assert_eq!((&body["max_completion_tokens"], &body["max_tokens"]), (&json!(16), &Value::Null));
    let mut known = draft(&mock);
    known["output_cap_parameter"] = json!("max_tokens");
    ask(&world, "/api/admin/channels/test", known).await;
    assert_eq!(mock.call_count(MODEL), 3, "what is said is not tried otherwise");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upstream_that_says_nothing_is_given_up_after_fifteen_seconds() {
    let world = World::start(DatabaseKind::Sqlite);
    let mock = MockUpstream::start().await;
    mock.script(MODEL, Behaviour { hang: Some(Hang::BeforeHead), ..Behaviour::default() });
    mock.script("half", Behaviour { hang: Some(Hang::BeforeEnd), ..Behaviour::default() });
    mock.script(MODEL_LIST, Behaviour { hang: Some(Hang::BeforeHead), ..Behaviour::default() });
    let mut half = draft(&mock);
    half["model"] = json!("half");
    // A letter now and then is no answer either.
    let drip = json!(endless("HTTP/1.1 200 OK\r\ncontent-length: 10737418240\r\n\r\n", b" ", 100).await);
    let (mut slow, mut slow_list) = (draft(&mock), without_model(draft(&mock)));
    (slow["base_url"], slow_list["base_url"]) = (drip.clone(), drip);
    let (silent, half, list, slow, slow_list) = tokio::join!(
        ask(&world, "/api/admin/channels/test", draft(&mock)),
        ask(&world, "/api/admin/channels/test", half),
        ask(&world, "/api/admin/channels/fetch-models", without_model(draft(&mock))),
        ask(&world, "/api/admin/channels/test", slow),
        ask(&world, "/api/admin/channels/fetch-models", slow_list),
    );
    for outcome in [&silent, &half, &list, &slow, &slow_list] {
        assert_eq!((&outcome["ok"], &outcome["code"]), (&json!(false), &json!("timeout")), "{outcome}");
        let latency_ms = outcome["latency_ms"].as_u64().unwrap();
        assert!((15_000..20_000).contains(&latency_ms), "{outcome}");
    }
    assert_eq!((&silent["status"], &half["status"]), (&Value::Null, &json!(200)));
    assert!(half["first_byte_ms"].as_u64().unwrap() < 5_000, "{half}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upstreams_models_are_fetched_and_nothing_else_is_taken_for_a_list() {
    let world = World::start(DatabaseKind::Sqlite);
    let mock = MockUpstream::start().await;
    world.add_model("model-00007", price("2", "10", "0")).await;
    let fetch = async || ask(&world, "/api/admin/channels/fetch-models", without_model(draft(&mock))).await;
    let names: Vec<String> = (0..5_000).map(|number| format!("model-{number:05}")).collect();
    mock.script(
        MODEL_LIST,
        list_of(names.iter().rev().cloned().chain(["no name".to_owned(), String::new()])),
    );
    let fetched = fetch().await;
    assert_eq!((&fetched["ok"], &fetched["is_truncated"]), (&json!(true), &json!(false)));
    assert_eq!(names_of(&fetched["models"], "upstream"), names, "by name, and those that can be names");
    let known: Vec<&Value> =
        fetched["models"].as_array().unwrap().iter().filter(|model| model["is_known"] == true).collect();
    assert_eq!(known, [&json!({ "upstream": "model-00007", "is_known": true })]);
    let seen = mock.last_call(MODEL_LIST).unwrap();
    assert_eq!((seen.path.as_str(), seen.body.as_str()), ("/v1/models", ""));
    assert_eq!(seen.headers["authorization"], format!("Bearer {SECRET}"));

    mock.script(MODEL_LIST, list_of((0..10_001).map(|number| format!("m{number}"))));
    let fetched = fetch().await;
    assert_eq!(
        (fetched["models"].as_array().unwrap().len(), &fetched["is_truncated"]),
        (10_000, &json!(true))
    );

    let error = json!({ "error": { "message": format!("bad key {SECRET}"), "code": "invalid_api_key" } });
    let redirect = Behaviour {
        headers: vec![("location".to_owned(), "http://127.0.0.1:1/".to_owned())],
        ..Behaviour::raw(302, "")
    };
    for (script, code) in [
        (Behaviour::raw(200, "<html>Welcome</html>"), "not_an_answer"),
        (Behaviour::raw(200, "{\"data\":[{\"id\":\"a\"},"), "not_an_answer"),
        (Behaviour::raw(200, "{\"data\":7}"), "not_an_answer"),
        (Behaviour::raw(200, &error.to_string()), "credential_refused"),
        (Behaviour::raw(401, &error.to_string()), "credential_refused"),
        (Behaviour::failing(404), "request_rejected"),
        (Behaviour::failing(500), "server_error"),
        (Behaviour::raw(200, &" ".repeat(17 * 1024 * 1024)), "not_an_answer"),
        (redirect, "redirected"),
    ] {
        mock.script(MODEL_LIST, script);
        let fetched = fetch().await;
        assert_eq!((&fetched["ok"], &fetched["code"]), (&json!(false), &json!(code)), "{fetched}");
        assert_eq!(fetched["models"], json!([]));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_channel_serves_is_changed_only_as_asked_and_by_what_is_offered() {
    let world = World::start(DatabaseKind::Sqlite);
    let mock = MockUpstream::start().await;
    world.add_model("old", price("2", "10", "0")).await;
    let channel = world.add_channel(&mock.base_url(), &["old", "kept"], 0).await;
    let path = format!("/api/admin/channels/{channel}/sync-models");
    mock.script(MODEL_LIST, list_of(["kept", "new", "newer"].map(str::to_owned)));
    let looked = ask(&world, &path, json!({})).await;
    assert_eq!(names_of(&looked["new"], "upstream"), ["new", "newer"], "{looked}");
    assert_eq!(looked["gone"], json!([{ "name": "old", "upstream": "old" }]));
    assert_eq!(looked["known"], json!([{ "name": "kept", "upstream": "kept" }]));
    assert_eq!(names_of(&looked["channel"]["models"], "name"), ["kept", "old"], "nothing is changed");

    for (body, field) in [
        (json!({ "add": ["never"] }), "add[0]"),
        (json!({ "add": ["new", { "name": "chat", "upstream": "never" }] }), "add[1]"),
        (json!({ "add": ["new", "new"] }), "add"),
        (json!({ "add": [{ "name": "old", "upstream": "new" }], "remove": ["old"] }), "add[0]"),
    ] {
        assert_eq!(refused(&world, &path, body.clone()).await, (400, field.to_owned()), "{body}");
    }
    let change =
        json!({ "add": [{ "name": "chat", "upstream": "new" }, "kept"], "remove": ["old", "never"] });
    let synced = ask(&world, &path, change).await;
    assert_eq!((&synced["added"], &synced["removed"]), (&json!(["chat"]), &json!(["old"])), "{synced}");
    assert_eq!(names_of(&synced["new"], "upstream"), ["newer"]);
    assert_eq!(synced["gone"], json!([]));
    assert_eq!(names_of(&synced["channel"]["models"], "name"), ["chat", "kept"]);
    let shown = world.get(&format!("/api/admin/channels/{channel}")).await;
    assert_eq!(shown, synced["channel"]);
    let audited = world.get("/api/admin/audit-logs?action=channel.sync_models").await;
    assert_eq!(audited["items"].as_array().unwrap().len(), 1, "looking is no change");

    mock.script(MODEL_LIST, Behaviour::failing(500));
    let failed = ask(&world, &path, json!({ "remove": ["chat"] })).await;
    assert_eq!(
        (&failed["ok"], &failed["code"], &failed["removed"]),
        (&json!(false), &json!("server_error"), &json!([]))
    );
    assert_eq!(world.get(&format!("/api/admin/channels/{channel}")).await, shown);

    mock.script(MODEL_LIST, list_of((0..2_500).map(|number| format!("many-{number}"))));
    let many: Vec<String> = (0..2_000).map(|number| format!("many-{number}")).collect();
    assert_eq!(refused(&world, &path, json!({ "add": many })).await, (400, "add".to_owned()));
    let fewer = ask(&world, &path, json!({ "add": many[..1_998] })).await;
    assert_eq!(fewer["channel"]["models"].as_array().unwrap().len(), 2_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_without_end_or_that_unpacks_without_end_takes_no_memory() {
    let world = World::start(DatabaseKind::Sqlite);
    let mock = MockUpstream::start().await;
    let before = world.first_server().peak_resident_bytes();
    let bomb = Behaviour {
        headers: vec![("content-encoding".to_owned(), "gzip".to_owned())],
        raw_bytes: Some(gzip(&vec![b' '; 200 * 1024 * 1024])),
        ..Behaviour::default()
    };
    mock.script(MODEL, bomb.clone());
    mock.script(MODEL_LIST, bomb);
    let ten_gigabytes = "HTTP/1.1 200 OK\r\ncontent-length: 10737418240\r\n\r\n";
    let events = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n";
    let mut upstreams = vec![mock.base_url()];
    for (head, piece) in [
        (ten_gigabytes, &[b' '; 64 * 1024][..]),
        (events, b"data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"more\"}}]}\n\n"),
        ("HTTP/1.1 200 OK\r\n", &b"x-more: and-more\r\n"[..]),
    ] {
        upstreams.push(endless(head, piece, 0).await);
    }
    for base_url in upstreams {
        let mut draft = draft(&mock);
        draft["base_url"] = json!(base_url);
        for (path, body) in [("test", draft.clone()), ("fetch-models", without_model(draft))] {
            let outcome = ask(&world, &format!("/api/admin/channels/{path}"), body).await;
            assert_eq!(
                (&outcome["ok"], &outcome["code"]),
                (&json!(false), &json!("not_an_answer")),
                "{path} {base_url}: {outcome}"
            );
            assert!(outcome["latency_ms"].as_u64().unwrap() < 15_000, "{path} {base_url}: {outcome}");
        }
    }
    let grown = world.first_server().peak_resident_bytes().saturating_sub(before) / (1024 * 1024);
    println!("proof: MiB that a server grows by answers without end; {grown}; -");
    assert!(grown < 128, "{grown} MiB");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_of_a_hundred_thousand_names_is_cut_and_told_so() {
    let world = World::start(DatabaseKind::Sqlite);
    let mock = MockUpstream::start().await;
    let fetch = async || ask(&world, "/api/admin/channels/fetch-models", without_model(draft(&mock))).await;
    mock.script(MODEL_LIST, list_of((0..100_000).map(|number| format!("model-{number:06}"))));
    let fetched = fetch().await;
    assert_eq!((&fetched["ok"], &fetched["is_truncated"]), (&json!(true), &json!(true)));
    assert_eq!(names_of(&fetched["models"], "upstream").len(), 10_000);
    // The same name as often as you like is one, and what no model can be called is none.
    let odd = ["one", "two\r\nx: 1", "\u{1b}[31mred", "\u{0}", " ", "three ", "字 字", "two", "one"];
    let names = odd.into_iter().map(str::to_owned).chain((0..50_000).map(|_| "one".to_owned()));
    mock.script(MODEL_LIST, list_of(names));
    let fetched = fetch().await;
    assert_eq!(fetched["is_truncated"], json!(false));
    assert_eq!(names_of(&fetched["models"], "upstream"), ["one", "two"]);
    // Markup can be a name: it is text wherever it is shown.
    mock.script(MODEL_LIST, list_of(["<script>alert(1)</script>".to_owned()]));
    assert_eq!(names_of(&fetch().await["models"], "upstream"), ["<script>alert(1)</script>"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_asked_of_an_upstream_is_told_though_nobody_waited_for_it() {
    let world = World::start(DatabaseKind::Sqlite);
    let mock = MockUpstream::start().await;
    mock.script(MODEL, Behaviour::gated());
    mock.script(MODEL_LIST, Behaviour::gated());
    world.add_model(MODEL, price("2", "10", "0")).await;
    let channel = world.add_channel(&mock.base_url(), &[MODEL], 0).await;
    let asked = [
        ("/api/admin/channels/test".to_owned(), draft(&mock), "channel.test_draft"),
        ("/api/admin/channels/fetch-models".to_owned(), without_model(draft(&mock)), "channel.fetch_models"),
        (format!("/api/admin/channels/{channel}/test"), json!({}), "channel.test"),
    ];
    for (number, (path, body, _)) in asked.iter().enumerate() {
        let has_come = async || (mock.total_calls() > number).then_some(());
        tokio::select! {
            _ = world.ask(Method::POST, path, Some(body)) => panic!("the gate is shut"),
            _ = eventually("the upstream is asked", Duration::from_secs(10), has_come) => {}
        }
    }
    mock.open_gate();
    for (path, _, action) in asked {
        let told = async || {
            let rows = world.get(&format!("/api/admin/audit-logs?action={action}")).await;
            let rows = rows["items"].as_array().unwrap().iter();
            (rows.filter(|row| row["action"] == action).count() == 1).then_some(())
        };
        eventually(&path, Duration::from_secs(10), told).await;
    }
    assert_eq!(world.get(&format!("/api/admin/channels/{channel}")).await["last_test"]["ok"], json!(true));
}
