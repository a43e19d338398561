//! The way by an identity provider, each of its steps left out, taken twice, or taken by somebody else.

use reqwest::Method;
use serde_json::{Value, json};
use waystation_tests::{Browser, DatabaseKind, OidcServer, Reply, World, totp_code};

use super::ask_from;
use super::oauth::{
    COOKIE, agree, browser_of, count_people, end_of, error, go_by, open_site, options_for, parameter, start,
    who,
};

const STATES: usize = 1_000;

#[tokio::test(flavor = "multi_thread")]
async fn no_bit_of_a_state_can_be_told_beforehand() {
    let oidc = OidcServer::start();
    let options = options_for(&oidc).with("WAYSTATION_PROXY_TRUSTED", "127.0.0.1/32");
    let world = World::start_with(DatabaseKind::Sqlite, options);
    let mut of_one: Vec<u64> = vec![0; 256];
    let mut changes: Vec<u64> = vec![0; 256];
    let mut bytes = vec![0_u64; 256];
    let mut seen = std::collections::BTreeSet::new();
    let mut before: Option<Vec<u8>> = None;
    for number in 0..STATES {
        // Nobody begins a thousand times: these are twenty-five people.
        let client = format!("203.0.113.{}", number % 25);
        let begun =
            ask_from(&world, &client, "/api/auth/oauth/sso/start", json!({})).await.expect(200).json();
        let address = begun["authorize_url"].as_str().expect("an address");
        let state = read_base64(&parameter(address, "state"));
        assert_eq!(state.len(), 32);
        for place in 0..256 {
            let bit = |state: &[u8]| u64::from(state[place / 8] >> (place % 8) & 1);
            of_one[place] += bit(&state);
            changes[place] += before.as_ref().map_or(0, |before| bit(before) ^ bit(&state));
        }
        for byte in &state {
            bytes[usize::from(*byte)] += 1;
        }
        assert!(seen.insert(state.clone()), "a state came twice");
        before = Some(state);
    }
    // Tosses of a fair coin: half of them, and no farther from it than seven deviations, which chance alone exceeds
    // once in a thousand million runs.
    let half = STATES as f64 / 2.0;
    let deviation = (STATES as f64 / 4.0).sqrt();
    let farthest = |counts: &[u64]| {
        counts.iter().map(|count| (*count as f64 - half).abs() / deviation).fold(0.0, f64::max)
    };
    let (bits, flips) = (farthest(&of_one), farthest(&changes));
    let expected = (STATES * 32) as f64 / 256.0;
    let spread: f64 = bytes.iter().map(|count| (*count as f64 - expected).powi(2) / expected).sum();
    println!(
        "proof: states, bits {bits:.2} and flips {flips:.2} deviations from half, bytes {spread:.0} of 255; {STATES}; -"
    );
    assert!(bits < 7.0 && flips < 7.0, "{bits} {flips}");
    // Pearson's test with 255 degrees of freedom: expected 255, deviation 22.6.
    assert!((100.0..420.0).contains(&spread), "{spread}");
}

/// As it is written in addresses (RFC 4648, section 5).
fn read_base64(text: &str) -> Vec<u8> {
    use base64::Engine;
    base64::prelude::BASE64_URL_SAFE_NO_PAD.decode(text).expect("base64")
}

/// What the page that asks for the second factor is told.
fn challenge_of(end: &str) -> String {
    let (page, fragment) = end.split_once('#').unwrap_or_else(|| panic!("{end}"));
    assert_eq!(page, "/sign-in", "{end}");
    parameter(&format!("https://site.example/?{fragment}"), "challenge")
}

async fn post(browser: &Browser, path: &str, body: Value) -> Reply {
    browser.ask(Method::POST, path, Some(&body)).await
}

async fn finish(browser: &Browser, challenge: &str, code: &str) -> Reply {
    post(browser, "/api/auth/second-factor", json!({ "challenge": challenge, "recovery_code": code })).await
}

/// Registers somebody by the provider, with an authenticator app; gives the id and the recovery codes.
async fn enter_with_second_factor(world: &World, oidc: &OidcServer, name: &str) -> (String, Vec<String>) {
    oidc.name(name, &format!("{name}@example.org")).await;
    let browser = browser_of(world);
    assert_eq!(go_by(&browser, "sso", json!({})).await, "/");
    let secret = post(&browser, "/api/me/totp", json!({})).await.expect(201).json();
    let code = totp_code(secret["secret"].as_str().expect("a secret"), 0);
    let made = post(&browser, "/api/me/totp/confirm", json!({ "code": code })).await.expect(200).json();
    let codes = made["codes"].as_array().expect("codes").iter().map(|code| code.as_str().unwrap().to_owned());
    let codes = codes.collect();
    let me = who(&browser).await.expect("the browser is signed in");
    (me["id"].as_str().expect("an id").to_owned(), codes)
}

