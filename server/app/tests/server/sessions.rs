use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::browser::{browse, pair, program, send, set_up};
use crate::world::{Server, Site};

async fn me(server: &Server, cookie: &str) -> u16 {
    browse(server, cookie, "GET", "/api/me", None).await.status
}

fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_else(|| panic!("{pointer} in {value}"))
}

#[tokio::test]
async fn a_browser_is_known_by_a_cookie_of_its_own_host() {
    let site = Site::new();
    let server = site.serve(&[]).await;
    // A session that somebody put into the browser before is not the one that is opened.
    let planted = format!("__Host-waystation=ses_06ft3r5yx1v2k4m7q9s0t2w6z0.{}", "a".repeat(43));
    let token = crate::browser::setup_token(&site.data_dir());
    let headers = [("origin", server.url.as_str()), ("cookie", planted.as_str())];
    let body = crate::browser::owner(&token);
    let signed_in = send(&server.url, "POST", "/api/setup", &headers, Some(body)).await;
    assert_eq!(signed_in.status, 200, "{}", signed_in.text);
    let (cookie, set) = (signed_in.cookie(), signed_in.header("set-cookie").to_owned());
    assert!(cookie.starts_with("__Host-waystation=ses_") && !cookie.contains("06ft3r5yx1v2k4m7q9s0t2w6z0"));
    for attribute in ["Path=/", "Secure", "HttpOnly", "SameSite=Lax", "Max-Age=7776000"] {
        assert!(set.split("; ").any(|part| part == attribute), "{set}");
    }
    let reply = signed_in.json();
    assert_eq!((&reply["status"], &reply["tokens"]), (&json!("signed_in"), &Value::Null));
    assert!(text(&reply, "/first_key/secret").starts_with("sk-"));
    assert_eq!(text(&reply, "/first_key/key/name"), "Default");
    assert_eq!(me(&server, &cookie).await, 200);
    let (name, value) = cookie.split_once('=').unwrap();
    let (id, secret) = value.split_once('.').unwrap();
    for wrong in [
        planted,
        String::new(),
        format!("{name}={id}."),
        format!("{name}={id}.{}", "a".repeat(43)),
        format!("{name}={value}; {name}={value}"),
        format!("waystation={value}"),
        format!("{name}={id}.{secret}x"),
        format!("{name}=\"{value}\""),
    ] {
        assert_eq!(me(&server, &wrong).await, 401, "{wrong}");
    }
    server.stop().await;
}

#[tokio::test]
async fn who_carries_two_proofs_is_nobody() {
    let site = Site::new();
    let server = site.serve(&[]).await;
    let cookie = set_up(&site, &server).await.cookie();
    let device = pair(&server, &cookie).await;
    let bearer = format!("Bearer {}", text(&device, "/tokens/access_token"));
    let both = [("cookie", cookie.as_str()), ("authorization", bearer.as_str())];
    assert_eq!(send(&server.url, "GET", "/api/me", &both, None).await.status, 401);
    assert_eq!(send(&server.url, "GET", "/api/me", &both[..1], None).await.status, 200);
    assert_eq!(send(&server.url, "GET", "/api/me", &both[1..], None).await.status, 200);
    // A device's secret is no cookie, and a cookie's no refresh token.
    let (_, refresh) = text(&device, "/tokens/refresh_token").split_once("wsr_").unwrap();
    let (id, secret) = refresh.split_at(30);
    let as_cookie = format!("__Host-waystation={id}.{}", &secret[1..]);
    assert_eq!(me(&server, &as_cookie).await, 401);
    let (_, value) = cookie.split_once('=').unwrap();
    let as_refresh = json!({"refresh_token": format!("wsr_{}", value.replace('.', "_"))});
    assert_eq!(send(&server.url, "POST", "/api/auth/refresh", &[], Some(as_refresh)).await.status, 401);
    server.stop().await;
}

