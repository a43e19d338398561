//! Mails: where their links lead, how many there are, and that nothing in them is anybody else's.

use std::time::Duration;

use reqwest::Method;
use serde_json::json;
use waystation_tests::{MailServer, RawConnection, World};

use super::{PASSWORD, SITE, ask, ask_from, open_site, patient_site, register, start};

/// What is asked for later is mailed later: once the mail of another is there, so is all that was asked for before.
async fn await_mails_before(world: &World, mails: &MailServer) {
    let last = json!({ "email": "last@example.org", "password": PASSWORD });
    ask_from(world, "203.0.113.200", "/api/auth/register", last).await.expect(202);
    mails.mail_to("last@example.org", 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_wishes_for_a_reset_make_three_mails() {
    let mails = MailServer::start();
    let world = start(patient_site(&mails));
    register(&world, &mails, "ann@example.org", PASSWORD).await;
    let mut asking = tokio::task::JoinSet::new();
    let (url, http) = (format!("{}/api/auth/password-reset", world.base_urls()[0]), reqwest::Client::new());
    for number in 0..1_000 {
        let request = http
            .post(&url)
            .header("x-forwarded-for", format!("10.0.{}.{}", number >> 8, number & 255))
            .header("content-type", "application/json")
            .body(json!({ "email": "ann@example.org" }).to_string());
        asking.spawn(async move { request.send().await.expect("the server answers").status().as_u16() });
        if asking.len() >= 50 {
            assert_eq!(asking.join_next().await.unwrap().unwrap(), 202);
        }
    }
    while let Some(status) = asking.join_next().await {
        assert_eq!(status.unwrap(), 202);
    }
    // One verified the address.
    mails.mail_to("ann@example.org", 4).await;
    await_mails_before(&world, &mails).await;
    assert_eq!(mails.mails_to("ann@example.org").len(), 4);
    // What was mailed and what was not are told apart in the audit log, which is not filled by it.
    println!("proof: wishes for a reset, three mailed; 1000; 0");
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_wished_for_an_address_is_mailed_a_few_times_in_all() {
    let mails = MailServer::start();
    let world = start(patient_site(&mails));
    // One who has verified the address, one who has not, and one who is nobody here.
    register(&world, &mails, "ann@example.org", PASSWORD).await;
    let body = json!({ "email": "ben@example.org", "password": PASSWORD });
    ask(&world, "/api/auth/register", body).await.expect(202);
    let paths = ["/api/auth/register", "/api/auth/resend-verification", "/api/auth/password-reset"];
    for email in ["ann@example.org", "ben@example.org", "nobody@example.org"] {
        let wished = super::at_once(300, async |number| {
            let path = paths[number % paths.len()];
            // Nobody is entered by it: that would be a registration.
            if path.ends_with("register") && email.starts_with("nobody") {
                return 202;
            }
            let mut body = json!({ "email": email });
            if path.ends_with("register") {
                body["password"] = json!(PASSWORD);
            }
            ask_from(&world, &format!("10.1.{}.{}", number >> 8, number & 255), path, body).await.status
        });
        let wished = wished.await;
        assert!(wished.iter().all(|status| matches!(status, 202 | 503)), "{wished:?}");
        assert!(wished.contains(&202));
    }
    await_mails_before(&world, &mails).await;
    for (email, mailed_max) in [("ann@example.org", 7), ("ben@example.org", 6), ("nobody@example.org", 0)] {
        let mailed = mails.mails_to(email);
        assert!(mailed.len() <= mailed_max, "{email}: {}", mailed.len());
        let alike = |subject: &str| mailed.iter().filter(|mail| mail.subject == subject).count();
        assert!(mailed.iter().all(|mail| alike(&mail.subject) <= 3), "{mailed:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_asks_for_thirty_mails_an_hour_whatever_it_says_it_is() {
    let mails = MailServer::start();
    let world = start(open_site(&mails));
    for number in 0..30 {
        let email = format!("nobody{number}@example.org");
        ask(&world, "/api/auth/password-reset", json!({ "email": email })).await.expect(202);
    }
    for path in ["/api/auth/password-reset", "/api/auth/resend-verification"] {
        ask(&world, path, json!({ "email": "ann@example.org" })).await.expect_code(429, "too_many_attempts");
    }
    let body = json!({ "email": "ann@example.org", "password": PASSWORD });
    ask(&world, "/api/auth/register", body.clone()).await.expect_code(429, "too_many_attempts");
    // What stands further left was written by the client.
    let forged = ask_from(&world, "198.51.100.7, 203.0.113.1", "/api/auth/register", body.clone()).await;
    forged.expect_code(429, "too_many_attempts");
    ask_from(&world, "203.0.113.2", "/api/auth/register", body).await.expect(202);
}

#[tokio::test(flavor = "multi_thread")]
async fn links_lead_to_the_configured_address_whatever_the_request_names() {
    let mails = MailServer::start();
    let world = start(patient_site(&mails));
    register(&world, &mails, "ann@example.org", PASSWORD).await;
    let body = json!({ "email": "ann@example.org" }).to_string();
    let head = |target: &str, headers: &str| {
        format!(
            "POST {target} HTTP/1.1\r\n{headers}content-type: application/json\r\ncontent-length: {}\r\n\
             connection: close\r\n\r\n{body}",
            body.len()
        )
    };
    let path = "/api/auth/password-reset";
    let requests = [
        head(path, "Host: evil.example\r\n"),
        head(
            path,
            "Host: relay.example.org\r\nX-Forwarded-Host: evil.example\r\nX-Forwarded-Proto: http\r\n",
        ),
        head(path, "Host: relay.example.org\r\nForwarded: host=evil.example;proto=http\r\n"),
        head(path, "Host: relay.example.org\r\nHost: evil.example\r\n"),
        head("http://evil.example/api/auth/password-reset", "Host: relay.example.org\r\n"),
    ];
    for request in requests {
        let mut connection = RawConnection::connect(world.first_server().address()).await.unwrap();
        connection.write(request.as_bytes()).await.unwrap();
        let answer = connection.read_answer(Duration::from_secs(10)).await.expect("an answer");
        assert!(matches!(answer.status, 202 | 400 | 421), "{answer:?} to {request}");
    }
    // Not all of them are taken; those that are lead home.
    await_mails_before(&world, &mails).await;
    let sent = mails.mails_to("ann@example.org");
    assert!(sent.len() > 1, "some are taken");
    for mail in sent {
        assert!(
            !mail.raw.contains("evil") && !mail.text.contains("evil") && !mail.html.contains("evil"),
            "{mail:?}"
        );
        assert!(mail.text.contains(SITE) && mail.html.contains(SITE), "{mail:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_that_anybody_typed_stands_in_a_mail() {
    let mails = MailServer::start();
    let world = start(patient_site(&mails));
    let name = "<b>Click</b> https://evil.example";
    let body = json!({
        "email": "ann@example.org", "password": PASSWORD, "display_name": name, "username": "evil-name",
    });
    ask(&world, "/api/auth/register", body.clone()).await.expect(202);
    let mail = mails.mail_to("ann@example.org", 1).await;
    for text in [&mail.raw, &mail.text, &mail.html, &mail.subject] {
        assert!(!text.contains("evil") && !text.contains("Click"), "{mail:?}");
    }
    assert_eq!(mail.headers["Auto-Submitted"], "auto-generated");
    assert_eq!(mail.headers["From"], "Relay <relay@example.org>");
    assert_eq!(mail.recipients, ["ann@example.org"]);
    // Nothing gets into the head of a mail by an address.
    for email in [
        "a@example.org\r\nBcc: b@example.org",
        "a@example.org\nTo: b@example.org",
        "a@example.org, b@example.org",
    ] {
        let mut body = body.clone();
        body["email"] = json!(email);
        body["username"] = json!(null);
        ask(&world, "/api/auth/register", body).await.expect_code(400, "invalid_request");
    }
    assert!(mails.mails_to("b@example.org").is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_server_that_says_to_come_again_gets_the_mail_again() {
    let mails = MailServer::start_refusing(1);
    let world = start(patient_site(&mails));
    register(&world, &mails, "ann@example.org", PASSWORD).await;
    assert_eq!(mails.mails_to("ann@example.org").len(), 1);
    let log = world.first_server().log();
    assert!(log.contains("a mail could not be sent and will be tried again"), "{log}");
    assert!(!log.contains("#token="), "no link stands in the log");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_server_that_must_speak_tls_gets_nothing_without() {
    let mails = MailServer::start();
    let url = format!("{}?tls=required", mails.url());
    let world = start(patient_site(&mails).with("WAYSTATION_MAIL_SMTP_URL", &url));
    let body = json!({ "email": "ann@example.org", "password": PASSWORD });
    ask(&world, "/api/auth/register", body).await.expect(202);
    let tried = async || world.first_server().log().contains("a mail could not be sent").then_some(());
    waystation_tests::eventually("the mail is tried", Duration::from_secs(10), tried).await;
    assert!(mails.mails_to("ann@example.org").is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_site_without_a_mail_server_says_so_and_takes_people_at_their_word_only_if_told_to() {
    let world = start(waystation_tests::WorldOptions::single().with("WAYSTATION_AUTH_REGISTRATION", "open"));
    for path in ["/api/auth/password-reset", "/api/auth/resend-verification"] {
        ask(&world, path, json!({ "email": "owner@example.org" })).await.expect_code(409, "conflict");
    }
    let body = json!({ "email": "ann@example.org", "password": PASSWORD });
    let reply = ask(&world, "/api/auth/register", body).await.expect(202).json();
    assert_eq!(reply, json!({ "next": "sign_in" }));
    super::token_of(&world, "ann@example.org", PASSWORD).await;
    let users = world.ask(Method::GET, "/api/admin/users?q=ann", None).await.expect(200).json();
    assert_eq!(users["items"][0]["role"], "user", "{users}");

    let mut options = world.first_server().options().clone();
    options.settings.push(("WAYSTATION_AUTH_REQUIRE_VERIFICATION".to_owned(), "true".to_owned()));
    let checked = options.run_command(&["config", "check"], "");
    let said = String::from_utf8_lossy(&checked.stderr).into_owned();
    assert!(!checked.status.success() && said.contains("mail.smtp_url"), "{said}");
}