#[tokio::test(flavor = "multi_thread")]
async fn no_step_of_a_sign_in_by_a_provider_can_be_left_out_or_taken_twice() {
    let oidc = OidcServer::start();
    let world = open_site(&oidc);
    let (_, codes) = enter_with_second_factor(&world, &oidc, "ann").await;
    let (_, of_ben) = enter_with_second_factor(&world, &oidc, "ben").await;
    oidc.name("ann", "ann@example.org").await;
    let browser = browser_of(&world);
    let callback = "/api/auth/oauth/sso/callback";

    // Without the provider's page: its code is missing, or made up; and the state is worth nothing afterwards.
    for code in ["", "&code=", "&code=made-up"] {
        let url = start(&browser, "sso", json!({})).await;
        let cookie = browser.cookie(COOKIE);
        let back = format!("{callback}?state={}{code}", parameter(&url, "state"));
        let end = end_of(&browser.open(&back).await);
        assert!(end.starts_with("/sign-in#error="), "{code}: {end}");
        browser.set_cookie(COOKIE, cookie.as_deref());
        let later = agree(&browser, &url).await;
        assert_eq!(end_of(&browser.open(&later).await), error("invalid_state"), "{code}");
        assert_eq!(who(&browser).await, None);
    }
    // Without the way back: what the provider said is for nobody else to bring.
    let url = start(&browser, "sso", json!({})).await;
    let state = parameter(&url, "state");
    for body in [
        json!({ "challenge": state, "recovery_code": codes[0] }),
        json!({ "challenge": browser.cookie(COOKIE).unwrap(), "recovery_code": codes[0] }),
    ] {
        post(&browser, "/api/auth/second-factor", body).await.expect_code(400, "invalid_link");
    }
    // Without the second factor.
    let back = agree(&browser, &url).await;
    let challenge = challenge_of(&end_of(&browser.open(&back).await));
    assert_eq!(who(&browser).await, None);
    assert!(browser.cookie("__Host-waystation").is_none());
    post(&browser, "/api/auth/second-factor", json!({ "challenge": challenge })).await.expect(400);
    let as_token = json!({ "refresh_token": challenge });
    post(&browser, "/api/auth/refresh", as_token).await.expect(401);
    post(&browser, "/api/auth/pair", json!({ "code": challenge })).await.expect_code(400, "invalid_link");
    // With a second factor that is somebody else's.
    finish(&browser, &challenge, &of_ben[0]).await.expect_code(401, "invalid_credentials");
    assert_eq!(who(&browser).await, None);
    // The way back twice.
    assert_eq!(end_of(&browser.open(&back).await), error("invalid_state"));
    // The last step, once.
    finish(&browser, &challenge, &codes[0]).await.expect(200);
    assert_eq!(who(&browser).await.expect("the browser is signed in")["email"], "ann@example.org");
    finish(&browser_of(&world), &challenge, &codes[1]).await.expect_code(400, "invalid_link");
    assert_eq!(count_people(&world).await, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_disabled_between_two_steps_goes_no_further() {
    let oidc = OidcServer::start();
    let world = open_site(&oidc);
    let (id, codes) = enter_with_second_factor(&world, &oidc, "ann").await;
    let path = format!("/api/admin/users/{id}");
    let (first, second) = (browser_of(&world), browser_of(&world));
    let back = agree(&first, &start(&first, "sso", json!({})).await).await;
    let challenge = {
        let back = agree(&second, &start(&second, "sso", json!({})).await).await;
        challenge_of(&end_of(&second.open(&back).await))
    };
    world.patch(&path, json!({ "status": "disabled" })).await;
    let end = end_of(&first.open(&back).await);
    assert!(end.starts_with("/sign-in#error="), "{end}");
    let refused = finish(&second, &challenge, &codes[0]).await;
    assert!(matches!(refused.status, 400 | 401), "{} {}", refused.status, refused.text);
    // Nor does it go on once the person is active again: the way was ended, not halted.
    world.patch(&path, json!({ "status": "active" })).await;
    let refused = finish(&second, &challenge, &codes[1]).await;
    assert!(matches!(refused.status, 400 | 401), "{} {}", refused.status, refused.text);
    assert_eq!((who(&first).await, who(&second).await), (None, None));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_ends_with_the_session_that_began_it() {
    let oidc = OidcServer::start();
    let world = open_site(&oidc);
    oidc.name("ann", "ann@example.org").await;
    let browser = browser_of(&world);
    assert_eq!(go_by(&browser, "sso", json!({})).await, "/");
    let link = || json!({ "purpose": "link", "return_path": "/app" });
    let count = async |browser: &Browser| {
        let list = browser.ask(Method::GET, "/api/me/identities", None).await.expect(200).json();
        list["items"].as_array().expect("a list").len()
    };
    // Signed out on the way, and in again: another session of the same person.
    oidc.name("second", "second@example.org").await;
    let back = agree(&browser, &start(&browser, "other", link()).await).await;
    browser.ask(Method::POST, "/api/auth/logout", None).await.expect(204);
    let bound = browser.cookie(COOKIE);
    oidc.name("ann", "ann@example.org").await;
    assert_eq!(go_by(&browser, "sso", json!({})).await, "/");
    browser.set_cookie(COOKIE, bound.as_deref());
    assert!(end_of(&browser.open(&back).await).starts_with("/sign-in#error="));
    assert_eq!(count(&browser).await, 1);
    // Ended by the administration on the way.
    let id = who(&browser).await.expect("signed in")["id"].as_str().unwrap().to_owned();
    let back = agree(&browser, &start(&browser, "other", link()).await).await;
    world.delete(&format!("/api/admin/users/{id}/sessions")).await;
    assert!(end_of(&browser.open(&back).await).starts_with("/sign-in#error="));
    assert_eq!(who(&browser).await, None);
    assert_eq!(go_by(&browser, "sso", json!({})).await, "/");
    assert_eq!(count(&browser).await, 1);
    // What was a link becomes no sign-in either: nobody new came of it.
    assert_eq!(count_people(&world).await, 2);
    // Twice.
    oidc.name("second", "second@example.org").await;
    let back = agree(&browser, &start(&browser, "other", link()).await).await;
    assert_eq!(end_of(&browser.open(&back).await), "/app");
    assert_eq!(end_of(&browser.open(&back).await), error("invalid_state"));
    assert_eq!(count(&browser).await, 2);
}
