//! Numbers at and beyond every edge, in every field that takes one: a clear refusal or what is documented, and never a
//! change of the books that was not asked for.
//!
//! The management fields come from the server's own description of its API, so that a new one is tried by itself.

use std::sync::atomic::{AtomicUsize, Ordering};

use reqwest::Method;
use serde_json::{Value, json};
use waystation_tests::{DatabaseKind, Key, Reply, World, WorldOptions, nanos, price};

use crate::schema::{Field, FieldKind, body_fields, body_with, queries, sample_body};
use crate::{HONEST_COST, MODEL, add_mock};

/// JSON texts in the place of a number; some are no JSON at all.
const EXTREMES: [&str; 44] = [
    "0",
    "-0",
    "1",
    "-1",
    "0.1",
    "1.5",
    "-1.5",
    "1e0",
    "1e3",
    "1e308",
    "-1e308",
    "1e999",
    "1e-400",
    "127",
    "129",
    "2147483646",
    "2147483647",
    "2147483648",
    "2147483649",
    "4294967296",
    "9007199254740993",
    "9223372036854775806",
    "9223372036854775807",
    "9223372036854775808",
    "-9223372036854775808",
    "-9223372036854775809",
    "18446744073709551615",
    "18446744073709551616",
    "340282366920938463463374607431768211456",
    "\"7\"",
    "\"-1\"",
    "\"NaN\"",
    "\"Infinity\"",
    "\"1e3\"",
    "\" 1\"",
    "\"\"",
    "NaN",
    "Infinity",
    "+1",
    "01",
    "true",
    "[1]",
    "{\"a\":1}",
    "null",
];

/// The same for points in time.
const TIMES: [&str; 9] = [
    "\"0000-01-01T00:00:00Z\"",
    "\"-9999-01-01T00:00:00Z\"",
    "\"1970-01-01T00:00:00Z\"",
    "\"9999-12-31T23:59:59.999Z\"",
    "\"9999-12-31T23:59:59.999-23:59\"",
    "\"+275760-09-13T00:00:00Z\"",
    "\"2026-02-30T00:00:00Z\"",
    "\"2030-06-30T23:59:60Z\"",
    "\"2030-01-01\"",
];

/// What a chat request's own fields accept; anything else is refused before it costs anything.
const CHAT_FIELDS: [(&str, u64); 4] =
    [("max_tokens", 1 << 31), ("max_completion_tokens", 1 << 31), ("n", 128), ("best_of", 128)];

/// Fields that are the upstream's business, and are forwarded as they are.
const FORWARDED_FIELDS: [&str; 12] = [
    "temperature",
    "top_p",
    "top_k",
    "min_p",
    "presence_penalty",
    "frequency_penalty",
    "repetition_penalty",
    "top_logprobs",
    "seed",
    "thinking_budget",
    "logit_bias",
    "a_field_of_tomorrow",
];

fn chat_body(members: &str) -> String {
    format!(r#"{{"model":"{MODEL}","messages":[{{"role":"user","content":"Count to five."}}],{members}}}"#)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_number_of_a_chat_request_is_taken_whole_or_refused() {
    let world = World::start(DatabaseKind::Sqlite);
    let mock = add_mock(&world).await;
    let (one, two) = CHAT_FIELDS.split_at(2);
    let (three, rest) = FORWARDED_FIELDS.split_at(4);
    let (four, five) = rest.split_at(4);
    let counted = tokio::join!(
        try_own_fields(&world, one),
        try_own_fields(&world, two),
        try_forwarded_fields(&world, three),
        try_forwarded_fields(&world, four),
        try_forwarded_fields(&world, five),
    );
    let calls = counted.0 + counted.1 + counted.2 + counted.3 + counted.4;
    assert!(calls > 300, "{calls}");
    assert_eq!(mock.total_calls(), calls, "calls of the upstream and answers");
    world.first_server().assert_no_panic();
}

/// A customer, and what the calls that were answered must have cost.
struct Account<'a> {
    world: &'a World,
    key: Key,
    calls: usize,
    cost: i64,
}

impl Account<'_> {
    async fn open(world: &World) -> Account<'_> {
        Account { world, key: world.add_customer("2").await, calls: 0, cost: 0 }
    }

    async fn send(&self, body: &str) -> u16 {
        let reply = self.world.send(0, "/v1/chat/completions", &self.key.secret, body.to_owned()).await;
        Reply::read(reply).await.status
    }

    fn expect_cost(&mut self, cost: i64) {
        self.calls += 1;
        self.cost += cost;
    }

    async fn close(self) -> usize {
        assert_eq!(self.world.balance(&self.key.user_id).await, (nanos("2") - self.cost, 0));
        self.calls
    }
}

