use serde_json::json;

use crate::browser::{PASSWORD, browse, owner, send, set_up, setup_token};
use crate::world::Site;

#[tokio::test]
async fn of_a_hundred_who_set_up_at_once_one_becomes_the_owner() {
    let site = Site::new();
    let server = site.serve(&[]).await;
    assert_eq!(send(&server.url, "GET", "/api/setup", &[], None).await.json(), json!({"required": true}));
    let token = setup_token(&site.data_dir());
    let mut racing = tokio::task::JoinSet::new();
    for number in 0..100 {
        let (url, mut body) = (server.url.clone(), owner(&token));
        body["email"] = format!("owner{number}@example.com").into();
        racing.spawn(async move { send(&url, "POST", "/api/setup", &[], Some(body)).await });
    }
    let ended = racing.join_all().await;
    let made: Vec<_> = ended.iter().filter(|seen| seen.status == 200).collect();
    assert_eq!(made.len(), 1);
    // Too late for the owner, or for the token, which is gone.
    assert!(ended.iter().all(|seen| matches!(seen.status, 200 | 409 | 401 | 429)));
    let users = browse(&server, &made[0].cookie(), "GET", "/api/admin/users", None).await.json();
    assert_eq!(users["items"].as_array().unwrap().len(), 1, "{users}");
    assert_eq!(users["items"][0]["role"], "owner");
    assert!(!site.data_dir().join("setup-token").exists());
    assert_eq!(send(&server.url, "GET", "/api/setup", &[], None).await.json(), json!({"required": false}));
    server.stop().await;
}

#[tokio::test]
async fn wrong_tokens_make_nobody_and_do_not_keep_the_owner_out() {
    let site = Site::new();
    let server = site.serve(&[]).await;
    let token = setup_token(&site.data_dir());
    let mut racing = tokio::task::JoinSet::new();
    for number in 0..100 {
        let url = server.url.clone();
        let forwarded = format!("203.0.113.{number}");
        let wrong = if number % 2 == 0 { token[1..].to_owned() } else { "0".repeat(64) };
        racing.spawn(async move {
            send(&url, "POST", "/api/setup", &[("x-forwarded-for", &forwarded)], Some(owner(&wrong))).await
        });
    }
    let ended = racing.join_all().await;
    assert_eq!(ended.iter().filter(|seen| seen.status == 401).count(), 5);
    let told_to_wait: Vec<_> = ended.iter().filter(|seen| seen.status == 429).collect();
    assert_eq!(told_to_wait.len(), 95);
    assert!(told_to_wait.iter().all(|seen| !seen.header("retry-after").is_empty()));
    assert_eq!(send(&server.url, "GET", "/api/setup", &[], None).await.json(), json!({"required": true}));
    set_up(&site, &server).await;
    server.stop().await;
}

#[tokio::test]
async fn without_the_token_there_is_no_way_to_become_the_owner() {
    let site = Site::new();
    let server = site.serve(&[]).await;
    for (method, path) in [
        ("POST", "/api/auth/register"),
        ("POST", "/api/auth/login"),
        ("POST", "/api/admin/users"),
        ("POST", "/api/auth/pair"),
    ] {
        let body = json!({"email": "a@example.com", "password": PASSWORD, "role": "owner"});
        let seen = send(&server.url, method, path, &[], Some(body)).await;
        assert!(matches!(seen.status, 503 | 404), "{path}: {}", seen.status);
    }
    for body in [json!({}), json!({"token": ""}), owner(""), owner(" ")] {
        let seen = send(&server.url, "POST", "/api/setup", &[], Some(body)).await;
        assert!(matches!(seen.status, 400 | 401), "{}", seen.text);
    }
    assert_eq!(send(&server.url, "GET", "/api/setup", &[], None).await.json(), json!({"required": true}));
    server.stop().await;
}

#[tokio::test]
async fn a_weak_password_or_a_field_that_is_not_offered_is_refused() {
    let site = Site::new();
    let server = site.serve(&[]).await;
    let token = setup_token(&site.data_dir());
    for (name, value) in [("password", json!("short")), ("role", json!("owner")), ("email", json!("x"))] {
        let mut body = owner(&token);
        body[name] = value;
        let seen = send(&server.url, "POST", "/api/setup", &[], Some(body)).await;
        assert_eq!((seen.status, &seen.json()["error"]["fields"][0]["field"]), (400, &json!(name)));
    }
    set_up(&site, &server).await;
    server.stop().await;
}

#[tokio::test]
async fn the_token_is_new_at_each_start_lasts_an_hour_and_is_not_printed_into_a_pipe() {
    let site = Site::new();
    let mut server = site.serve(&[]).await;
    let first = setup_token(&site.data_dir());
    let printed = server.read_until("setup-token").await;
    assert!(printed.contains("/setup") && !printed.contains(&first), "{printed}");
    server.stop().await;
    let server = site.serve(&[]).await;
    let second = setup_token(&site.data_dir());
    assert_ne!(first, second);
    assert_eq!(send(&server.url, "POST", "/api/setup", &[], Some(owner(&first))).await.status, 401);

    let expired = format!("{second}\n2020-01-01T00:00:00.000Z\n");
    std::fs::write(site.data_dir().join("setup-token"), expired).unwrap();
    let seen = send(&server.url, "POST", "/api/setup", &[], Some(owner(&second))).await;
    assert_eq!((seen.status, seen.code().as_str()), (401, "invalid_credentials"));
    let third = site.run(&["setup-token"]).await.stdout.trim().to_owned();
    assert!(third != second && third == setup_token(&site.data_dir()));
    set_up(&site, &server).await;
    assert_eq!(site.run(&["setup-token"]).await.code, Some(1));
    server.stop().await;
}
