use serde_json::json;

use crate::browser::{browse, owner, send, set_up, setup_token};
use crate::world::Site;

#[tokio::test]
async fn a_site_answers_to_its_own_names_only() {
    let site = Site::new()
        .with_variable("WAYSTATION_PUBLIC_URL", "https://ai.example.com")
        .with_variable("WAYSTATION_HTTP_OTHER_HOSTS", "relay.lan");
    let server = site.serve(&[]).await;
    let ask = async |host: &str, path: &str| send(&server.url, "GET", path, &[("host", host)], None).await;
    for host in ["ai.example.com", "AI.EXAMPLE.COM:443", "relay.lan", "127.0.0.1:1", "localhost", "[::1]:80"]
    {
        assert_eq!(ask(host, "/api/setup").await.status, 200, "{host}");
    }
    for host in [
        "evil.example",
        "ai.example.com.evil.example",
        "ai.example.com.",
        "evil.example:443",
        "127.0.0.1.nip.io",
        "localhost.evil.example",
        "ai.example.com@evil.example",
    ] {
        for path in ["/", "/api/setup", "/api/me", "/api/openapi.json", "/setup", "/nothing"] {
            let seen = ask(host, path).await;
            assert_eq!((seen.status, seen.code().as_str()), (421, "misdirected_request"), "{host} {path}");
            assert!(!seen.text.contains("evil"), "{}", seen.text);
        }
        for path in ["/healthz", "/readyz", "/v1/models"] {
            assert_ne!(ask(host, path).await.status, 421, "{host} {path}");
        }
    }
    // What a proxy forwards is not asked.
    let forwarded = [("x-forwarded-host", "evil.example"), ("forwarded", "host=evil.example")];
    let token = setup_token(&site.data_dir());
    let headers = [forwarded[0], forwarded[1], ("host", "ai.example.com")];
    let signed_in = send(&server.url, "POST", "/api/setup", &headers, Some(owner(&token))).await;
    let cookie = signed_in.cookie();
    let headers = [forwarded[0], forwarded[1], ("origin", "https://ai.example.com"), ("cookie", &cookie)];
    let body = Some(json!({"name": "Desk"}));
    let paired = send(&server.url, "POST", "/api/me/devices/pairing", &headers, body).await;
    assert!(paired.text.contains("ai.example.com") && !paired.text.contains("evil"), "{}", paired.text);
    server.stop().await;
}

#[tokio::test]
async fn a_public_address_that_is_none_is_refused_at_the_start() {
    let site = Site::new();
    for url in ["ai.example.com", "ftp://ai.example.com", "https://ai.example.com/?a=b"] {
        let ended = site.run(&["serve", "--set", &format!("public_url={url}")]).await;
        assert_eq!(ended.code, Some(1), "{url}");
        assert!(ended.stderr.contains("public_url"), "{}", ended.stderr);
    }
}

