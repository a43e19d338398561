use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::world::Site;

#[tokio::test]
async fn a_server_is_alive_and_ready_and_stops_in_order() {
    let site = Site::new();
    let server = site.serve(&[]).await;
    for path in ["/healthz", "/readyz"] {
        assert_eq!(reqwest::get(format!("{}{path}", server.url)).await.unwrap().status(), 200, "{path}");
    }
    let address = server.url.strip_prefix("http://").unwrap().to_owned();
    assert_eq!(site.run(&["healthcheck", "--listen", &address]).await.stdout, "ready\n");
    server.stop().await;
    assert_eq!(site.run(&["healthcheck", "--listen", &address]).await.code, Some(3));
}

#[tokio::test]
async fn before_the_first_owner_only_setting_up_is_answered() {
    let site = Site::new();
    let server = site.serve(&[]).await;
    for path in ["/setup", "/api/setup", "/healthz", "/readyz", "/api/docs", "/api/openapi.json"] {
        assert_eq!(reqwest::get(format!("{}{path}", server.url)).await.unwrap().status(), 200, "{path}");
    }
    for path in ["/", "/app", "/console", "/api/me", "/v1/models", "/api/v1/models", "/v1/chat/completions"] {
        let answer = reqwest::get(format!("{}{path}", server.url)).await.unwrap();
        let status = answer.status();
        let body: serde_json::Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
        assert_eq!((status.as_u16(), &body["error"]["code"]), (503, &"setup_required".into()), "{path}");
    }
    server.stop().await;
}

#[tokio::test]
async fn what_is_not_there_is_told_in_the_form_of_its_side_with_the_requests_id() {
    let site = Site::new();
    let server = site.serve(&[]).await;
    let answer = reqwest::get(format!("{}/api/nothing", server.url)).await.unwrap();
    assert_eq!(answer.status(), 404);
    let id = answer.headers()["x-request-id"].to_str().unwrap().to_owned();
    let body: serde_json::Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
    assert_eq!(body["error"]["code"], "unknown_url");
    assert_eq!(body["error"]["request_id"], id.as_str());
    server.stop().await;
}

#[tokio::test]
async fn a_half_sent_request_does_not_hold_up_the_end() {
    let site = Site::new().with_variable("WAYSTATION_RELAY_DRAIN_MS", "200");
    let server = site.serve(&[]).await;
    let mut stream = TcpStream::connect(server.url.strip_prefix("http://").unwrap()).await.unwrap();
    stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: h\r\n").await.unwrap();
    server.terminate().await;
    let mut server = server;
    let ended = tokio::time::timeout(Duration::from_secs(10), server.wait()).await;
    assert!(ended.expect("the end comes soon").success());
    let mut rest = Vec::new();
    let _ = stream.read_to_end(&mut rest).await;
    assert!(rest.is_empty());
}