#[tokio::test]
async fn sessions_are_listed_and_ended_by_their_user() {
    let site = Site::new();
    let server = site.serve(&[]).await;
    let cookie = set_up(&site, &server).await.cookie();
    let mut devices = Vec::new();
    for _ in 0..3 {
        devices.push(pair(&server, &cookie).await);
    }
    let listed = browse(&server, &cookie, "GET", "/api/me/sessions?limit=3", None).await.json();
    let items = listed["items"].as_array().unwrap();
    assert_eq!(items.len(), 3);
    assert!(items.iter().all(|item| item["kind"] == "device" && item["name"] == "Desk"), "{listed}");
    assert!(items.iter().all(|item| item["proved_by"] == "pairing" && item["client_ip"] == "127.0.0.1"));
    assert!(!listed.to_string().contains("hash") && !listed.to_string().contains("secret"));
    let next = format!("/api/me/sessions?cursor={}", text(&listed, "/next_cursor"));
    let rest = browse(&server, &cookie, "GET", &next, None).await.json();
    assert_eq!(
        (&rest["items"][0]["kind"], &rest["items"][0]["is_current"]),
        (&json!("browser"), &json!(true))
    );
    assert_eq!(rest["next_cursor"], Value::Null);

    let first = format!("/api/me/sessions/{}", text(&devices[0], "/session"));
    assert_eq!(browse(&server, &cookie, "DELETE", &first, None).await.status, 204);
    let token = |device: &Value| text(device, "/tokens/access_token").to_owned();
    assert_eq!(program(&server, &token(&devices[0]), "GET", "/api/me", None).await.status, 401);
    let refresh = json!({"refresh_token": devices[0]["tokens"]["refresh_token"]});
    assert_eq!(send(&server.url, "POST", "/api/auth/refresh", &[], Some(refresh)).await.status, 401);
    assert_eq!(program(&server, &token(&devices[1]), "GET", "/api/me", None).await.status, 200);
    let ended = browse(&server, &cookie, "POST", "/api/me/sessions/revoke-others", None).await;
    assert_eq!((ended.status, ended.json()), (200, json!({"revoked": 2})));
    assert_eq!(program(&server, &token(&devices[2]), "GET", "/api/me", None).await.status, 401);

    let out = browse(&server, &cookie, "POST", "/api/auth/logout", None).await;
    assert_eq!(out.status, 204);
    assert!(out.header("set-cookie").starts_with("__Host-waystation=; Max-Age=0;"));
    assert_eq!(me(&server, &cookie).await, 401);
    server.stop().await;
}

#[tokio::test]
async fn administrators_end_the_sessions_of_lower_roles_only() {
    let site = Site::new();
    let server = site.serve(&[]).await;
    let owner = set_up(&site, &server).await;
    let cookie = owner.cookie();
    let mut tokens = Vec::new();
    for role in ["admin", "user"] {
        let email = format!("{role}@example.com");
        site.run(&["admin", "create-user", "--email", &email, "--role", role]).await;
        tokens.push(site.run(&["admin", "access-token", "--email", &email]).await.stdout.trim().to_owned());
    }
    let id = async |token: &str| {
        program(&server, token, "GET", "/api/me", None).await.json()["id"].as_str().unwrap().to_owned()
    };
    let (admin, user) = (id(&tokens[0]).await, id(&tokens[1]).await);
    let of = |user: &str| format!("/api/admin/users/{user}/sessions");
    let listed = program(&server, &tokens[0], "GET", &of(&user), None).await.json();
    assert_eq!((listed["items"].as_array().unwrap().len(), &listed["items"][0]["kind"]), (1, &json!("cli")));
    // Another person's session is not there, under whichever id it is asked for.
    let of_user = text(&listed, "/items/0/id");
    let elsewhere = format!("{}/{of_user}", of(&admin));
    assert_eq!(browse(&server, &cookie, "DELETE", &elsewhere, None).await.status, 404);
    let own = format!("/api/me/sessions/{of_user}");
    assert_eq!(browse(&server, &cookie, "DELETE", &own, None).await.status, 404);
    let owner = owner.json()["user"]["id"].as_str().unwrap().to_owned();
    for higher in [&owner, &admin] {
        assert_eq!(program(&server, &tokens[0], "DELETE", &of(higher), None).await.status, 403);
    }
    assert_eq!(program(&server, &tokens[1], "GET", &of(&owner), None).await.status, 403);
    let one = format!("{}/{of_user}", of(&user));
    assert_eq!(program(&server, &tokens[0], "DELETE", &one, None).await.status, 204);
    assert_eq!(program(&server, &tokens[1], "GET", "/api/me", None).await.status, 401);
    let all = browse(&server, &cookie, "DELETE", &of(&admin), None).await;
    assert_eq!((all.status, all.json()), (200, json!({"revoked": 1})));
    assert_eq!(program(&server, &tokens[0], "GET", "/api/me", None).await.status, 401);
    server.stop().await;
}