async fn try_own_fields(world: &World, fields: &[(&str, u64)]) -> usize {
    let mut account = Account::open(world).await;
    for (field, most) in fields {
        for text in EXTREMES {
            let twice = chat_body(&format!("\"{field}\":2,\"{field}\":{text}"));
            let nested = chat_body(&format!("\"{field}\":[{text}]"));
            for body in [&twice, &nested] {
                assert_eq!(account.send(body).await, 400, "{body}");
            }
            let once = chat_body(&format!("\"{field}\":{text}"));
            let status = account.send(&once).await;
            let is_count = text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
            let count = text.parse::<u64>().ok().filter(|count| is_count && (1..=*most).contains(count));
            match count {
                // The balance need not suffice for a number that is good.
                Some(_) => assert!(matches!(status, 200 | 402), "{once}: {status}"),
                None if text == "null" => assert_eq!(status, 200, "{once}"),
                None => assert_eq!(status, 400, "{once}"),
            }
            if status == 200 {
                // The mock writes five tokens whatever the cap; no more than the cap are paid for.
                let unpaid = if *most > 128 && count == Some(1) { 4 * nanos("0.00001") } else { 0 };
                account.expect_cost(nanos(HONEST_COST) - unpaid);
            }
        }
    }
    account.close().await
}

async fn try_forwarded_fields(world: &World, fields: &[&str]) -> usize {
    let mut account = Account::open(world).await;
    for field in fields {
        for text in EXTREMES {
            let body = chat_body(&format!("\"max_tokens\":9,\"{field}\":{text}"));
            let is_json = serde_json::from_str::<Value>(text).is_ok();
            let status = account.send(&body).await;
            assert_eq!(status, if is_json { 200 } else { 400 }, "{body}");
            if status == 200 {
                account.expect_cost(nanos(HONEST_COST));
            } else if text == "1e999" {
                // A number, but more than the mock can hold: refused by it, and free.
                account.expect_cost(0);
            }
        }
    }
    account.close().await
}

#[tokio::test(flavor = "multi_thread")]
async fn every_number_of_the_management_api_is_taken_whole_or_refused() {
    for kind in DatabaseKind::available() {
        // Nobody can be invited to a site that takes nobody.
        let options = WorldOptions::single().with("WAYSTATION_AUTH_REGISTRATION", "invite");
        let world = World::start_with(kind, options);
        let things = Things::make(&world).await;
        let document = world.get("/api/openapi.json").await;
        let fields = body_fields(&document);
        let count = |kind: FieldKind| fields.iter().filter(|field| field.kind == kind).count();
        assert!(count(FieldKind::Whole) >= 20 && count(FieldKind::Decimal) >= 30, "{}", fields.len());
        for field in &fields {
            try_field(&world, &things, &document, field).await;
        }
        world.first_server().assert_no_panic();
        let (is_clean, report) = world.audit();
        assert!(is_clean, "{report}");
    }
}

/// Something for every id in a path.
struct Things {
    user: String,
    key: String,
    own_key: String,
    model: String,
    channel: String,
    notice: String,
}

impl Things {
    async fn make(world: &World) -> Things {
        let user = world.add_user("1").await;
        let key = world.add_key(&user, json!({})).await.id;
        let own = world.post("/api/me/keys", json!({ "name": "own" })).await;
        let model = world.add_model(MODEL, price("1", "1", "0")).await;
        let channel = world.add_channel("http://127.0.0.1:9/v1", &[MODEL], 0).await;
        let words = json!({ "en": "Words" });
        let notice = world.post("/api/admin/notices", json!({ "title": words, "text": words })).await;
        let id = |made: &Value| made["id"].as_str().unwrap().to_owned();
        Things { user, key, own_key: id(&own["key"]), model, channel, notice: id(&notice) }
    }

    fn fill(&self, path: &str) -> String {
        let id = match path {
            path if path.starts_with("/api/admin/users/") => &self.user,
            path if path.starts_with("/api/admin/models/") => &self.model,
            path if path.starts_with("/api/admin/channels/") => &self.channel,
            path if path.starts_with("/api/admin/notices/") => &self.notice,
            _ => "nothing",
        };
        let key = if path.starts_with("/api/me/") { &self.own_key } else { &self.key };
        // There is no provider here.
        let filled = path.replace("{id}", id).replace("{key}", key).replace("{provider}", "nothing");
        assert!(!filled.contains('{'), "{path} has an id that this test does not know");
        filled
    }
}

