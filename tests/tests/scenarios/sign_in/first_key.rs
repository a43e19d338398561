//! The key that everybody gets once, and what strangers are told of the ways in.

use reqwest::Method;
use serde_json::{Value, json};
use waystation_tests::{Browser, DatabaseKind, MailServer, OidcServer, World, WorldOptions};

use super::oauth::{browser_of, go_by, options_for};
use super::{SITE, ask, open_site, start};

async fn me(browser: &Browser) -> Value {
    browser.ask(Method::GET, "/api/me", None).await.expect(200).json()
}

async fn make_first_key(browser: &Browser) -> waystation_tests::Reply {
    browser.ask(Method::POST, "/api/me/first-key", None).await
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_comes_by_a_provider_gets_a_first_key_once() {
    for kind in DatabaseKind::available() {
        let oidc = OidcServer::start();
        let world = World::start_with(kind, options_for(&oidc));
        oidc.name("ann", "ann@example.org").await;
        let browser = browser_of(&world);
        assert_eq!(go_by(&browser, "sso", json!({})).await, "/");
        assert_eq!(me(&browser).await["is_first_key_due"], true);

        // Of many calls at once one makes it, and shows the secret.
        let session = browser.cookie("__Host-waystation").expect("the browser is signed in");
        let mut asking = tokio::task::JoinSet::new();
        for _ in 0..20 {
            let tab = browser_of(&world);
            tab.set_cookie("__Host-waystation", Some(&session));
            asking.spawn(async move { make_first_key(&tab).await });
        }
        let answers = asking.join_all().await;
        let made: Vec<_> = answers.iter().filter(|answer| answer.status == 201).collect();
        assert_eq!(made.len(), 1);
        for refused in answers.iter().filter(|answer| answer.status != 201) {
            assert_eq!((refused.status, refused.code().as_str()), (409, "already_exists"));
        }
        let keys = browser.ask(Method::GET, "/api/me/keys", None).await.expect(200).json();
        assert_eq!(keys["items"].as_array().map(Vec::len), Some(1));
        assert_eq!(me(&browser).await["is_first_key_due"], false);
        let secret = made[0].json()["secret"].as_str().expect("the secret").to_owned();
        world.relay_get("/v1/models", &secret).await.expect(200);

        // Revoked, it was still the first one.
        let key = keys["items"][0]["id"].as_str().expect("an id");
        browser.ask(Method::DELETE, &format!("/api/me/keys/{key}"), None).await.expect(200);
        assert_eq!(me(&browser).await["is_first_key_due"], false);
        make_first_key(&browser).await.expect_code(409, "already_exists");
        // Whoever made a key by hand has had one.
        oidc.name("ben", "ben@example.org").await;
        let other = browser_of(&world);
        assert_eq!(go_by(&other, "sso", json!({})).await, "/");
        let options = other.ask(Method::GET, "/api/auth/options", None).await.expect(200).json();
        assert_eq!(options["is_signed_in"], true);
        other.ask(Method::POST, "/api/me/keys", Some(&json!({"name": "a"}))).await.expect(201);
        make_first_key(&other).await.expect_code(409, "already_exists");
        // It is asked for as other writes are.
        browser_of(&world).ask(Method::POST, "/api/me/first-key", None).await.expect(401);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_are_told_of_the_ways_in_and_of_nobody() {
    let closed = World::start_with(DatabaseKind::Sqlite, WorldOptions::single());
    let reply = ask(&closed, "/api/auth/options", json!({})).await;
    assert_eq!(reply.status, 405);
    let reply = browser_of(&closed).ask(Method::GET, "/api/auth/options", None).await.expect(200);
    assert_eq!(reply.header("cache-control"), "no-store");
    let mut expected = json!({
        "registration": "closed", "requires_verification": false, "allowed_domains": [], "is_mail_sent": false,
        "password_length_min": 10, "providers": [], "has_passkeys": true, "is_signed_in": false,
    });
    assert_eq!(reply.json(), expected);

    let mails = MailServer::start();
    let options = open_site(&mails)
        .with("WAYSTATION_AUTH_ALLOWED_DOMAINS", "example.org, example.com")
        .with("WAYSTATION_OAUTH_GITHUB_CLIENT_ID", "client")
        .with("WAYSTATION_OAUTH_GITHUB_CLIENT_SECRET", "secret");
    let open = start(options);
    let mut headers = reqwest::header::HeaderMap::new();
    headers.insert("host", SITE.trim_start_matches("https://").parse().expect("a host"));
    let reply = browser_of(&open).ask_with_headers(Method::GET, "/api/auth/options", None, headers).await;
    expected = json!({
        "registration": "open", "requires_verification": true, "allowed_domains": ["example.org", "example.com"],
        "is_mail_sent": true, "password_length_min": 10,
        "providers": [{"name": "github", "title": "GitHub", "preset": "github"}], "has_passkeys": true,
        "is_signed_in": false,
    });
    assert_eq!(reply.expect(200).json(), expected);
}