#[tokio::test]
async fn a_refresh_token_is_exchanged_once() {
    let site = Site::new();
    let server = site.serve(&[]).await;
    let cookie = set_up(&site, &server).await.cookie();
    let first = pair(&server, &cookie).await["tokens"].clone();
    let refresh = async |token: &Value| {
        let body = json!({"refresh_token": token["refresh_token"]});
        send(&server.url, "POST", "/api/auth/refresh", &[], Some(body)).await
    };
    let second = refresh(&first).await;
    assert_eq!(second.status, 200);
    let second = second.json();
    assert_ne!(first["refresh_token"], second["refresh_token"]);
    assert_eq!(program(&server, text(&second, "/access_token"), "GET", "/api/me", None).await.status, 200);
    // Within the moment that two calls of one program may cross in, nothing is lost and nothing given.
    let crossed = refresh(&first).await;
    assert_eq!((crossed.status, crossed.code().as_str()), (409, "conflict"));
    assert!(!crossed.text.contains("wsr_"));
    assert_eq!(refresh(&second).await.status, 200);
    for token in ["", "wsr_", "x", "wsr_ses_06ft3r5yx1v2k4m7q9s0t2w6z0_"] {
        let seen = refresh(&json!({"refresh_token": token})).await;
        assert_eq!((seen.status, seen.code().as_str()), (401, "invalid_token"), "{token}");
    }
    server.stop().await;
}

#[tokio::test]
async fn an_exchange_whose_answer_was_lost_is_answered_again_and_for_nobody_else() {
    let site = Site::new();
    let server = site.serve(&[]).await;
    let cookie = set_up(&site, &server).await.cookie();
    let first = pair(&server, &cookie).await["tokens"].clone();
    let refresh = async |token: &Value, attempt: &str| {
        let body = json!({"refresh_token": token["refresh_token"], "attempt": attempt});
        send(&server.url, "POST", "/api/auth/refresh", &[], Some(body)).await
    };
    let attempt = "a".repeat(43);
    for weak in ["", "a", &"a".repeat(42), &"a".repeat(65), &format!("{}é", "a".repeat(43))] {
        let seen = refresh(&first, weak).await;
        assert_eq!((seen.status, &seen.json()["error"]["fields"][0]["field"]), (400, &json!("attempt")));
    }
    let given = refresh(&first, &attempt).await.json();
    let again = refresh(&first, &attempt).await;
    assert_eq!((again.status, &again.json()["refresh_token"]), (200, &given["refresh_token"]));
    // Who has a copy of the old token alone gets nothing.
    assert_eq!(refresh(&first, &"b".repeat(43)).await.status, 409);
    let second = refresh(&given, &attempt).await;
    assert_eq!(second.status, 200);
    // Once the new one is exchanged in turn, the first is of no use with anything.
    assert_eq!(refresh(&first, &attempt).await.status, 401);
    assert_eq!(
        program(&server, text(&second.json(), "/access_token"), "GET", "/api/me", None).await.status,
        200
    );
    server.stop().await;
}

#[tokio::test]
async fn a_pairing_code_pairs_one_device_and_ends_with_the_session_that_asked_for_it() {
    let site = Site::new();
    let server = site.serve(&[]).await;
    let cookie = set_up(&site, &server).await.cookie();
    let ask = async || {
        browse(&server, &cookie, "POST", "/api/me/devices/pairing", Some(json!({"name": "Desk"})))
            .await
            .json()
    };
    let asked = ask().await;
    let base = server.url.replace(':', "%3A").replace('/', "%2F");
    let code = text(&asked, "/code").to_owned();
    assert_eq!(text(&asked, "/uri"), format!("waystation://pair?u={base}&c={code}&fp="));
    let mut racing = tokio::task::JoinSet::new();
    for _ in 0..10 {
        let (url, body) = (server.url.clone(), json!({"code": code, "device_name": "Laptop"}));
        racing.spawn(async move { send(&url, "POST", "/api/auth/pair", &[], Some(body)).await });
    }
    let ended = racing.join_all().await;
    assert_eq!(ended.iter().filter(|seen| seen.status == 200).count(), 1);
    assert!(ended.iter().all(|seen| seen.status == 200 || seen.code() == "invalid_link"));

    // By the server's command, with the fingerprint that is set.
    let command = ["admin", "pair", "--email", "owner@example.com", "--name", "Rack", "--json"];
    let fingerprint = format!("tls.fingerprint={}", "ab".repeat(32));
    let printed = site.run(&[&command[..], &["--set", &fingerprint]].concat()).await.stdout;
    let printed: Value = serde_json::from_str(&printed).unwrap();
    assert!(text(&printed, "/uri").ends_with("&fp=q6urq6urq6urq6urq6urq6urq6urq6urq6urq6urq6s"), "{printed}");
    let body = json!({"code": printed["code"]});
    let rack = send(&server.url, "POST", "/api/auth/pair", &[], Some(body)).await;
    assert_eq!(rack.status, 200, "{}", rack.text);
    let listed = browse(&server, &cookie, "GET", "/api/me/sessions", None).await.json();
    let names: Vec<_> = listed["items"].as_array().unwrap().iter().map(|item| item["name"].clone()).collect();
    assert_eq!(names, [json!("Rack"), json!("Laptop"), Value::Null]);

    let left = ask().await;
    browse(&server, &cookie, "POST", "/api/auth/logout", None).await;
    let seen = send(&server.url, "POST", "/api/auth/pair", &[], Some(json!({"code": left["code"]}))).await;
    assert_eq!((seen.status, seen.code().as_str()), (400, "invalid_link"));
    server.stop().await;
}