async fn try_field(world: &World, things: &Things, document: &Value, field: &Field) {
    let moves_money = field.path.ends_with("/adjustments") || field.path.ends_with("/grants");
    // A rotated key is another one.
    if field.path.ends_with("/rotate") {
        for text in ["-1", "1.5", "2592001", "4294967296", "1e3", "\"7\"", "true", "[1]"] {
            let reply = ask(world, things, document, field, text).await;
            assert_eq!(reply.status, 400, "{field} = {text}: {}", reply.text);
        }
        return;
    }
    let mut taken = 0;
    let times: &[&str] = if field.kind == FieldKind::Time { &TIMES } else { &[] };
    for text in EXTREMES.iter().chain(times) {
        let before = if moves_money { Some(world.balance(&things.user).await) } else { None };
        let reply = ask(world, things, document, field, text).await;
        assert!(reply.status < 500, "{field} = {text}: {} {}", reply.status, reply.text);
        if field.must_refuse(text) {
            assert!(matches!(reply.status, 400 | 422), "{field} = {text}: {} {}", reply.status, reply.text);
            assert_eq!(reply.code(), "invalid_request", "{field} = {text}");
        }
        taken += usize::from(reply.status < 300);
        if reply.status >= 400 && moves_money {
            assert_eq!(before, Some(world.balance(&things.user).await), "{field} = {text}");
        }
    }
    // Else everything was refused for some other reason, and nothing was tried.
    let least = if field.kind == FieldKind::Object { 0 } else { 1 };
    assert!(taken >= least, "{field}");
}

async fn ask(world: &World, things: &Things, document: &Value, field: &Field, text: &str) -> Reply {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    let body = body_with(sample_body(document, field, number), &field.name, text);
    let method = Method::from_bytes(field.method.to_uppercase().as_bytes()).unwrap();
    world.ask_with_text(method, &things.fill(&field.path), Some(body)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn every_parameter_of_a_list_is_taken_or_refused() {
    for kind in DatabaseKind::available() {
        let world = World::start(kind);
        let things = Things::make(&world).await;
        let document = world.get("/api/openapi.json").await;
        let mut parameters = queries(&document);
        assert!(parameters.len() >= 30, "{}", parameters.len());
        for name in ["start_date", "end_date"] {
            parameters.push(("/v1/usage".to_owned(), name.to_owned(), false));
        }
        let texts = EXTREMES.map(|text| text.trim_matches('"').to_owned()).into_iter().chain(
            [
                "0000-00-00",
                "9999-12-31",
                "-9999-01-01",
                "2026-02-30",
                "%00",
                "%ff",
                "AAAA",
                "zzzzzzzz.zz",
                "' OR 1=1 --",
            ]
            .map(str::to_owned),
        );
        for text in texts.chain(["a".repeat(5_000)]) {
            // All of it in escapes, but for escapes that are meant to be wrong.
            let escaped = text.bytes().map(|byte| format!("%{byte:02x}")).collect::<String>();
            let query = if text.starts_with('%') { &text } else { &escaped };
            for (path, name, is_number) in &parameters {
                let url = format!("{}?{name}={query}", things.fill(path));
                let reply = world.ask(Method::GET, &url, None).await;
                assert!(reply.status < 500, "{url}: {} {}", reply.status, reply.text);
                if *is_number && text.parse::<u32>().is_err() {
                    // Addresses that are too long are not read at all.
                    assert!(matches!(reply.status, 400 | 414), "{url}: {} {}", reply.status, reply.text);
                }
            }
        }
        world.first_server().assert_no_panic();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_is_never_taken_for_an_object() {
    let world = World::start(DatabaseKind::Sqlite);
    let things = Things::make(&world).await;
    let document = world.get("/api/openapi.json").await;
    let objects: Vec<Field> =
        body_fields(&document).into_iter().filter(|field| field.kind == FieldKind::Object).collect();
    assert!(objects.len() >= 6, "{objects:?}");
    for field in &objects {
        for list in ["[]", "[null]", "[null,null,null]", r#"["1","2","3"]"#, r#"["a","b"]"#, r#"[["a","b"]]"#]
        {
            let reply = ask(&world, &things, &document, field, list).await;
            assert_eq!(reply.status, 400, "{field} = {list}: {}", reply.text);
        }
    }
}
