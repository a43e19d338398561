//! The site's own address is the configured one, whatever a request calls it.

use std::time::Duration;

use serde_json::{Value, json};
use waystation_tests::{MailServer, RawAnswer, RawConnection, World};

use super::{PASSWORD, SITE, ask, patient_site, start};

const OWN: &str = "Host: relay.example.org\r\n";

/// How a request names the site: its target's beginning, its headers, and whether it is let in.
const NAMINGS: [(&str, &str, bool); 17] = [
    ("", OWN, true),
    ("", "Host: RELAY.example.ORG:443\r\n", true),
    ("", "Host: relay.example.org\r\nX-Forwarded-Host: evil.example\r\nX-Forwarded-Proto: http\r\n", true),
    ("", "Host: relay.example.org\r\nX-Forwarded-Port: 81\r\nX-Forwarded-Prefix: /evil\r\n", true),
    ("", "Host: relay.example.org\r\nForwarded: for=1.2.3.4;host=evil.example;proto=http\r\n", true),
    ("", "Host: relay.example.org\r\nX-Host: evil.example\r\nX-Original-Host: evil.example\r\n", true),
    ("", "Host: relay.example.org\r\nX-HTTP-Host-Override: evil.example\r\n", true),
    ("", "Host: relay.example.org\r\nX-Forwarded-Server: evil.example\r\n", true),
    ("", "Host: relay.example.org\r\nReferer: https://evil.example/a\r\n", true),
    ("https://relay.example.org", OWN, true),
    ("", "Host: evil.example\r\n", false),
    ("", "Host: evil.example\r\nX-Forwarded-Host: relay.example.org\r\n", false),
    ("", "Host: relay.example.org\r\nHost: evil.example\r\n", false),
    ("", "Host: evil.example\r\nHost: relay.example.org\r\n", false),
    ("", "Host: relay.example.org@evil.example\r\n", false),
    ("http://evil.example", OWN, false),
    ("http://relay.example.org", "Host: evil.example\r\n", false),
];

/// What makes the site write its own address: the path, the body about an address, and whether only the
/// administration may ask.
type Body = fn(&str) -> Value;
const ASKED: [(&str, Body, bool); 6] = [
    ("/api/auth/register", |email| json!({ "email": email, "password": PASSWORD }), false),
    ("/api/auth/resend-verification", |email| json!({ "email": email }), false),
    ("/api/auth/password-reset", |email| json!({ "email": email }), false),
    ("/api/admin/users", |email| json!({ "email": email, "invite": true }), true),
    ("/api/admin/invites", |email| json!({ "email": email }), true),
    ("/api/me/devices/pairing", |_| json!({ "name": "Desk" }), true),
];

#[tokio::test(flavor = "multi_thread")]
async fn mails_and_links_lead_to_the_configured_address_whatever_a_request_calls_the_site() {
    let mails = MailServer::start();
    let world = start(patient_site(&mails));
    let arguments = ["admin", "access-token", "--email", "owner@example.org", "--json"];
    let token = world.first_server().options().run_json(&arguments, "");
    let token = token["access_token"].as_str().expect("a token").to_owned();
    let (mut mailed, mut silent) = (Vec::new(), Vec::new());
    for (number, naming) in NAMINGS.iter().enumerate() {
        for (place, (path, body, is_administration)) in ASKED.iter().enumerate() {
            // Everybody is asked about once: what is mailed shows which request it was for.
            let email = format!("a{number}-{place}@example.org");
            let before = prepare(&world, &mails, path, &email).await;
            let bearer = if *is_administration { token.as_str() } else { "" };
            let answer = send(&world, naming, path, bearer, &body(&email)).await;
            let context = format!("{naming:?} {path}: {answer:?}");
            assert!(!answer.head.contains("evil") && !answer.text().contains("evil"), "{context}");
            if !naming.2 {
                assert!(matches!(answer.status, 400 | 421), "{context}");
                silent.push((email, before));
                continue;
            }
            assert!(matches!(answer.status, 201 | 202), "{context}");
            if answer.text().contains("://") {
                let own =
                    ["https://relay.example.org/", "waystation://pair?u=https%3A%2F%2Frelay.example.org&"];
                assert!(own.iter().any(|own| answer.text().contains(own)), "{context}");
            } else {
                mailed.push((email, before + 1));
            }
        }
    }
    assert!(mailed.len() >= 3 * 10, "{}", mailed.len());
    for (email, number) in mailed {
        let mail = mails.mail_to(&email, number).await;
        assert!(
            mail.text.contains(&format!("{SITE}/")) && mail.html.contains(&format!("{SITE}/")),
            "{mail:?}"
        );
        let links = mail.text.matches("://").count();
        assert_eq!(links, mail.text.matches(SITE).count(), "{mail:?}");
        assert!(!mail.raw.contains("evil") && !mail.html.contains("evil"), "{mail:?}");
    }
    // Every mail that was to come is there by now: the refused ones asked for none.
    for (email, number) in silent {
        assert_eq!(mails.mails_to(&email).len(), number, "{email}");
    }
}

/// Makes the address one that is mailed something; gives how many mails that took.
async fn prepare(world: &World, mails: &MailServer, path: &str, email: &str) -> usize {
    if path.ends_with("resend-verification") {
        ask(world, "/api/auth/register", json!({ "email": email, "password": PASSWORD })).await.expect(202);
        mails.mail_to(email, 1).await;
        return 1;
    }
    if path.ends_with("password-reset") {
        world.post("/api/admin/users", json!({ "email": email, "password": PASSWORD })).await;
    }
    0
}

async fn send(
    world: &World,
    (target, headers, _): &(&str, &str, bool),
    path: &str,
    bearer: &str,
    body: &Value,
) -> RawAnswer {
    let body = body.to_string();
    let bearer =
        if bearer.is_empty() { String::new() } else { format!("authorization: Bearer {bearer}\r\n") };
    let request = format!(
        "POST {target}{path} HTTP/1.1\r\n{headers}{bearer}content-type: application/json\r\ncontent-length: {}\r\n\
         connection: close\r\n\r\n{body}",
        body.len()
    );
    let mut connection = RawConnection::connect(world.first_server().address()).await.unwrap();
    connection.write(request.as_bytes()).await.unwrap();
    connection.read_answer(Duration::from_secs(20)).await.expect("an answer")
}