#[tokio::test]
async fn another_sites_page_changes_nothing_and_reads_nothing() {
    let site = Site::new();
    let server = site.serve(&[]).await;
    let cookie = set_up(&site, &server).await.cookie();
    let body = || Some(json!({"name": "x"}));
    let port = server.url.rsplit(':').next().unwrap();
    let strangers = [
        "null".to_owned(),
        String::new(),
        "https://evil.example".to_owned(),
        format!("http://localhost:{port}"),
        format!("http://127.0.0.1.evil.example:{port}"),
        format!("{}.evil.example", server.url),
        format!("{}@evil.example", server.url),
        format!("{}1", server.url),
        "http://127.0.0.1".to_owned(),
        "file://".to_owned(),
        "chrome-extension://abcdef".to_owned(),
        format!("{} {}", server.url, server.url),
    ];
    for origin in &strangers {
        for method in ["POST", "PUT", "PATCH", "DELETE"] {
            let headers = [("origin", origin.as_str()), ("cookie", cookie.as_str())];
            let seen = send(&server.url, method, "/api/me/keys", &headers, body()).await;
            assert_eq!((seen.status, seen.code().as_str()), (403, "forbidden"), "{method} by {origin:?}");
            assert!(!seen.headers.keys().any(|name| name.as_str().starts_with("access-control")));
        }
        // Nor may it sign anybody in.
        let headers = [("origin", origin.as_str())];
        let seen = send(&server.url, "POST", "/api/auth/pair", &headers, Some(json!({"code": "x"}))).await;
        assert_eq!(seen.status, 403, "{origin:?}");
        for (method, path) in [("OPTIONS", "/api/me/keys"), ("GET", "/api/me"), ("GET", "/api/setup")] {
            let headers = [
                ("origin", origin.as_str()),
                ("cookie", cookie.as_str()),
                ("access-control-request-method", "POST"),
                ("access-control-request-headers", "content-type"),
            ];
            let seen = send(&server.url, method, path, &headers, None).await;
            let allowing = seen.headers.keys().find(|name| name.as_str().starts_with("access-control"));
            assert_eq!(allowing, None, "{method} {path} by {origin:?}");
        }
    }
    // Without an origin a browser says where the page is from; a program that sends a cookie says nothing.
    let by_page = |site: &'static str| {
        let (url, cookie) = (server.url.clone(), cookie.clone());
        async move {
            let headers = [("cookie", cookie.as_str()), ("sec-fetch-site", site)];
            send(&url, "POST", "/api/me/keys", &headers, body()).await.status
        }
    };
    for site in ["cross-site", "same-site", "none"] {
        assert_eq!(by_page(site).await, 403, "{site}");
    }
    let silent = send(&server.url, "POST", "/api/me/keys", &[("cookie", cookie.as_str())], body()).await;
    assert_eq!(silent.status, 403);
    let twice = [("cookie", cookie.as_str()), ("origin", &server.url), ("origin", &server.url)];
    assert_eq!(send(&server.url, "POST", "/api/me/keys", &twice, body()).await.status, 403);
    let keys = browse(&server, &cookie, "GET", "/api/me/keys", None).await.json();
    assert_eq!(keys["items"].as_array().unwrap().len(), 1, "{keys}");
    assert_eq!(by_page("same-origin").await, 201);
    assert_eq!(browse(&server, &cookie, "POST", "/api/me/keys", body()).await.status, 201);
    server.stop().await;
}

#[tokio::test]
async fn behind_a_public_address_its_origin_is_the_only_one() {
    let site = Site::new().with_variable("WAYSTATION_PUBLIC_URL", "https://ai.example.com");
    let server = site.serve(&[]).await;
    let status = async |host: &str, origin: &str| {
        let headers = [("host", host), ("origin", origin)];
        send(&server.url, "POST", "/api/setup", &headers, Some(json!({"token": "x"}))).await.status
    };
    // 400: the guard has let it through to where the body is read.
    assert_eq!(status("ai.example.com", "https://ai.example.com").await, 400);
    // A proxy in front may name this machine instead.
    assert_eq!(status("127.0.0.1:8787", "https://ai.example.com").await, 400);
    for origin in ["http://ai.example.com", "https://ai.example.com:444", "https://evil.example", "null"] {
        assert_eq!(status("ai.example.com", origin).await, 403, "{origin}");
    }
    server.stop().await;
}

#[tokio::test]
async fn every_answer_but_the_relays_carries_the_headers_that_browsers_heed() {
    let site = Site::new().with_variable("WAYSTATION_PUBLIC_URL", "https://ai.example.com");
    let server = site.serve(&[]).await;
    for path in [
        "/",
        "/setup",
        "/mark.svg",
        "/assets/x.js",
        "/api/setup",
        "/api/me",
        "/api/docs",
        "/nothing",
        "/healthz",
    ] {
        let seen = send(&server.url, "GET", path, &[], None).await;
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("referrer-policy", "same-origin"),
            ("cross-origin-opener-policy", "same-origin"),
            ("strict-transport-security", "max-age=31536000"),
        ] {
            assert_eq!(seen.header(name), value, "{path}");
        }
        let policy = seen.header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'"), "{path}: {policy}");
        assert!(policy.contains("frame-ancestors 'none'"), "{path}: {policy}");
        assert!(
            !policy.contains("script-src 'unsafe") && !policy.contains("unsafe-eval"),
            "{path}: {policy}"
        );
        assert!(!seen.header("permissions-policy").is_empty(), "{path}");
        assert_eq!(seen.header("cache-control") == "no-store", path.starts_with("/api"));
    }
    let relay = send(&server.url, "GET", "/v1/models", &[], None).await;
    assert_eq!(relay.header("content-security-policy"), "");
    server.stop().await;
}
