//! A sign-in opens a session of its own, whatever the browser brings along.

use reqwest::Method;
use serde_json::json;
use waystation_tests::{Browser, OidcServer, World};

use super::oauth::{COOKIE as WAY, go_by, open_site, start};

const COOKIE: &str = "__Host-waystation";
const PASSWORD: &str = "a long enough secret";

async fn sign_in(browser: &Browser, email: &str) {
    let body = json!({ "login": email, "password": PASSWORD });
    browser.ask(Method::POST, "/api/auth/login", Some(&body)).await.expect(200);
}

async fn address(browser: &Browser) -> Option<String> {
    let reply = browser.ask(Method::GET, "/api/me", None).await;
    (reply.status == 200).then(|| reply.json()["email"].as_str().expect("an address").to_owned())
}

fn browser_of(world: &World) -> Browser {
    Browser::new(world.first_server().base_url())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_planted_cookie_is_not_the_one_that_a_sign_in_makes_good() {
    let oidc = OidcServer::start();
    let world = open_site(&oidc);
    for email in ["ann@example.org", "eve@example.org"] {
        world.post("/api/admin/users", json!({ "email": email, "password": PASSWORD })).await;
    }
    let eve = browser_of(&world);
    sign_in(&eve, "eve@example.org").await;
    let planted = eve.cookie(COOKIE).expect("Eve is signed in");
    let made_up = format!("ses_06ft3r5yx1v2k4m7q9s0t2w6z0.{}", "a".repeat(43));
    for cookie in [planted.clone(), made_up] {
        for way in ["password", "provider"] {
            let victim = browser_of(&world);
            victim.set_cookie(COOKIE, Some(&cookie));
            let expected = if way == "password" {
                sign_in(&victim, "ann@example.org").await;
                "ann@example.org"
            } else {
                oidc.name("cleo", "cleo@example.org").await;
                assert_eq!(go_by(&victim, "sso", json!({})).await, "/");
                "cleo@example.org"
            };
            let own = victim.cookie(COOKIE).expect("the victim is signed in");
            assert_ne!(own, cookie, "{way}");
            let id = |cookie: &str| cookie.split('.').next().expect("an id").to_owned();
            assert_ne!(id(&own), id(&cookie), "{way}");
            assert_eq!(address(&victim).await.as_deref(), Some(expected), "{way}");
            // Whoever planted the cookie is who it was, or nobody.
            let planter = browser_of(&world);
            planter.set_cookie(COOKIE, Some(&cookie));
            let is = address(&planter).await;
            assert_eq!(is.as_deref(), (cookie == planted).then_some("eve@example.org"), "{way}");
        }
    }
    // Two sign-ins of one browser are two sessions as well.
    let ann = browser_of(&world);
    sign_in(&ann, "ann@example.org").await;
    let first = ann.cookie(COOKIE);
    sign_in(&ann, "ann@example.org").await;
    assert_ne!(ann.cookie(COOKIE), first);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_planted_way_to_a_provider_signs_nobody_in_as_somebody_else() {
    let oidc = OidcServer::start();
    let world = open_site(&oidc);
    let (eve, victim) = (browser_of(&world), browser_of(&world));
    // Eve begins, plants her way as far as another host can, which is not under a name that begins with `__Host-`, and
    // lets the victim come to its end with what the provider says of Eve.
    oidc.name("eve", "eve@example.org").await;
    let url = start(&eve, "sso", json!({})).await;
    let back = super::oauth::agree(&eve, &url).await;
    victim.set_cookie("waystation-oauth", eve.cookie(WAY).as_deref());
    let end = super::oauth::end_of(&victim.open(&back).await);
    assert_eq!(end, super::oauth::error("invalid_state"));
    assert_eq!(address(&victim).await, None);
}