#[tokio::test]
async fn guesses_are_counted_by_where_they_really_come_from() {
    let site = Site::new();
    let server = site.serve(&[]).await;
    set_up(&site, &server).await;
    let mut statuses = Vec::new();
    for guess in 0..40 {
        let address = format!("203.0.113.{guess}");
        let forwarded = format!("for={address}");
        let headers = [
            ("x-forwarded-for", address.as_str()),
            ("x-real-ip", address.as_str()),
            ("cf-connecting-ip", address.as_str()),
            ("forwarded", forwarded.as_str()),
        ];
        let body = json!({"code": "a".repeat(43)});
        statuses.push(send(&server.url, "POST", "/api/auth/pair", &headers, Some(body)).await.status);
    }
    assert_eq!(statuses[..20], [400; 20]);
    assert!(statuses[20..].contains(&429), "{statuses:?}");
    server.stop().await;
}

#[tokio::test]
async fn an_ended_session_is_refused_by_every_instance_within_seconds() {
    let folder = std::env::temp_dir().join(format!("waystation-sessions-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let database = format!("sqlite:{}?mode=rwc", folder.join("site.db").display());
    let site = Site::new()
        .with_variable("WAYSTATION_DATABASE_URL", &database)
        .with_variable("WAYSTATION_MASTER_KEY", &"5a".repeat(32));
    let server = site.serve(&[]).await;
    let cookie = set_up(&site, &server).await.cookie();
    let device = pair(&server, &cookie).await;
    let token = text(&device, "/tokens/access_token");
    let other = site.serve(&["--data-dir", "other"]).await;
    assert_eq!(me(&other, &cookie).await, 200);
    assert_eq!(program(&other, token, "GET", "/api/me", None).await.status, 200);
    browse(&server, &cookie, "POST", "/api/me/sessions/revoke-others", None).await;
    browse(&server, &cookie, "POST", "/api/auth/logout", None).await;
    let ended_at = Instant::now();
    assert_eq!(me(&server, &cookie).await, 401);
    while me(&other, &cookie).await != 401
        || program(&other, token, "GET", "/api/me", None).await.status != 401
    {
        assert!(ended_at.elapsed() < Duration::from_secs(5));
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    other.stop().await;
    server.stop().await;
    std::fs::remove_dir_all(folder).unwrap();
}

#[tokio::test]
async fn who_needs_a_second_factor_and_has_none_can_only_set_one_up() {
    let site = Site::new().with_variable("WAYSTATION_AUTH_SECOND_FACTOR_ROLES", "owner, admin");
    let server = site.serve(&[]).await;
    let signed_in = set_up(&site, &server).await;
    assert_eq!(signed_in.json()["must_set_up_second_factor"], true);
    let cookie = signed_in.cookie();
    for (method, path) in [
        ("GET", "/api/me/keys"),
        ("POST", "/api/me/keys"),
        ("GET", "/api/admin/users"),
        ("POST", "/api/me/devices/pairing"),
        ("GET", "/api/me/sessions"),
    ] {
        let seen = browse(&server, &cookie, method, path, Some(json!({"name": "x"}))).await;
        assert_eq!((seen.status, seen.code().as_str()), (403, "forbidden"), "{path}");
        assert!(seen.text.contains("must_set_up_second_factor"), "{}", seen.text);
    }
    // Whoever can run commands at the server has proved more.
    let token = site.run(&["admin", "access-token", "--email", "owner@example.com"]).await;
    assert_eq!(program(&server, token.stdout.trim(), "GET", "/api/me/keys", None).await.status, 200);
    assert_eq!(browse(&server, &cookie, "POST", "/api/auth/logout", None).await.status, 204);
    server.stop().await;
}
