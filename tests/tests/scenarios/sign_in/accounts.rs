//! What is done to people's accounts, and whom that is told.

use reqwest::Method;
use serde_json::json;
use waystation_tests::{DatabaseKind, MailServer, World};

use super::{PASSWORD, SITE, ask, ask_from, open_site, patient_site, register, sign_in, start, token_of};

const HOME: &str = "203.0.113.1";

#[tokio::test(flavor = "multi_thread")]
async fn another_address_is_told_to_the_one_before_and_verified_by_its_own_mail() {
    for kind in DatabaseKind::available() {
        let mails = MailServer::start();
        let world = World::start_with(kind, open_site(&mails));
        register(&world, &mails, "ann@example.org", PASSWORD).await;
        let token = token_of(&world, "ann@example.org", PASSWORD).await;
        let me =
            world.ask_as(Some(&token), HOME, Method::GET, "/api/me", &json!({})).await.expect(200).json();
        ask(&world, "/api/auth/password-reset", json!({"email": "ann@example.org"})).await.expect(202);
        let reset = mails.mail_to("ann@example.org", 2).await.token(SITE, "/reset-password#token");

        let path = format!("/api/admin/users/{}", me["id"].as_str().expect("an id"));
        let changed = world.patch(&path, json!({"email": "Anna@Example.org", "username": "anna"})).await;
        assert_eq!((&changed["email"], &changed["username"]), (&json!("anna@example.org"), &json!("anna")));
        assert_eq!(changed["email_verified_at"], json!(null));
        let told = mails.mail_to("ann@example.org", 3).await;
        assert_eq!(told.subject, "Your account has another e-mail address");
        assert!(told.text.contains("by whoever runs the site") && !told.raw.contains("anna"), "{told:?}");
        // What was good before is good for nothing now.
        world.ask_as(Some(&token), HOME, Method::GET, "/api/me", &json!({})).await.expect(401);
        let confirm = json!({"token": reset, "password": "another long secret"});
        ask(&world, "/api/auth/password-reset/confirm", confirm).await.expect_code(400, "invalid_link");
        let link = mails.mail_to("anna@example.org", 1).await.token(SITE, "/verify-email#token");
        for login in ["anna@example.org", "anna", "ann@example.org"] {
            sign_in(&world, login, PASSWORD).await.expect_code(401, "invalid_credentials");
        }
        ask(&world, "/api/auth/verify-email", json!({"token": link})).await.expect(204);
        for login in ["anna@example.org", "anna"] {
            token_of(&world, login, PASSWORD).await;
        }
        sign_in(&world, "ann@example.org", PASSWORD).await.expect_code(401, "invalid_credentials");

        let log = world.get("/api/admin/audit-logs?action=user.update").await;
        let (before, after) = (&log["items"][0]["before"], &log["items"][0]["after"]);
        assert_eq!(
            (&before["email"], &after["email"]),
            (&json!("ann@example.org"), &json!("anna@example.org"))
        );
        assert_eq!((&before["username"], &after["username"]), (&json!(null), &json!("anna")));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_factor_that_was_taken_away_is_mailed_without_anybodys_address() {
    let mails = MailServer::start();
    let world = start(patient_site(&mails));
    register(&world, &mails, "ann@example.org", PASSWORD).await;
    let users = world.get("/api/admin/users?q=ann").await;
    let path = format!("/api/admin/users/{}/reset-second-factor", users["items"][0]["id"].as_str().unwrap());
    world.ask(Method::POST, &path, Some(&json!({}))).await.expect(204);
    let mail = mails.mail_to("ann@example.org", 2).await;
    assert_eq!(mail.subject, "Your second factor was changed");
    assert!(mail.text.contains("by whoever runs the site") && !mail.raw.contains("127.0.0.1"), "{mail:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_from_a_new_place_is_mailed_and_one_from_a_known_place_is_not() {
    let mails = MailServer::start();
    let world = start(patient_site(&mails));
    register(&world, &mails, "ann@example.org", PASSWORD).await;
    let body = json!({"login": "ann@example.org", "password": PASSWORD});
    let enter = async |client: &str| {
        ask_from(&world, client, "/api/auth/login", body.clone()).await.expect(200);
    };
    enter(HOME).await;
    enter("198.51.100.7").await;
    let mail = mails.mail_to("ann@example.org", 2).await;
    assert_eq!(mail.subject, "A new device signed in");
    assert!(mail.text.contains("198.51.100.7") && mail.text.contains(SITE), "{mail:?}");
    enter(HOME).await;
    enter("198.51.100.7").await;
    enter("198.51.100.8").await;
    // The next mail is of the next new place.
    assert!(mails.mail_to("ann@example.org", 3).await.text.contains("198.51.100.8"));
    assert_eq!(mails.mails_to("ann@example.org").len(), 3);
}
