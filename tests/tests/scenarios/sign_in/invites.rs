//! Who may register: nobody, whoever is invited, or whoever has an address of certain domains.

use reqwest::Method;
use serde_json::{Value, json};
use waystation_tests::{MailServer, Reply, World, WorldOptions};

use super::{PASSWORD, SITE, ask, patient_site, start, token_of};

async fn invite(world: &World, body: Value) -> Value {
    world.post("/api/admin/invites", body).await
}

fn token_in(created: &Value) -> String {
    let link = created["link"].as_str().unwrap();
    let token = link.strip_prefix(&format!("{SITE}/register#invite="));
    token.unwrap_or_else(|| panic!("{link}")).to_owned()
}

async fn register(world: &World, email: &str, invite: Option<&str>) -> Reply {
    let mut body = json!({ "email": email, "password": PASSWORD });
    if let Some(token) = invite {
        body["invite"] = json!(token);
    }
    ask(world, "/api/auth/register", body).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_site_takes_nobody_new_unless_it_is_told_to() {
    let world = start(WorldOptions::single().with("WAYSTATION_PUBLIC_URL", SITE));
    register(&world, "ann@example.org", None).await.expect_code(403, "registration_closed");
    register(&world, "ann@example.org", Some("anything")).await.expect_code(403, "registration_closed");
    let refused = world.ask(Method::POST, "/api/admin/invites", Some(&json!({}))).await;
    refused.expect_code(409, "conflict");
    assert_eq!(world.get("/api/admin/users").await["items"].as_array().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_invited_registers_once_and_without_another_proof() {
    let mails = MailServer::start();
    let world = start(patient_site(&mails).with("WAYSTATION_AUTH_REGISTRATION", "invite"));
    register(&world, "ann@example.org", None).await.expect_code(403, "registration_closed");
    register(&world, "ann@example.org", Some("no-such-token")).await.expect_code(400, "invalid_link");

    let body = json!({ "email": "Ann@example.org", "expires_in_days": 1, "locale": "zh-CN" });
    let created = invite(&world, body).await;
    assert_eq!(
        (&created["is_mailed"], &created["invite"]["status"]),
        (&json!(true), &json!("open")),
        "{created}"
    );
    let mail = mails.mail_to("ann@example.org", 1).await;
    assert_eq!(mail.subject, "邀请您注册");
    let token = mail.token(SITE, "/register#invite");
    assert_eq!(token, token_in(&created));
    register(&world, "ben@example.org", Some(&token)).await.expect_code(400, "invalid_link");
    let reply = register(&world, "ann@example.org", Some(&token)).await.expect(202).json();
    // The invitation went to the address: that it was read is proof enough.
    assert_eq!(reply, json!({ "next": "sign_in" }));
    let session = token_of(&world, "ann@example.org", PASSWORD).await;
    register(&world, "ann@example.org", Some(&token)).await.expect_code(400, "invalid_link");

    // One without an address is for whoever has it, and the address is to be verified.
    let created = invite(&world, json!({})).await;
    assert_eq!(created["is_mailed"], false);
    let reply = register(&world, "ben@example.org", Some(&token_in(&created))).await.expect(202).json();
    assert_eq!(reply, json!({ "next": "open_mail" }));
    mails.mail_to("ben@example.org", 1).await.token(SITE, "/verify-email#token");
    register(&world, "cat@example.org", Some(&token_in(&created))).await.expect_code(400, "invalid_link");

    let created = invite(&world, json!({})).await;
    let id = created["invite"]["id"].as_str().unwrap();
    let revoked = world.ask(Method::DELETE, &format!("/api/admin/invites/{id}"), None).await.expect(200);
    assert_eq!(revoked.json()["status"], "revoked");
    register(&world, "cat@example.org", Some(&token_in(&created))).await.expect_code(400, "invalid_link");

    let list = world.get("/api/admin/invites").await;
    let statuses: Vec<&Value> = list["items"].as_array().unwrap().iter().map(|one| &one["status"]).collect();
    assert_eq!(statuses, [&json!("revoked"), &json!("used"), &json!("used")]);
    assert!(!list.to_string().contains(&token), "the secret is shown once");

    // Inviting is for the administration.
    for (method, path) in [
        (Method::POST, "/api/admin/invites"),
        (Method::GET, "/api/admin/invites"),
        (Method::DELETE, "/api/admin/invites/none"),
    ] {
        let path = path.to_owned();
        world
            .ask_as(Some(&session), "203.0.113.1", method, &path, &json!({}))
            .await
            .expect_code(403, "forbidden");
    }
    for days in [0, 91] {
        let body = json!({ "expires_in_days": days });
        world.ask(Method::POST, "/api/admin/invites", Some(&body)).await.expect_code(400, "invalid_request");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_many_uses_an_invitation() {
    let mails = MailServer::start();
    let world = start(patient_site(&mails).with("WAYSTATION_AUTH_REGISTRATION", "invite"));
    let token = token_in(&invite(&world, json!({})).await);
    let emails: Vec<String> = (0..8).map(|number| format!("user{number}@example.com")).collect();
    let (a, b, c, d, e, f, g, h) = tokio::join!(
        register(&world, &emails[0], Some(&token)),
        register(&world, &emails[1], Some(&token)),
        register(&world, &emails[2], Some(&token)),
        register(&world, &emails[3], Some(&token)),
        register(&world, &emails[4], Some(&token)),
        register(&world, &emails[5], Some(&token)),
        register(&world, &emails[6], Some(&token)),
        register(&world, &emails[7], Some(&token)),
    );
    let statuses: Vec<u16> = [a, b, c, d, e, f, g, h].iter().map(|reply| reply.status).collect();
    assert_eq!(statuses.iter().filter(|status| **status == 202).count(), 1, "{statuses:?}");
    assert_eq!(world.get("/api/admin/users").await["items"].as_array().unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_addresses_of_the_allowed_domains_register_unless_they_are_invited_by_name() {
    let mails = MailServer::start();
    let world =
        start(patient_site(&mails).with("WAYSTATION_AUTH_ALLOWED_DOMAINS", "example.com, @Example.net"));
    for email in ["ann@example.com", "ann@EXAMPLE.net"] {
        register(&world, email, None).await.expect(202);
    }
    for email in ["ann@example.org", "ann@sub.example.com", "ann@example.com.evil.org", "ann@notexample.com"]
    {
        register(&world, email, None).await.expect_code(403, "registration_closed");
    }
    let of_nobody = token_in(&invite(&world, json!({})).await);
    register(&world, "ben@example.org", Some(&of_nobody)).await.expect_code(403, "registration_closed");
    let of_ben = token_in(&invite(&world, json!({ "email": "ben@example.org" })).await);
    register(&world, "ben@example.org", Some(&of_ben)).await.expect(202);
}
