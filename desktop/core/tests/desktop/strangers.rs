//! Servers that are no Waystation, or mean harm.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::Mutex;
use waystation_desktop::calls::{Call, CallError, Gateway};
use waystation_desktop::connections::{Connection, SiteAddress};
use waystation_desktop::secrets::Credential;

use crate::calls::get;
use crate::drawer::Drawer;
use crate::site::connection;

const TOKENS: &str =
    r#"{"access_token":"acc-CANARY","expires_at":"2099-01-01T00:00:00.000Z","refresh_token":"wsr_CANARY2"}"#;

/// Answers every request with what `reply` makes of it, and keeps what it was sent.
struct Stranger {
    url: String,
    seen: Arc<Mutex<Vec<String>>>,
}

impl Stranger {
    async fn start(reply: fn(&str) -> String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let seen = Arc::new(Mutex::new(Vec::new()));
        let kept = seen.clone();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut bytes = vec![0; 64 * 1024];
                let length = stream.read(&mut bytes).await.unwrap_or(0);
                let request = String::from_utf8_lossy(&bytes[..length]).into_owned();
                kept.lock().await.push(request.clone());
                let _ = stream.write_all(reply(&request).as_bytes()).await;
                // Leaving before all was read would cut the answer off.
                let _ = stream.shutdown().await;
                while stream.read(&mut bytes).await.is_ok_and(|length| length > 0) {}
            }
        });
        Stranger { url, seen }
    }

    fn known(&self) -> (Connection, SiteAddress, Gateway) {
        let (connection, drawer) = (connection(&self.url), Drawer::new());
        Credential::new(&connection, "wsr_CANARY1".to_owned()).save(drawer.as_ref(), connection.id).unwrap();
        (connection, self.url.parse().unwrap(), Gateway::new(Some(drawer)))
    }
}

