//! From registering to a changed password.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::json;
use waystation_tests::{DatabaseKind, MailServer, World, eventually, nanos};

use super::{
    PASSWORD, SITE, ask, ask_from, at_once, open_site, patient_site, register, sign_in, start, token_of,
};

/// Every instance hears of it within this.
const HEARD_WITHIN: Duration = Duration::from_secs(5);

async fn me(world: &World, token: &str) -> u16 {
    world.ask_as(Some(token), "203.0.113.1", Method::GET, "/api/me", &json!({})).await.status
}

async fn assert_ends(world: &World, token: &str) {
    let ended = async || (me(world, token).await == 401).then_some(());
    eventually("the session ends", HEARD_WITHIN, ended).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_registers_verifies_signs_in_resets_and_changes_the_password() {
    for kind in DatabaseKind::available() {
        let mails = MailServer::start();
        let world = World::start_with(kind, open_site(&mails).with("WAYSTATION_AUTH_SIGN_UP_GIFT", "0.5"));
        let (email, second, third) = ("ann@example.org", "another long secret", "the third long secret");

        let body = json!({
            "email": " Ann@Example.ORG", "username": "Ann", "password": PASSWORD, "locale": "zh-CN",
        });
        let reply = ask(&world, "/api/auth/register", body).await.expect(202).json();
        assert_eq!(reply, json!({ "next": "open_mail" }));
        let mail = mails.mail_to(email, 1).await;
        assert_eq!(
            (mail.kind.as_str(), mail.sender.as_str()),
            ("multipart/alternative", "relay@example.org")
        );
        assert_eq!(mail.subject, "验证您的邮箱地址");
        assert!(mail.html.contains("lang=\"zh-CN\"") && mail.text.contains("24 小时"), "{mail:?}");
        let token = mail.token(SITE, "/verify-email#token");

        let unverified = sign_in(&world, email, PASSWORD).await.expect_code(401, "invalid_credentials");
        let wrong = sign_in(&world, email, "not the password").await.expect_code(401, "invalid_credentials");
        assert_eq!(unverified.json()["error"]["message"], wrong.json()["error"]["message"]);
        // Whoever has the password is mailed the link again.
        assert_eq!(mails.mail_to(email, 2).await.subject, mail.subject);
        ask(&world, "/api/auth/verify-email", json!({ "token": token })).await.expect(204);
        let again = ask(&world, "/api/auth/verify-email", json!({ "token": token })).await;
        again.expect_code(400, "invalid_link");

        let first_token = token_of(&world, email, PASSWORD).await;
        token_of(&world, " ANN ", PASSWORD).await;
        let shown = world.ask_as(Some(&first_token), "203.0.113.1", Method::GET, "/api/me", &json!({})).await;
        let shown = shown.expect(200).json();
        assert_eq!(shown["role"], "user", "{shown}");
        // Given once, however often one signs in.
        assert_eq!(nanos(shown["balance"]["available"].as_str().unwrap()), nanos("0.5"), "{shown}");
        let nothing = json!({});
        let balance =
            world.ask_as(Some(&first_token), "203.0.113.1", Method::GET, "/api/me/balance", &nothing).await;
        let balance = balance.expect(200).json().to_string();
        assert!(balance.contains("\"gift\""), "{balance}");

        ask(&world, "/api/auth/password-reset", json!({ "email": email })).await.expect(202);
        let mail = mails.mail_to(email, 3).await;
        assert_eq!(mail.subject, "重置您的密码");
        let token = mail.token(SITE, "/reset-password#token");
        let confirm = |password: &str| json!({ "token": token, "password": password });
        let path = "/api/auth/password-reset/confirm";
        ask(&world, path, confirm("password123")).await.expect_code(400, "invalid_request");
        assert_eq!(me(&world, &first_token).await, 200);
        // It signs nobody in.
        let reset = ask(&world, path, confirm(second)).await.expect(204);
        assert!(reset.text.is_empty() && !reset.headers.contains_key("set-cookie"), "{reset:?}");
        ask(&world, path, confirm(third)).await.expect_code(400, "invalid_link");
        assert_ends(&world, &first_token).await;
        sign_in(&world, email, PASSWORD).await.expect_code(401, "invalid_credentials");
        assert_eq!(mails.mail_to(email, 4).await.subject, "您的密码已更改");

        let (kept, other) = (token_of(&world, email, second).await, token_of(&world, email, second).await);
        let change = async |current: &str, new: &str| {
            let body = json!({ "current_password": current, "new_password": new });
            world.ask_as(Some(&kept), "203.0.113.1", Method::POST, "/api/me/password", &body).await
        };
        change(PASSWORD, third).await.expect_code(401, "invalid_credentials");
        change(second, "short").await.expect_code(400, "invalid_request");
        change(second, "ann is my name").await.expect_code(400, "invalid_request");
        change(second, third).await.expect(204);
        assert_ends(&world, &other).await;
        assert_eq!(me(&world, &kept).await, 200);
        token_of(&world, email, third).await;
        assert!(mails.mail_to(email, 5).await.text.contains("203.0.113.1"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mailed_link_is_taken_by_one_of_many() {
    let mails = MailServer::start();
    let world = start(patient_site(&mails));
    register(&world, &mails, "ann@example.org", PASSWORD).await;
    ask(&world, "/api/auth/password-reset", json!({ "email": "ann@example.org" })).await.expect(202);
    let token = mails.mail_to("ann@example.org", 2).await.token(SITE, "/reset-password#token");
    let confirm = async |number: usize| {
        let body = json!({ "token": token, "password": format!("the secret number {number}") });
        let client = format!("203.0.113.{number}");
        ask_from(&world, &client, "/api/auth/password-reset/confirm", body).await.status
    };
    let statuses = at_once(12, confirm).await;
    assert_eq!(statuses.iter().filter(|status| **status == 204).count(), 1, "{statuses:?}");
    assert!(statuses.iter().all(|status| matches!(status, 204 | 400)), "{statuses:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wave_of_sign_ins_leaves_the_server_time_for_everything_else() {
    let mails = MailServer::start();
    let world = start(patient_site(&mails));
    let began = Instant::now();
    let sign_ins = at_once(60, async |number| {
        let body = json!({ "login": format!("somebody{number}"), "password": PASSWORD });
        ask_from(&world, &format!("203.0.113.{number}"), "/api/auth/login", body).await.status
    });
    let health = async {
        let mut slowest = Duration::ZERO;
        for _ in 0..20 {
            let asked = Instant::now();
            world.relay_get("/healthz", "").await.expect(200);
            slowest = slowest.max(asked.elapsed());
        }
        slowest
    };
    let (statuses, slowest) = tokio::join!(sign_ins, health);
    assert!(slowest < Duration::from_secs(2), "{slowest:?}");
    // Whoever gets no turn is told to come again rather than kept.
    assert!(statuses.iter().all(|status| matches!(status, 401 | 503)), "{statuses:?}");
    assert!(statuses.contains(&401));
    assert!(began.elapsed() < Duration::from_secs(30), "{:?}", began.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_field_that_is_not_offered_is_refused_by_every_write() {
    let mails = MailServer::start();
    let world = start(patient_site(&mails));
    let owner = world.get("/api/me").await["email"].as_str().unwrap().to_owned();
    let writes = [
        ("/api/auth/register", json!({ "email": "ann@example.org", "password": PASSWORD })),
        ("/api/auth/verify-email", json!({ "token": "a" })),
        ("/api/auth/resend-verification", json!({ "email": "ann@example.org" })),
        ("/api/auth/login", json!({ "login": owner, "password": "correct horse battery staple" })),
        ("/api/auth/password-reset", json!({ "email": "ann@example.org" })),
        ("/api/auth/password-reset/confirm", json!({ "token": "a", "password": PASSWORD })),
        ("/api/me/password", json!({ "current_password": "a", "new_password": PASSWORD })),
        ("/api/admin/invites", json!({})),
    ];
    for (path, body) in &writes {
        for field in ["role", "balance", "group", "id", "quota", "verified", "price", "is_demo", "status"] {
            let mut body = body.clone();
            body[field] = json!("owner");
            let reply = world.ask(Method::POST, path, Some(&body)).await.expect(400);
            assert_eq!(reply.json()["error"]["fields"][0]["field"], field, "{path}: {}", reply.text);
        }
        let list = json!([body]).to_string();
        world.ask_with_text(Method::POST, path, Some(list)).await.expect_code(400, "invalid_request");
    }
    assert!(mails.mails_to("ann@example.org").is_empty());
}
