//! Signing in by identity providers: one that nobody here wrote, and one that lies.

use std::time::{Duration, Instant};

use reqwest::Method;
use reqwest::header::{HeaderMap, HeaderName};
use serde_json::{Value, json};
use waystation_tests::{
    Browser, DatabaseKind, MockProvider, OidcServer, ProviderAnswer, Reply, World, WorldOptions,
};

pub(super) const COOKIE: &str = "__Host-waystation-oauth";

/// A site where people register by `sso` and `other`, which are one server under two names.
pub(super) fn open_site(oidc: &OidcServer) -> World {
    World::start_with(DatabaseKind::Sqlite, options_for(oidc))
}

pub(super) fn options_for(oidc: &OidcServer) -> WorldOptions {
    let mut options = WorldOptions::single().with("WAYSTATION_AUTH_REGISTRATION", "open");
    for name in ["SSO", "OTHER"] {
        for (setting, value) in [
            ("KIND", "oidc"),
            ("CLIENT_ID", &format!("client-of-{name}")),
            ("CLIENT_SECRET", "a secret: with/odd+characters"),
            ("ISSUER", oidc.issuer()),
            ("ALLOW_PRIVATE_NETWORK", "true"),
        ] {
            options = options.with(&format!("WAYSTATION_OAUTH_{name}_{setting}"), value);
        }
    }
    options
}

/// A site where people register by a provider of this kind, which says what the mock is told.
fn open_site_by(kind: &str, mock: &MockProvider, more: &[(&str, &str)]) -> World {
    let mut options = WorldOptions::single().with("WAYSTATION_AUTH_REGISTRATION", "open");
    let settings = [
        ("KIND", kind),
        ("CLIENT_ID", "client"),
        ("CLIENT_SECRET", "secret"),
        ("AUTHORIZE_URL", &mock.url("/authorize")),
        ("TOKEN_URL", &mock.url("/token")),
        ("USERINFO_URL", &mock.url("/user")),
        ("ALLOW_PRIVATE_NETWORK", "true"),
    ];
    for (setting, value) in settings.iter().chain(more) {
        options = options.with(&format!("WAYSTATION_OAUTH_MOCK_{setting}"), value);
    }
    World::start_with(DatabaseKind::Sqlite, options)
}

pub(super) fn browser_of(world: &World) -> Browser {
    Browser::new(world.first_server().base_url())
}

/// The provider's page that the site sends a browser to.
pub(super) async fn start(browser: &Browser, provider: &str, body: Value) -> String {
    let reply = browser.ask(Method::POST, &format!("/api/auth/oauth/{provider}/start"), Some(&body)).await;
    reply.expect(200).json()["authorize_url"].as_str().expect("an address").to_owned()
}

/// Where the provider sends the browser back to, once the person has agreed.
pub(super) async fn agree(browser: &Browser, authorize_url: &str) -> String {
    browser.open(authorize_url).await.expect(302).header("location").to_owned()
}

/// The whole way by a provider that answers by itself; gives where the browser ends.
pub(super) async fn go_by(browser: &Browser, provider: &str, body: Value) -> String {
    let back = agree(browser, &start(browser, provider, body).await).await;
    end_of(&browser.open(&back).await)
}

/// The way by the mock, which has no page.
async fn go_by_mock(browser: &Browser) -> String {
    let url = start(browser, "mock", json!({})).await;
    let back = format!("/api/auth/oauth/mock/callback?code=c-1&state={}", parameter(&url, "state"));
    end_of(&browser.open(&back).await)
}

pub(super) fn end_of(reply: &Reply) -> String {
    assert_eq!(reply.status, 303, "{}", reply.text);
    assert_eq!(reply.header("cache-control"), "no-store");
    assert_eq!(reply.header("referrer-policy"), "no-referrer");
    reply.header("location").to_owned()
}

pub(super) fn parameter(url: &str, name: &str) -> String {
    let url = reqwest::Url::parse(url).expect("an address");
    url.query_pairs()
        .find(|(known, _)| known == name)
        .map(|(_, value)| value.into_owned())
        .unwrap_or_default()
}

