//! A key is one key, however it is sent.

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde_json::json;
use waystation_tests::{DatabaseKind, Key, RawConnection, Reply, World, price};

use crate::{MODEL, add_mock, question};

/// The ways in which a key may be sent.
const FORMS: [(&str, &str); 5] = [
    ("authorization", "Bearer "),
    ("authorization", "bearer "),
    ("authorization", "BEARER "),
    ("x-api-key", ""),
    ("x-goog-api-key", ""),
];

async fn call(world: &World, path: &str, headers: HeaderMap, model: &str) -> Reply {
    let http = reqwest::Client::builder().no_proxy().build().expect("a plain client can be built");
    let request = http.post(format!("{}{path}", world.base_urls()[0])).headers(headers);
    let request = request.header("content-type", "application/json").body(question(model).to_string());
    Reply::read(request.send().await.expect("the server answers")).await
}

fn headers(pairs: &[(&str, String)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in pairs {
        let value = HeaderValue::from_bytes(value.as_bytes()).expect("a header's value");
        headers.append(HeaderName::from_bytes(name.as_bytes()).expect("a header's name"), value);
    }
    headers
}

/// Somebody's key that is restricted so, and what a call with it gets.
struct Case {
    what: &'static str,
    secret: String,
    model: &'static str,
    verdict: (u16, &'static str),
}

async fn cases(world: &World) -> Vec<Case> {
    let user = world.add_user("10").await;
    let path_of = |key: &Key| format!("/api/admin/users/{}/keys/{}", key.user_id, key.id);
    let mut cases = Vec::new();
    let mut add = |what, key: &Key, model, verdict| {
        cases.push(Case { what, secret: key.secret.clone(), model, verdict });
    };
    let unknown = (401, "invalid_api_key");
    add("no restriction", &world.add_key(&user, json!({})).await, MODEL, (200, ""));
    let elsewhere = world.add_key(&user, json!({ "allowed_ips": ["10.0.0.0/8"] })).await;
    add("another address", &elsewhere, MODEL, (403, "ip_not_allowed"));
    let other_model = world.add_key(&user, json!({ "allowed_models": ["other"] })).await;
    add("another model", &other_model, MODEL, (403, "model_not_allowed"));
    let spent = world.add_key(&user, json!({ "budgets": { "total": "0.000001" } })).await;
    add("a budget that is spent", &spent, MODEL, (402, "budget_exceeded"));
    let poor = world.add_customer("0").await;
    add("an empty balance", &poor, MODEL, (402, "insufficient_balance"));
    let revoked = world.add_key(&user, json!({})).await;
    world.delete(&path_of(&revoked)).await;
    add("revoked", &revoked, MODEL, unknown);
    let disabled = world.add_key(&user, json!({})).await;
    world.patch(&path_of(&disabled), json!({ "status": "disabled" })).await;
    add("disabled", &disabled, MODEL, unknown);
    let rotated = world.add_key(&user, json!({})).await;
    world.post(&format!("{}/rotate", path_of(&rotated)), json!({ "grace_seconds": 0 })).await;
    add("rotated", &rotated, MODEL, unknown);
    let of_disabled = world.add_customer("10").await;
    let path = format!("/api/admin/users/{}", of_disabled.user_id);
    world.patch(&path, json!({ "status": "disabled" })).await;
    add("of somebody disabled", &of_disabled, MODEL, unknown);
    let plain = world.add_key(&user, json!({})).await;
    add("an unknown model", &plain, "unknown", (404, "model_not_found"));
    cases
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restriction_holds_in_whichever_form_a_key_is_sent() {
    let world = World::start(DatabaseKind::Sqlite);
    let mock = add_mock(&world).await;
    world.add_model("other", price("1", "1", "0")).await;
    world.add_channel(&mock.base_url(), &["other"], 0).await;
    let mut tried = 0;
    for case in cases(&world).await {
        for path in ["/v1/chat/completions", "/api/v1/chat/completions"] {
            for (name, scheme) in FORMS {
                let sent = headers(&[(name, format!("{scheme}{}", case.secret))]);
                let reply = call(&world, path, sent, case.model).await;
                let code = if reply.status == 200 { String::new() } else { reply.code() };
                let context = format!("{} by {name}: {scheme} at {path}: {}", case.what, reply.text);
                assert_eq!((reply.status, code.as_str()), case.verdict, "{context}");
                tried += 1;
            }
            // What is no form of a key is none for any.
            let places = [
                headers(&[("authorization", format!("Basic {}", case.secret))]),
                headers(&[("authorization", case.secret.clone())]),
                headers(&[("cookie", format!("key={0}; __Host-waystation={0}", case.secret))]),
                headers(&[(
                    "sec-websocket-protocol",
                    format!("realtime, openai-insecure-api-key.{}", case.secret),
                )]),
                headers(&[("api-key", case.secret.clone())]),
                headers(&[("proxy-authorization", format!("Bearer {}", case.secret))]),
            ];
            for sent in places {
                let reply = call(&world, path, sent.clone(), case.model).await;
                assert_eq!((reply.status, reply.code().as_str()), (401, "invalid_api_key"), "{sent:?}");
                tried += 1;
            }
            for name in ["key", "api_key", "access_token", "token"] {
                let path = format!("{path}?{name}={}", case.secret);
                let reply = call(&world, &path, HeaderMap::new(), case.model).await;
                assert_eq!((reply.status, reply.code().as_str()), (401, "invalid_api_key"), "{name}");
                tried += 1;
            }
            let log = world.first_server().log();
            assert!(!log.contains(&case.secret), "{}: a key stands in the log", case.what);
        }
    }
    assert!(tried >= 10 * 2 * 15, "{tried}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_known_by_its_whole_text_and_nothing_near_it() {
    let world = World::start(DatabaseKind::Sqlite);
    add_mock(&world).await;
    let key = world.add_customer("10").await.secret;
    // The right one is in memory all the while.
    let is_taken = async |text: &[u8]| {
        assert_eq!(world.relay_get("/v1/models", &key).await.status, 200);
        send(&world, text).await == 200
    };
    assert!(is_taken(key.as_bytes()).await);
    let mut near: Vec<Vec<u8>> = Vec::new();
    for end in 0..key.len() {
        near.push(key[..end].into());
        near.push(key[end + 1..].into());
        let mut other = key.clone().into_bytes();
        other[end] = if other[end].is_ascii_lowercase() {
            other[end].to_ascii_uppercase()
        } else {
            other[end].to_ascii_lowercase()
        };
        if other != key.as_bytes() {
            near.push(other);
        }
        // The same letter, as a wide one.
        let mut wide = key.chars().collect::<Vec<char>>();
        wide[end] = char::from_u32(u32::from(wide[end]) + 0xfee0).expect("a letter");
        near.push(wide.into_iter().collect::<String>().into_bytes());
    }
    for other in ["a", "%20", "%00", " a", "\t a", "\u{200b}", "\u{e9}", "=", ",", ";", "\"", &key] {
        near.push(format!("{key}{other}").into_bytes());
        near.push(format!("{other}{key}").into_bytes());
    }
    near.push([key.as_bytes(), b"\x00"].concat());
    near.push([key.as_bytes(), b"\x00a"].concat());
    near.push([b"\x00", key.as_bytes()].concat());
    near.push([key.as_bytes(), b"\x80"].concat());
    near.push(key.replace("sk-", "SK-").into_bytes());
    near.push(key.replace("sk-", "").into_bytes());
    for text in &near {
        assert!(!is_taken(text).await, "{:?} opens what {key} does", String::from_utf8_lossy(text));
    }
    assert!(near.len() > 100);
}

/// The status of a call with these bytes as the key, as they are.
async fn send(world: &World, key: &[u8]) -> u16 {
    let mut connection = RawConnection::connect(world.first_server().address()).await.unwrap();
    let mut request =
        b"GET /v1/models HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\nx-api-key:".to_vec();
    request.extend_from_slice(key);
    request.extend_from_slice(b"\r\n\r\n");
    connection.write(&request).await.unwrap();
    let answer = connection.read_answer(std::time::Duration::from_secs(20)).await;
    answer.map_or(400, |answer| answer.status)
}
