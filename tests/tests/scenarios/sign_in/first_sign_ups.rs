//! The first people of a site.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use waystation_tests::{Browser, MailServer, OidcServer, World, eventually};

use super::oauth::{go_by, options_for};
use super::{PASSWORD, SITE, ask_from, at_once, patient_site, start};

const PEOPLE: usize = 100;

/// Everybody that there is, page after page.
async fn roles(world: &World) -> Vec<Value> {
    let (mut roles, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = world.get(&format!("/api/admin/users?limit=100{cursor}")).await;
        roles.extend(page["items"].as_array().expect("a list").iter().map(|user| user["role"].clone()));
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return roles,
        }
    }
}

/// The owner is the one whom the command made.
async fn assert_all_are_users(world: &World, more_than: usize) {
    let roles = roles(world).await;
    assert_eq!(roles.iter().filter(|role| **role == "owner").count(), 1, "{roles:?}");
    assert!(roles.iter().all(|role| *role == "user" || *role == "owner"), "{roles:?}");
    assert!(roles.len() > more_than, "{}", roles.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_hundred_who_register_by_mail_at_once_none_is_more_than_a_user() {
    let mails = MailServer::start();
    let world = start(patient_site(&mails));
    let entered = at_once(PEOPLE, async |number| {
        let (email, client) = (format!("p{number}@example.org"), format!("203.0.113.{number}"));
        let body = json!({ "email": email, "password": PASSWORD });
        // Hashes are made a few at a time; who gets no turn is told to come again, and does.
        let register = async || {
            let reply = ask_from(&world, &client, "/api/auth/register", body.clone()).await;
            assert!(matches!(reply.status, 202 | 503), "{} {}", reply.status, reply.text);
            (reply.status == 202).then_some(())
        };
        eventually("a turn", Duration::from_secs(240), register).await;
        let token = mails.mail_to(&email, 1).await.token(SITE, "/verify-email#token");
        ask_from(&world, &client, "/api/auth/verify-email", json!({ "token": token })).await.expect(204);
    });
    let entered = entered.await.len();
    println!("proof: people who registered by mail at once, no administrators among them; {entered}; -");
    assert_all_are_users(&world, entered).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_hundred_who_come_by_a_provider_at_once_none_is_more_than_a_user() {
    let oidc = OidcServer::start();
    let world = start(options_for(&oidc));
    oidc.name("s{nonce}", "p{nonce}@example.org").await;
    let entered = at_once(PEOPLE, async |_| {
        let browser = Browser::new(world.first_server().base_url());
        assert_eq!(go_by(&browser, "sso", json!({})).await, "/");
        let me = browser.ask(Method::GET, "/api/me", None).await.expect(200).json();
        assert_eq!(me["role"], "user", "{me}");
    });
    let entered = entered.await.len();
    println!("proof: people who came by a provider at once, no administrators among them; {entered}; -");
    assert_all_are_users(&world, entered).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_hundred_who_bring_one_invitation_one_comes_in_and_is_a_user() {
    let mails = MailServer::start();
    let world = start(patient_site(&mails).with("WAYSTATION_AUTH_REGISTRATION", "invite"));
    let invite = world.post("/api/admin/invites", json!({})).await;
    let token = invite["link"].as_str().and_then(|link| link.split_once("#invite=")).map(|(_, token)| token);
    let token = token.unwrap_or_else(|| panic!("{invite}"));
    let statuses = at_once(PEOPLE, async |number| {
        let email = format!("p{number}@example.org");
        let body = json!({ "email": email, "password": PASSWORD, "invite": token });
        ask_from(&world, &format!("203.0.113.{number}"), "/api/auth/register", body).await.status
    });
    let statuses = statuses.await;
    assert_eq!(statuses.iter().filter(|status| **status == 202).count(), 1, "{statuses:?}");
    assert_all_are_users(&world, 1).await;
    assert_eq!(roles(&world).await.len(), 2);
}