/// Whom the browser is signed in as, if it is.
pub(super) async fn who(browser: &Browser) -> Option<Value> {
    let reply = browser.ask(Method::GET, "/api/me", None).await;
    match reply.status {
        200 => Some(reply.json()),
        401 => None,
        status => panic!("{status} {}", reply.text),
    }
}

async fn address_of(browser: &Browser) -> Option<String> {
    who(browser).await.map(|me| me["email"].as_str().expect("an address").to_owned())
}

pub(super) async fn count_people(world: &World) -> usize {
    world.get("/api/admin/users?limit=100").await["items"].as_array().expect("a list").len()
}

pub(super) fn error(code: &str) -> String {
    format!("/sign-in#error={code}")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newcomer_registers_by_a_provider_and_is_the_same_person_ever_after() {
    for kind in DatabaseKind::available() {
        let oidc = OidcServer::start();
        let world = World::start_with(kind, options_for(&oidc));
        oidc.name("ann", "Ann@Example.org").await;
        let browser = browser_of(&world);
        let options = browser.ask(Method::GET, "/api/auth/options", None).await.expect(200).json();
        let named = json!([
            {"name": "other", "title": "other", "preset": "oidc"},
            {"name": "sso", "title": "sso", "preset": "oidc"},
        ]);
        assert_eq!(options["providers"], named);

        assert_eq!(go_by(&browser, "sso", json!({"return_path": "/app/keys?a=b"})).await, "/app/keys?a=b");
        let me = who(&browser).await.expect("the browser is signed in");
        assert_eq!((me["email"].as_str(), me["role"].as_str()), (Some("ann@example.org"), Some("user")));
        assert!(browser.cookie(COOKIE).is_none(), "the way's cookie is gone");
        let identities = browser.ask(Method::GET, "/api/me/identities", None).await.expect(200).json();
        assert_eq!(identities["items"][0]["provider"], "sso");
        assert_eq!(identities["items"].as_array().unwrap().len(), 1);

        // The provider shows another address now, even one that is somebody's here: that decides nothing.
        oidc.name("ann", "owner@example.org").await;
        let elsewhere = browser_of(&world);
        assert_eq!(go_by(&elsewhere, "sso", json!({})).await, "/");
        let again = who(&elsewhere).await.expect("the browser is signed in");
        assert_eq!((&again["id"], &again["email"]), (&me["id"], &me["email"]));
        // Whoever has the address now is somebody else.
        oidc.name("eve", "ann@example.org").await;
        let stranger = browser_of(&world);
        assert_eq!(go_by(&stranger, "sso", json!({})).await, error("account_exists"));
        assert_eq!(who(&stranger).await, None);
        assert_eq!(count_people(&world).await, 2);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_state_is_good_once_for_the_browser_that_began_at_the_provider_it_began_with() {
    let oidc = OidcServer::start();
    let world = open_site(&oidc);
    oidc.name("ann", "ann@example.org").await;
    let refused = error("invalid_state");
    let browser = browser_of(&world);
    let victim = browser_of(&world);

    // None, and ones that were never given.
    let made_up = "a".repeat(43);
    for query in ["", "?code=c", "?code=c&state=", "?code=c&state=short", &format!("?code=c&state={made_up}")]
    {
        let reply = browser.open(&format!("/api/auth/oauth/sso/callback{query}")).await;
        assert_eq!(end_of(&reply), refused, "{query}");
    }
    // Replayed, with and without the cookie that it had.
    let back = agree(&browser, &start(&browser, "sso", json!({})).await).await;
    let cookie = browser.cookie(COOKIE).expect("the way has a cookie");
    assert_eq!(end_of(&browser.open(&back).await), "/");
    assert_eq!(end_of(&browser.open(&back).await), refused);
    browser.set_cookie(COOKIE, Some(&cookie));
    assert_eq!(end_of(&browser.open(&back).await), refused);

    // Another browser's, be it without a way of its own or with one; and then it is worth nothing to its own.
    for begins in [false, true] {
        let back = agree(&browser, &start(&browser, "sso", json!({})).await).await;
        if begins {
            start(&victim, "sso", json!({})).await;
        }
        assert_eq!(end_of(&victim.open(&back).await), refused);
        assert_eq!(who(&victim).await, None);
        assert_eq!(end_of(&browser.open(&back).await), refused);
    }
    // Another provider's.
    let back = agree(&browser, &start(&browser, "sso", json!({})).await).await;
    assert_eq!(end_of(&browser.open(&back.replace("/sso/", "/other/")).await), refused);
    assert_eq!(end_of(&browser.open(&back).await), refused);
    browser.open("/api/auth/oauth/none/callback?code=c&state=s").await.expect(404);

    // No two are alike, and one says nothing about the next.
    let mut states = std::collections::BTreeSet::new();
    for _ in 0..50 {
        let url = start(&browser, "sso", json!({})).await;
        let [state, challenge, nonce] =
            ["state", "code_challenge", "nonce"].map(|name| parameter(&url, name));
        assert_eq!((state.len(), challenge.len(), nonce.len()), (43, 43, 43), "{url}");
        assert_eq!(parameter(&url, "code_challenge_method"), "S256");
        states.extend([state, challenge, nonce]);
    }
    assert_eq!(states.len(), 150);
    assert_eq!(count_people(&world).await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_parallel_answers_with_one_state_one_signs_in() {
    let oidc = OidcServer::start();
    let world = open_site(&oidc);
    oidc.name("ann", "ann@example.org").await;
    let browser = browser_of(&world);
    let back = agree(&browser, &start(&browser, "sso", json!({})).await).await;
    let cookie = browser.cookie(COOKIE).expect("the way has a cookie");
    let mut answers = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let (back, cookie, one) = (back.clone(), cookie.clone(), browser_of(&world));
        answers.spawn(async move {
            one.set_cookie(COOKIE, Some(&cookie));
            end_of(&one.open(&back).await)
        });
    }
    let ends = answers.join_all().await;
    assert_eq!(ends.iter().filter(|end| *end == "/").count(), 1, "{ends:?}");
    assert_eq!(ends.iter().filter(|end| **end == error("invalid_state")).count(), 19, "{ends:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_of_another_issuer_a_refusal_and_no_code_sign_nobody_in() {
    let oidc = OidcServer::start();
    let world = open_site(&oidc);
    let cases = [
        (json!({"iss": "https://evil.example"}), "invalid_answer"),
        (json!({"iss": ""}), "invalid_answer"),
        (json!({"iss": format!("{}/", oidc.issuer())}), "invalid_answer"),
        (json!({"error": "access_denied", "code": null}), "access_denied"),
        (json!({"error": "access_denied"}), "access_denied"),
        (json!({"error": "server_error<script>", "error_description": "<script>"}), "provider_refused"),
        (json!({"code": null}), "invalid_answer"),
        (json!({"code": ""}), "invalid_answer"),
        (json!({"code": "another"}), "invalid_answer"),
    ];
    for (redirect, code) in cases {
        oidc.script(
            json!({"redirect": redirect, "claims": {"email": "a@example.org", "email_verified": true}}),
        )
        .await;
        let browser = browser_of(&world);
        let end = go_by(&browser, "sso", json!({})).await;
        // A code that the provider does not know is refused by it in its own way.
        let expected =
            if redirect["code"] == "another" { vec![code, "provider_refused"] } else { vec![code] };
        assert!(expected.iter().any(|code| end == error(code)), "{redirect} {end}");
        assert_eq!(who(&browser).await, None, "{redirect}");
    }
    // The right issuer by name.
    let redirect = json!({"iss": oidc.issuer()});
    let claims = json!({"email": "a@example.org", "email_verified": true});
    oidc.script(json!({"redirect": redirect, "claims": claims})).await;
    assert_eq!(go_by(&browser_of(&world), "sso", json!({})).await, "/");
    assert_eq!(count_people(&world).await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_id_token_of_another_sign_in_site_issuer_time_or_signature_signs_nobody_in() {
    let oidc = OidcServer::start();
    let world = open_site(&oidc);
    let with = |claims: Value| json!({ "claims": claims });
    let scripts = [
        with(json!({"nonce": "another"})),
        with(json!({"nonce": null})),
        with(json!({"aud": "client-of-OTHER"})),
        with(json!({"aud": ["client-of-SSO", "client-of-OTHER"]})),
        with(json!({"aud": null})),
        with(json!({"azp": "client-of-OTHER"})),
        with(json!({"iss": "https://evil.example"})),
        with(json!({"iss": format!("{}/", oidc.issuer())})),
        with(json!({"iss": [oidc.issuer(), "https://evil.example"]})),
        with(json!({"iss": null})),
        with(json!({"exp": 1_000_000_000})),
        with(json!({"exp": null})),
        with(json!({"nbf": 4_000_000_000_u64})),
        with(json!({"iat": 4_000_000_000_u64})),
        with(json!({"sub": ""})),
        with(json!({"sub": null})),
        with(json!({"sub": "a".repeat(300)})),
        json!({"forge": "none"}),
        json!({"forge": "shared_secret"}),
        json!({"answer": {"status": 200, "body": {"access_token": "a", "token_type": "Bearer"}}}),
        json!({"answer": {"status": 200, "body": {"id_token": "a.b.c", "token_type": "Bearer"}}}),
        json!({"answer": {"status": 200, "body": {}}}),
        json!({"answer": {"status": 400, "body": {"error": "invalid_grant"}}}),
        json!({"answer": {"status": 500, "body": {}}}),
        // What was given to somebody else: the document is about another subject.
        json!({"userinfo": {"sub": "another", "email": "owner@example.org", "email_verified": true}}),
    ];
    for script in scripts {
        oidc.script(script.clone()).await;
        let browser = browser_of(&world);
        let end = go_by(&browser, "sso", json!({})).await;
        assert!(end == error("invalid_answer") || end == error("provider_refused"), "{script} {end}");
        assert_eq!(who(&browser).await, None, "{script}");
    }
    assert_eq!(count_people(&world).await, 1);
    let failed = "sign_in.failed";
    let log = world.ask(Method::GET, &format!("/api/admin/audit-logs?action={failed}&limit=1"), None).await;
    // Where the log can be read, it tells of them.
    assert!(log.status == 404 || log.text.contains(failed), "{} {}", log.status, log.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_may_change_its_keys_and_nobody_makes_the_site_ask_for_them_again_and_again() {
    let oidc = OidcServer::start();
    let world = open_site(&oidc);
    oidc.name("ann", "ann@example.org").await;
    assert_eq!(go_by(&browser_of(&world), "sso", json!({})).await, "/");
    oidc.rotate_keys().await;
    assert_eq!(go_by(&browser_of(&world), "sso", json!({})).await, "/");
    // Once a minute is enough: tokens with keys that nobody has cost nothing to make.
    oidc.rotate_keys().await;
    assert_eq!(go_by(&browser_of(&world), "sso", json!({})).await, error("invalid_answer"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_is_somebodys_here_is_never_joined_whoever_asserts_it() {
    let oidc = OidcServer::start();
    let world = open_site(&oidc);
    let owner = browser_of(&world);
    for email in ["owner@example.org", "OWNER@example.org"] {
        oidc.name("eve", email).await;
        assert_eq!(go_by(&owner, "sso", json!({})).await, error("account_exists"));
        assert_eq!(who(&owner).await, None);
    }
    // An address that the provider does not vouch for is not even looked at: the account is one of its own.
    for (subject, verified) in [("a", json!(false)), ("b", json!(null)), ("c", json!("no")), ("d", json!(1))]
    {
        let claims = json!({"sub": subject, "email": "owner@example.org", "email_verified": verified});
        oidc.script(json!({ "claims": claims })).await;
        let browser = browser_of(&world);
        assert_eq!(go_by(&browser, "sso", json!({})).await, "/");
        let address = address_of(&browser).await.expect("the browser is signed in");
        assert!(address.starts_with("sso+") && address.ends_with("@invalid"), "{address}");
    }
    assert_eq!(count_people(&world).await, 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_is_made_for_the_session_that_began_it_and_by_a_verified_address_only() {
    let oidc = OidcServer::start();
    let world = open_site(&oidc);
    let link = || json!({"purpose": "link", "return_path": "/app/settings"});
    let (ann, ben, stranger) = (browser_of(&world), browser_of(&world), browser_of(&world));
    let begin = "/api/auth/oauth/sso/start";
    stranger.ask(Method::POST, begin, Some(&link())).await.expect(401);
    for (browser, name) in [(&ann, "ann"), (&ben, "ben")] {
        oidc.name(name, &format!("{name}@example.org")).await;
        assert_eq!(go_by(browser, "sso", json!({})).await, "/");
    }

    // An account that shows no verified address is no proof of anything.
    oidc.script(json!({"claims": {"sub": "second", "email": "second@example.org"}})).await;
    assert_eq!(go_by(&ann, "other", link()).await, error("email_unverified"));
    // Began by Ann, ended by Ben: with his cookies, or with hers and his session.
    oidc.name("second", "second@example.org").await;
    let back = agree(&ann, &start(&ann, "other", link()).await).await;
    let bound = ann.cookie(COOKIE).expect("the way has a cookie");
    ben.set_cookie(COOKIE, Some(&bound));
    assert_eq!(end_of(&ben.open(&back).await), error("other_session"));
    // Began by Ann, ended by nobody.
    let back = agree(&ann, &start(&ann, "other", link()).await).await;
    stranger.set_cookie(COOKIE, ann.cookie(COOKIE).as_deref());
    assert_eq!(end_of(&stranger.open(&back).await), error("other_session"));
    assert_eq!(who(&stranger).await, None);
    // Began to sign in, ended while signed in: it signs in, and links nothing.
    let identities = async |browser: &Browser| {
        let list = browser.ask(Method::GET, "/api/me/identities", None).await.expect(200).json();
        list["items"].as_array().expect("a list").clone()
    };
    assert_eq!((identities(&ann).await.len(), identities(&ben).await.len()), (1, 1));

    assert_eq!(go_by(&ann, "other", link()).await, "/app/settings");
    assert_eq!(go_by(&ann, "other", link()).await, "/app/settings");
    assert_eq!(identities(&ann).await.len(), 2);
    assert_eq!(go_by(&ben, "other", link()).await, error("identity_taken"));
    let elsewhere = browser_of(&world);
    assert_eq!(go_by(&elsewhere, "sso", json!({})).await, "/");
    assert_eq!(address_of(&elsewhere).await.as_deref(), Some("ann@example.org"));

    // The last way to sign in stays; another's is not there.
    let of_ben = identities(&ben).await[0]["id"].as_str().unwrap().to_owned();
    let path = |id: &str| format!("/api/me/identities/{id}");
    ann.ask(Method::DELETE, &path(&of_ben), None).await.expect(404);
    ben.ask(Method::DELETE, &path(&of_ben), None).await.expect(409);
    let second = identities(&ann).await[1]["id"].as_str().unwrap().to_owned();
    ann.ask(Method::DELETE, &path(&second), None).await.expect(200);
    ann.ask(Method::DELETE, &path(&second), None).await.expect(404);
    let first = identities(&ann).await[0]["id"].as_str().unwrap().to_owned();
    ann.ask(Method::DELETE, &path(&first), None).await.expect(409);
    // Taken off, it is a stranger's again.
    let again = browser_of(&world);
    assert_eq!(go_by(&again, "sso", json!({})).await, "/");
    assert_eq!(address_of(&again).await.as_deref(), Some("second@example.org"));
    assert_eq!(count_people(&world).await, 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn redirect_addresses_and_ends_are_the_sites_whatever_a_request_says() {
    let oidc = OidcServer::start();
    let options = options_for(&oidc).with("WAYSTATION_PUBLIC_URL", "https://ai.example.com/");
    let public = World::start_with(DatabaseKind::Sqlite, options);
    let local = open_site(&oidc);
    let own = format!("{}/api/auth/oauth/sso/callback", local.first_server().base_url());
    let begin = "/api/auth/oauth/sso/start";
    for (name, value) in [
        ("x-forwarded-host", "evil.example"),
        ("x-forwarded-proto", "https"),
        ("forwarded", "host=evil.example;proto=https"),
        ("x-original-host", "evil.example"),
        ("x-forwarded-prefix", "/evil"),
        ("host", "evil.example"),
    ] {
        let headers: HeaderMap =
            [(HeaderName::from_static(name), value.parse().unwrap())].into_iter().collect();
        for (world, expected) in
            [(&public, "https://ai.example.com/api/auth/oauth/sso/callback"), (&local, own.as_str())]
        {
            let browser = browser_of(world);
            let reply =
                browser.ask_with_headers(Method::POST, begin, Some(&json!({})), headers.clone()).await;
            // A site may refuse to be called by another name.
            if reply.status == 200 {
                let url = reply.json()["authorize_url"].as_str().unwrap().to_owned();
                assert_eq!(parameter(&url, "redirect_uri"), expected, "{name}");
            } else {
                assert!(matches!(reply.status, 403 | 421), "{name} {} {}", reply.status, reply.text);
            }
        }
    }
    let browser = browser_of(&local);
    for path in [
        "//evil.example",
        "/\\evil.example",
        "/%09/evil.example",
        "/%2f%2fevil.example",
        "/%5cevil.example",
        "\t//evil.example",
        "https://evil.example",
        "javascript:alert(1)",
        "",
    ] {
        let reply = browser.ask(Method::POST, begin, Some(&json!({ "return_path": path }))).await.expect(400);
        assert_eq!(reply.json()["error"]["fields"][0]["field"], "return_path", "{path:?}");
    }
    for body in [json!({"reception": "tokens"}), json!({"role": "owner"}), json!({"purpose": "x"}), json!([])]
    {
        browser.ask(Method::POST, begin, Some(&body)).await.expect(400);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_site_and_a_provider_that_registers_nobody_take_nobody_new() {
    let oidc = OidcServer::start();
    oidc.name("ann", "ann@example.org").await;
    let closed = World::start_with(
        DatabaseKind::Sqlite,
        options_for(&oidc).with("WAYSTATION_AUTH_REGISTRATION", "closed"),
    );
    let partly = options_for(&oidc).with("WAYSTATION_OAUTH_OTHER_AUTO_REGISTER", "false");
    let partly = World::start_with(DatabaseKind::Sqlite, partly);
    for (world, provider, end) in [
        (&closed, "sso", error("registration_closed")),
        (&partly, "other", error("registration_closed")),
        (&partly, "sso", "/".to_owned()),
        // Who is known by the issuer is known, by whichever name.
        (&partly, "other", "/".to_owned()),
    ] {
        assert_eq!(go_by(&browser_of(world), provider, json!({})).await, end, "{provider}");
    }
    assert_eq!((count_people(&closed).await, count_people(&partly).await), (1, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disabled_person_is_not_signed_in() {
    let oidc = OidcServer::start();
    let world = open_site(&oidc);
    oidc.name("ann", "ann@example.org").await;
    let browser = browser_of(&world);
    assert_eq!(go_by(&browser, "sso", json!({})).await, "/");
    let id = who(&browser).await.expect("the browser is signed in")["id"].as_str().unwrap().to_owned();
    world.patch(&format!("/api/admin/users/{id}"), json!({"status": "disabled"})).await;
    let browser = browser_of(&world);
    let end = go_by(&browser, "sso", json!({})).await;
    assert!(end.starts_with("/sign-in#error="), "{end}");
    assert_eq!(who(&browser).await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_is_down_huge_slow_or_leads_elsewhere_signs_nobody_in_within_its_time() {
    let mut oidc = OidcServer::start();
    let world = open_site(&oidc);
    oidc.stop();
    let begun = Instant::now();
    let browser = browser_of(&world);
    let reply = browser.ask(Method::POST, "/api/auth/oauth/sso/start", Some(&json!({}))).await;
    assert_eq!((reply.status, reply.code().as_str()), (503, "unavailable"), "{}", reply.text);
    assert!(begun.elapsed() < Duration::from_secs(5));

    let mock = MockProvider::start().await;
    let elsewhere = MockProvider::start().await;
    let document = json!({"sub": "ann", "email": "ann@example.org", "email_verified": true});
    elsewhere.say("/user", &document);
    let world = open_site_by("oauth2", &mock, &[]);
    let answer =
        |status: u16, body: String| ProviderAnswer { status, body, ..ProviderAnswer::json(&json!({})) };
    let leading = ProviderAnswer { location: Some(elsewhere.url("/user")), ..answer(307, String::new()) };
    let slow = ProviderAnswer { delay: Duration::from_secs(60), ..ProviderAnswer::json(&document) };
    for (what, at_user, code) in [
        ("down", answer(502, String::new()), "provider_unavailable"),
        ("leads elsewhere", leading.clone(), "provider_unavailable"),
        ("huge", answer(200, " ".repeat(2 * 1024 * 1024)), "provider_unavailable"),
        ("no JSON", answer(200, "<html>".to_owned()), "invalid_answer"),
        ("nobody", answer(200, "{}".to_owned()), "invalid_answer"),
        ("slow", slow, "provider_unavailable"),
    ] {
        mock.script("/user", at_user);
        let begun = Instant::now();
        let browser = browser_of(&world);
        assert_eq!(go_by_mock(&browser).await, error(code), "{what}");
        assert!(begun.elapsed() < Duration::from_secs(15), "{what}");
        assert_eq!(who(&browser).await, None, "{what}");
    }
    mock.say("/user", &document);
    mock.script("/token", leading);
    assert_eq!(go_by_mock(&browser_of(&world)).await, error("invalid_answer"));
    assert_eq!(elsewhere.count_calls("/user"), 0, "a code or token went elsewhere");
    assert_eq!(count_people(&world).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn github_names_people_by_number_and_its_lies_sign_nobody_in() {
    let mock = MockProvider::start().await;
    let world = open_site_by("github", &mock, &[]);
    let user =
        |id: Value, login: &str| json!({"id": id, "login": login, "name": "Ann", "email": "x@example.org"});
    let emails = |verified: Value| {
        json!([
            {"email": "old@example.org", "primary": false, "verified": true},
            {"email": "ann@example.org", "primary": true, "verified": verified},
        ])
    };
    mock.say("/user", &user(json!(583_231), "ann"));
    mock.say("/user/emails", &emails(json!(true)));
    let browser = browser_of(&world);
    assert_eq!(go_by_mock(&browser).await, "/");
    let me = who(&browser).await.expect("the browser is signed in");
    assert_eq!((me["email"].as_str(), me["display_name"].as_str()), (Some("ann@example.org"), Some("Ann")));
    let exchange = mock.last_call("/token").expect("the code was exchanged");
    assert!(exchange.body.contains("code_verifier=") && exchange.body.contains("client_secret=secret"));
    let asked = mock.last_call("/user").expect("the user was asked for");
    assert_eq!(asked.headers["authorization"], "Bearer gho_1");
    assert!(!asked.headers["user-agent"].is_empty());

    // Renamed there, and her old name taken by another: she stays who she is, and the other is another.
    mock.say("/user", &user(json!(583_231), "anna"));
    mock.say("/user/emails", &json!([]));
    let renamed = browser_of(&world);
    assert_eq!(go_by_mock(&renamed).await, "/");
    assert_eq!(who(&renamed).await.expect("the browser is signed in")["id"], me["id"]);
    mock.say("/user", &user(json!(7), "ann"));
    let other = browser_of(&world);
    assert_eq!(go_by_mock(&other).await, "/");
    assert!(address_of(&other).await.expect("the browser is signed in").ends_with("@invalid"));

    let before = count_people(&world).await;
    mock.say("/user/emails", &emails(json!(true)));
    for id in [json!(null), json!("583231"), json!(0), json!(-1), json!(1.5), json!([583_231]), json!({})] {
        mock.say("/user", &user(id.clone(), "ann"));
        let browser = browser_of(&world);
        assert_eq!(go_by_mock(&browser).await, error("invalid_answer"), "{id}");
        assert_eq!(who(&browser).await, None, "{id}");
    }
    // A failure with the status of success, as GitHub tells of it.
    mock.say("/user", &user(json!(583_231), "ann"));
    mock.say("/token", &json!({"error": "bad_verification_code", "error_description": "<b>incorrect</b>"}));
    assert_eq!(go_by_mock(&browser_of(&world)).await, error("provider_refused"));
    assert_eq!(count_people(&world).await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn linux_do_lets_in_by_trust_level_and_vouches_for_no_address() {
    let mock = MockProvider::start().await;
    let world = open_site_by("linuxdo", &mock, &[("MIN_TRUST_LEVEL", "2"), ("DISPLAY_NAME", "L 站")]);
    let user = |id: u64, trust_level: Value, active: bool| {
        json!({
            "id": id, "username": "ann", "name": "安", "active": active, "trust_level": trust_level,
            "silenced": false, "email": "owner@example.org", "email_verified": true,
        })
    };
    for (trust_level, active) in
        [(json!(1), true), (json!(null), true), (json!("4"), true), (json!(9), true), (json!(4), false)]
    {
        mock.say("/user", &user(1, trust_level.clone(), active));
        assert_eq!(
            go_by_mock(&browser_of(&world)).await,
            error("account_not_allowed"),
            "{trust_level} {active}"
        );
    }
    mock.say("/user", &user(1, json!(2), true));
    let browser = browser_of(&world);
    assert_eq!(go_by_mock(&browser).await, "/");
    let me = who(&browser).await.expect("the browser is signed in");
    assert_eq!(me["display_name"], "安");
    assert!(me["email"].as_str().unwrap().ends_with("@invalid"), "{me}");
    let again = browser_of(&world);
    assert_eq!(go_by_mock(&again).await, "/");
    assert_eq!(who(&again).await.expect("the browser is signed in")["id"], me["id"]);
    assert_eq!(count_people(&world).await, 2);
    // Nothing is linked to somebody by an address that nobody vouches for; that is said at once.
    let link = json!({"purpose": "link"});
    let refused = again.ask(Method::POST, "/api/auth/oauth/mock/start", Some(&link)).await;
    refused.expect_code(409, "conflict");
    let options = again.ask(Method::GET, "/api/auth/options", None).await.expect(200).json();
    assert_eq!(options["providers"], json!([{"name": "mock", "title": "L 站", "preset": "linuxdo"}]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_in_a_private_network_is_not_asked_unless_that_is_allowed() {
    let mock = MockProvider::start().await;
    let settings = [("KIND", "oauth2"), ("CLIENT_ID", "client")];
    let urls = [("AUTHORIZE_URL", "/authorize"), ("TOKEN_URL", "/token"), ("USERINFO_URL", "/user")];
    let mut options = WorldOptions::single().with("WAYSTATION_AUTH_REGISTRATION", "open");
    for (setting, value) in settings {
        options = options.with(&format!("WAYSTATION_OAUTH_MOCK_{setting}"), value);
    }
    for (setting, path) in urls {
        // By name, which is judged when it is resolved; `http` is refused when the server starts.
        let url = mock.url(path).replace("http://127.0.0.1", "https://localhost");
        options = options.with(&format!("WAYSTATION_OAUTH_MOCK_{setting}"), &url);
    }
    let world = World::start_with(DatabaseKind::Sqlite, options);
    assert_eq!(go_by_mock(&browser_of(&world)).await, error("provider_unavailable"));
    assert_eq!(mock.count_calls("/token"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_begins_by_the_hundred_and_never_comes_back_is_told_to_wait() {
    let mock = MockProvider::start().await;
    mock.say("/user", &json!({"sub": "ann", "email": "ann@example.org", "email_verified": true}));
    let world = open_site_by("oauth2", &mock, &[]);
    let browser = browser_of(&world);
    // Ways that end as they should are not counted.
    for _ in 0..110 {
        assert_eq!(go_by_mock(&browser).await, "/");
    }
    let mut statuses = Vec::new();
    for _ in 0..101 {
        let reply =
            browser_of(&world).ask(Method::POST, "/api/auth/oauth/mock/start", Some(&json!({}))).await;
        statuses.push((reply.status, reply.code()));
    }
    assert!(statuses[..100].iter().all(|(status, _)| *status == 200), "{statuses:?}");
    assert_eq!(statuses[100], (429, "too_many_attempts".to_owned()));
    // Who signs in by a password meanwhile is not kept waiting.
    let wrong = json!({"login": "ann@example.org", "password": "not the password"});
    let reply = browser_of(&world).ask(Method::POST, "/api/auth/login", Some(&wrong)).await;
    reply.expect_code(401, "invalid_credentials");
}
