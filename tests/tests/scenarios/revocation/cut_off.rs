//! A server that cannot read what changed: it goes on believing nothing.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::json;
use waystation_tests::{Browser, TcpGate, WorldOptions, eventually};

use super::{Fleet, Grant, LIMIT, Messages, SERVERS, ask, shared_kinds};

/// The one that is cut off.
const LAST: usize = SERVERS - 1;

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_cut_off_from_the_database_believes_nothing_it_remembers() {
    for messages in [Messages::WithoutRedis, Messages::WithRedis] {
        for kind in shared_kinds() {
            let Some(address) = kind.server_address() else { continue };
            let gate = TcpGate::start(address).await;
            let options = WorldOptions::single().with_last_behind(&gate);
            let fleet = Fleet::start_with(kind, messages, options).await;
            assert_nothing_is_believed(&fleet, &gate).await;
        }
    }
}

async fn assert_nothing_is_believed(fleet: &Fleet, gate: &TcpGate) {
    let world = &fleet.world;
    let (ann, grants_of_ann) = enter(fleet, "ann@example.org").await;
    let (_, grants_of_ben) = enter(fleet, "ben@example.org").await;
    fleet.assert_served(&grants_of_ann).await;
    fleet.assert_served(&grants_of_ben).await;
    gate.cut();
    let disabled = json!({ "status": "disabled" });
    world.ask(Method::PATCH, &format!("/api/admin/users/{ann}"), Some(&disabled)).await.expect(200);
    let since = Instant::now();
    // The two that hear of it refuse; the third serves nobody for longer than it promises, whether anything was taken
    // away from them or not.
    let mut asking = tokio::task::JoinSet::new();
    let last = world.base_urls()[LAST].clone();
    for (is_anns, grants) in [(true, &grants_of_ann), (false, &grants_of_ben)] {
        for grant in grants {
            let (last, grant) = (last.clone(), grant.clone());
            asking.spawn(async move { (is_anns, await_disbelief(&last, &grant, since).await) });
        }
    }
    let (mut of_ann, mut of_ben) = (Duration::ZERO, Duration::ZERO);
    for (is_anns, served) in asking.join_all().await {
        let longest = if is_anns { &mut of_ann } else { &mut of_ben };
        *longest = served.max(*longest);
    }
    for (what, longest) in [("what was taken away", of_ann), ("what was not", of_ben)] {
        println!(
            "proof: ms a server without its database still serves {what}, {:?}, {:?}; {}; -",
            fleet.kind,
            fleet.messages,
            longest.as_millis()
        );
    }
    for grant in &grants_of_ann {
        for server in 0..LAST {
            assert_eq!(fleet.ask(server, grant).await, 401, "{grant:?} by server {server}");
        }
    }
    gate.mend();
    for grant in &grants_of_ann {
        let refused = async || (fleet.ask(LAST, grant).await == 401).then_some(());
        eventually("the server knows better", Duration::from_secs(20), refused).await;
    }
    for grant in &grants_of_ben {
        let served = async || (fleet.ask(LAST, grant).await == 200).then_some(());
        eventually("the server serves again", Duration::from_secs(20), served).await;
    }
}

/// How long after `since` the server last served this.
async fn await_disbelief(url: &str, grant: &Grant, since: Instant) -> Duration {
    let mut last_served = Duration::ZERO;
    loop {
        match ask(url, grant).await {
            200 => last_served = since.elapsed(),
            // It is told that the server cannot know, or what Redis still tells.
            503 | 401 => return last_served,
            status => panic!("{status} to {grant:?}"),
        }
        assert!(last_served <= LIMIT, "{grant:?} is served after {last_served:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Somebody with a browser, a program and a key; the id and what the three open.
async fn enter(fleet: &Fleet, email: &str) -> (String, Vec<Grant>) {
    let world = &fleet.world;
    let password = "a long enough secret";
    let body = json!({ "email": email, "role": "operator", "password": password });
    let id = world.post("/api/admin/users", body).await["id"].as_str().unwrap().to_owned();
    let key = world.add_key(&id, json!({})).await.secret;
    let browser = Browser::new(world.first_server().base_url());
    let login = json!({ "login": email, "password": password });
    browser.ask(Method::POST, "/api/auth/login", Some(&login)).await.expect(200);
    let cookie = browser.cookie("__Host-waystation").expect("the browser is signed in");
    let login = json!({ "login": email, "password": password, "reception": "tokens" });
    let reply = world.ask_as(None, "127.0.0.1", Method::POST, "/api/auth/login", &login).await;
    let token = reply.expect(200).json()["tokens"]["access_token"].as_str().unwrap().to_owned();
    let grants = vec![
        Grant::by_cookie("/api/me", &cookie),
        Grant::by_bearer("token", "/api/me", &token),
        Grant::by_bearer("role", "/api/admin/channels", &token),
        Grant::by_bearer("key", "/v1/models", &key),
    ];
    (id, grants)
}