fn http(head: &str, body: &str) -> String {
    format!("HTTP/1.1 {head}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len())
}

fn is_refresh(request: &str) -> bool {
    request.starts_with("POST /api/auth/refresh ")
}

#[tokio::test]
async fn a_site_that_echoes_the_token_gets_its_answer_withheld() {
    let stranger = Stranger::start(|request| match is_refresh(request) {
        true => http("200 OK\r\ncontent-type: application/json", TOKENS),
        false => http("500 X\r\ncontent-type: application/json", &format!("{{\"echo\":{request:?}}}")),
    })
    .await;
    let (connection, base, gateway) = stranger.known();
    let error = get(&gateway, &connection, &base, "/api/me").await.unwrap_err();
    assert!(matches!(error, CallError::Answer));
    assert!(!format!("{error:?} {error}").contains("CANARY"));
    assert!(stranger.seen.lock().await[1].contains("acc-CANARY"));
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_is_not_followed() {
    let elsewhere = Stranger::start(|_| http("200 OK", "{}")).await;
    static ELSEWHERE: std::sync::OnceLock<String> = std::sync::OnceLock::new();
    ELSEWHERE.set(elsewhere.url.clone()).unwrap();
    let stranger = Stranger::start(|request| match is_refresh(request) {
        true => http("200 OK", TOKENS),
        false => http(&format!("307 Elsewhere\r\nlocation: {}/api/me", ELSEWHERE.get().unwrap()), ""),
    })
    .await;
    let (connection, base, gateway) = stranger.known();
    let answer = get(&gateway, &connection, &base, "/api/me").await.unwrap();
    assert_eq!((answer.status, answer.headers.get("location")), (307, None));
    assert!(elsewhere.seen.lock().await.is_empty());
}

#[tokio::test]
async fn an_answer_without_end_or_that_is_no_text_is_refused() {
    let large = Stranger::start(|request| match is_refresh(request) {
        true => http("200 OK", TOKENS),
        false => http("200 OK", &"x".repeat(17 * 1024 * 1024)),
    })
    .await;
    let (connection, base, gateway) = large.known();
    let error = get(&gateway, &connection, &base, "/api/me").await.unwrap_err();
    assert_eq!(error.code(), "answer_too_large");
    let page = Stranger::start(|_| http("200 OK\r\ncontent-type: text/html", "<h1>Hotel network</h1>")).await;
    let (connection, base, gateway) = page.known();
    assert_eq!(get(&gateway, &connection, &base, "/api/me").await.unwrap_err().code(), "unreadable_answer");
}

#[tokio::test]
async fn a_site_that_is_gone_is_told_apart_from_one_that_refuses() {
    let stranger = Stranger::start(|_| http("503 X", "")).await;
    let (connection, base, gateway) = stranger.known();
    assert_eq!(get(&gateway, &connection, &base, "/api/me").await.unwrap_err().code(), "unreadable_answer");
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let gone: SiteAddress = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
    drop(listener);
    assert_eq!(get(&gateway, &connection, &gone, "/api/me").await.unwrap_err().code(), "no_connection");
}

#[tokio::test]
async fn what_the_window_may_not_ask_for_never_leaves() {
    let stranger = Stranger::start(|_| http("200 OK", TOKENS)).await;
    let (connection, base, gateway) = stranger.known();
    for (method, path) in [
        ("GET", "https://evil.example/api/me"),
        ("GET", "//evil.example/api/me"),
        ("GET", "/api/me/../auth/refresh"),
        ("POST", "/api/auth/login"),
        ("POST", "/api/auth/refresh"),
        ("GET", "/v1/models"),
        ("TRACE", "/api/me"),
    ] {
        let call = Call {
            connection: connection.id,
            method: method.to_owned(),
            path: path.to_owned(),
            query: Vec::new(),
            headers: BTreeMap::new(),
            body: None,
        };
        let error = gateway.call(&connection, &base, call).await.unwrap_err();
        assert_eq!(error.code(), "unknown_operation", "{method} {path}");
    }
    assert!(stranger.seen.lock().await.is_empty());
}

#[tokio::test]
async fn what_the_app_itself_asks_goes_on_after_its_token_has_run_out() {
    // As after a night's sleep: the site counted it, and this computer did not.
    static REFUSED: std::sync::atomic::AtomicBool = std::sync::atomic::AtomicBool::new(false);
    let stranger = Stranger::start(|request| match is_refresh(request) {
        true => http("200 OK", TOKENS),
        false if !REFUSED.swap(true, std::sync::atomic::Ordering::SeqCst) => http(
            "401 X",
            r#"{"error":{"code":"invalid_token","message":"It has run out.","request_id":"req_1","details":[]}}"#,
        ),
        false => http("204 Y", ""),
    })
    .await;
    let (connection, base, gateway) = stranger.known();
    let asked = gateway.ask(&connection, &base, |client| async move { client.sign_out().await }).await;
    assert!(asked.is_ok(), "{asked:?}");
    let seen = stranger.seen.lock().await;
    let kinds: Vec<bool> = seen.iter().map(|request| is_refresh(request)).collect();
    assert_eq!(kinds, [true, false, true, false]);
}

#[tokio::test]
async fn a_secret_that_is_forgotten_while_it_is_exchanged_does_not_come_back() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base: SiteAddress = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
    let (connection, drawer) = (connection(base.as_str()), Drawer::new());
    Credential::new(&connection, "wsr_CANARY1".to_owned()).save(drawer.as_ref(), connection.id).unwrap();
    let gateway = Arc::new(Gateway::new(Some(drawer.clone())));
    let calling = tokio::spawn({
        let (gateway, connection, base) = (gateway.clone(), connection.clone(), base.clone());
        async move { get(&gateway, &connection, &base, "/api/me").await }
    });
    // The exchange has been asked for and is not answered yet.
    let (mut stream, _) = listener.accept().await.unwrap();
    assert!(stream.read(&mut [0; 4096]).await.unwrap() > 0);
    let forgetting = tokio::spawn({
        let (gateway, id) = (gateway.clone(), connection.id);
        async move { gateway.forget_secret(id).await }
    });
    tokio::task::yield_now().await;
    stream.write_all(http("200 OK", TOKENS).as_bytes()).await.unwrap();
    stream.shutdown().await.unwrap();
    forgetting.await.unwrap().unwrap();
    drop(listener);
    assert!(calling.await.unwrap().is_err());
    assert_eq!(drawer.text(connection.id), "");
}

#[tokio::test]
async fn an_exchange_that_is_answered_without_end_is_given_up() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base: SiteAddress = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
    let (connection, drawer) = (connection(base.as_str()), Drawer::new());
    Credential::new(&connection, "wsr_CANARY1".to_owned()).save(drawer.as_ref(), connection.id).unwrap();
    let gateway = Gateway::new(Some(drawer));
    let flooding = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        assert!(stream.read(&mut [0; 4096]).await.unwrap() > 0);
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 1099511627776\r\n\r\n").await.unwrap();
        let spaces = vec![b' '; 64 * 1024];
        let mut sent = 0;
        while stream.write_all(&spaces).await.is_ok() {
            sent += spaces.len();
        }
        sent
    });
    let error = get(&gateway, &connection, &base, "/api/me").await.unwrap_err();
    assert_eq!(error.code(), "unreadable_answer");
    assert!(flooding.await.unwrap() < 64 * 1024 * 1024);
}

#[tokio::test]
async fn the_name_of_this_machine_needs_no_name_server() {
    let stranger = Stranger::start(|request| match is_refresh(request) {
        true => http("200 OK", TOKENS),
        false => http("200 OK", "{}"),
    })
    .await;
    let (_, base, _) = stranger.known();
    let named: SiteAddress = format!("http://localhost:{}", base.port()).parse().unwrap();
    let (connection, drawer) = (connection(named.as_str()), Drawer::new());
    Credential::new(&connection, "wsr_CANARY1".to_owned()).save(drawer.as_ref(), connection.id).unwrap();
    let gateway = Gateway::new(Some(drawer));
    assert_eq!(get(&gateway, &connection, &named, "/api/me").await.unwrap().status, 200);
}
